import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { buildDirectory } from "../../src/kit/buildFiles.ts";
import type { Contract } from "../../src/protocols/contract.ts";
import { services } from "../../src/services/index.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { draftOf, textsOf } from "./operations.ts";
import { send } from "./raw.ts";
import { signed } from "./sign.ts";

/** What is not built says so, in the wire's own form, to whoever may sign; and the lists only shrink. */

/** How many operations each service may still lack. Lower a number when its list has become shorter; never raise one. */
const atMost: Record<string, number> = {
  iam: 0,
  sts: 0,
  kms: 6,
  cloudtrail: 22,
  cloudkeep: 0,
  organizations: 12,
  s3: 16,
  sqs: 0,
  sns: 0,
  events: 0,
  scheduler: 0,
  logs: 16,
  cloudwatch: 4,
  kinesis: 0,
  dynamodb: 0,
  dynamodbstreams: 0,
  lambda: 17,
  firehose: 0,
  "cognito-identity": 0,
  "cognito-idp": 0,
};

/** On AWS only the host tells them from another operation: directory buckets have endpoints of their own. */
const sharesItsRequest = new Set(["ListDirectoryBuckets"]);

const lists = await Promise.all(
  Object.entries(services).map(async ([service, { load }]) => {
    const { missing } = (await load()).default;
    const contract = JSON.parse(
      readFileSync(`${buildDirectory}/contracts/${service}.json`, "utf8"),
    ) as Contract;
    return { service, missing, contract };
  }),
);

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

describe("what is missing", () => {
  it.each(lists)("of $service has not grown", ({ service, missing }) => {
    expect(missing.length).toBeLessThanOrEqual(atMost[service] ?? 0);
  });

  it.each(lists.filter(({ missing }) => missing.length > 0))(
    "of $service answers 501",
    async ({ service, missing, contract }) => {
      const texts = textsOf(cloudkeep.accountId, "alias/example");
      for (const operation of missing) {
        if (contract.operations[operation]?.unsigned || sharesItsRequest.has(operation)) continue;
        const options = {
          credentials: cloudkeep.credentials,
          service: contract.signingName,
          host: `127.0.0.1:${cloudkeep.port}`,
        };
        const draft = draftOf({ contract, operation }, texts);
        const answer = await send(cloudkeep.port, signed("header", draft, options));
        expect([operation, answer.status]).toEqual([operation, 501]);
        if (draft.method !== "HEAD")
          expect(answer.body).toContain(`Cloudkeep does not build ${service}:${operation}`);
      }
    },
  );

  it("of AWS, a whole service, answers 501, too", async () => {
    const options = {
      credentials: cloudkeep.credentials,
      service: "glacier",
      host: `127.0.0.1:${cloudkeep.port}`,
    };
    const draft = { method: "GET", path: "/-/vaults", query: "", headers: {}, body: "" };
    const answer = await send(cloudkeep.port, signed("header", draft, options));
    expect(answer.status).toBe(501);
    expect(answer.body).toContain("does not offer the service");
  });
});
