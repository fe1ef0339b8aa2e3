import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { invoke, lambdaClient, lambdaRole, makeFunction } from "./testing.ts";

let cloudkeep: Cloudkeep;
let role: string;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  cloudkeep = await startForTest();
  role = await lambdaRole(cloudkeep, "echo");
});
afterAll(() => cloudkeep.stop());

const echo = "export const handler = async (event) => { console.log('got', event); return event; };";

describe("a function", () => {
  it("answers with what it returns, and logs as its role", async () => {
    await makeFunction(lambda(), "echo", role, echo);
    const answer = await invoke(lambda(), "echo", { hello: "world" });
    expect(answer).toMatchObject({ status: 200, error: undefined, value: { hello: "world" } });
    expect(answer.log).toContain("got { hello: 'world' }");
    const { logs } = clients(cloudkeep, cloudkeep.credentials);
    const lines = async () => {
      const answer = await logs.filterLogEvents({ logGroupName: "/aws/lambda/echo" }).catch(() => undefined);
      return (answer?.events ?? []).map(({ message }) => message ?? "");
    };
    await expect
      .poll(lines)
      .toEqual([
        expect.stringMatching(/^INIT_START Runtime Version: nodejs:20\.v1\t/),
        expect.stringMatching(/^START RequestId: \S+ Version: \$LATEST\n$/),
        expect.stringMatching(/\tINFO\tgot \{ hello: 'world' \}\n$/),
        expect.stringMatching(/^END RequestId: /),
        expect.stringMatching(/^REPORT RequestId: \S+\tDuration: [\d.]+ ms\t.*Init Duration: /),
      ]);
  });
});
