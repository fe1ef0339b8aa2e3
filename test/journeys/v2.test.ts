import { afterAll, beforeAll, expect, it } from "vitest";
import { playV2 } from "../../src/cli/demo/v2.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";

/** Logs flow through Firehose, a function enriches them from DynamoDB, and they land in S3. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

it("the demonstration plays to its end", async () => {
  const { endpoint, accountId: account, credentials } = cloudkeep;
  const said: string[] = [];
  await playV2({ aws: { endpoint, account, credentials }, say: (text) => void said.push(text) });
  const landed = said.find((text) => text.includes("holds, encrypted under"));
  expect(landed).toContain('{"order":1,"customer":"c1","name":"Example Corp"}');
  expect(said.find((text) => text.startsWith("What could not be transformed"))).toContain(
    "processing-failed/",
  );
  expect(said.find((text) => text.includes("cloudkeep explain"))).toMatch(/explain [0-9a-f-]{36}/);
  expect(said.at(-1)).toContain("all is well");
}, 60_000);
