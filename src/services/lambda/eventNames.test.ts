import { CloudTrail } from "@aws-sdk/client-cloudtrail";
import { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, expect, it } from "vitest";
import contract from "../../../build/contracts/lambda.json" with { type: "json" };
import s3Contract from "../../../build/contracts/s3.json" with { type: "json" };
import { optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { eventNames as s3EventNames } from "../s3/eventNames.ts";
import { eventNames } from "./eventNames.ts";

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

it("calls operations in the record as AWS does", async () => {
  const options = optionsOf(cloudkeep, cloudkeep.credentials);
  const lambda = new Lambda(options);
  const s3 = new S3({ ...options, forcePathStyle: true });
  await lambda.getAccountSettings({});
  await lambda.getFunction({ FunctionName: "absent" }).catch(() => undefined);
  await lambda.getFunctionUrlConfig({ FunctionName: "absent" }).catch(() => undefined);
  await s3.createBucket({ Bucket: "guarded" });
  await s3.deletePublicAccessBlock({ Bucket: "guarded" });
  const { Events = [] } = await new CloudTrail(options).lookupEvents({});
  expect(Events.map(({ EventName }) => EventName)).toEqual([
    "DeleteBucketPublicAccessBlock",
    "CreateBucket",
    "GetFunctionUrlConfig",
    "GetFunction20150331v2",
    "GetAccountSettings20160819",
  ]);
});

it.each([
  ["lambda", contract, eventNames],
  ["s3", s3Contract, s3EventNames],
])("renames only operations that %s has", (_service, { operations }, names) => {
  for (const name of Object.keys(names)) expect(operations).toHaveProperty(name);
});
