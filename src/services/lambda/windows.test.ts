import { Kinesis } from "@aws-sdk/client-kinesis";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { lambdaClient, lambdaRole, logged, makeFunction } from "./testing.ts";

/** Tumbling windows of a Kinesis stream; what a function got, its log tells. */

let cloudkeep: Cloudkeep;
let role: string;
let kinesis: Kinesis;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  cloudkeep = await startForTest();
  const options = optionsOf(cloudkeep, cloudkeep.credentials);
  kinesis = new Kinesis({ ...options, requestHandler: new NodeHttpHandler() });
  role = await lambdaRole(cloudkeep, "role", { Action: ["logs:*", "kinesis:*"], Resource: "*" });
});
afterAll(() => cloudkeep.stop());

/** Sums what it gets; of the value "bad" it says no state. */
const summing = `export const handler = async (event) => {
  const values = event.Records.map((r) => JSON.parse(Buffer.from(r.kinesis.data, "base64").toString()));
  const total = values.reduce((sum, one) => sum + (one.n ?? 0), event.state.total ?? 0);
  const { window, isFinalInvokeForWindow: final, isWindowTerminatedEarly: early } = event;
  const seconds = (Date.parse(window.end) - Date.parse(window.start)) / 1000;
  console.log("BATCH " + JSON.stringify({ total, count: values.length, final, early, seconds }));
  if (values.some((one) => one.stateless)) return {};
  return { state: { total, ...(values.some((one) => one.large) && { text: "x".repeat(1_100_000) }) } };
};`;

async function mapped(name: string, more: object = {}): Promise<void> {
  await kinesis.createStream({ StreamName: name, ShardCount: 1 });
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamName: name });
  await makeFunction(lambda(), name, role, summing);
  const made = await lambda().createEventSourceMapping({
    FunctionName: name,
    EventSourceArn: StreamDescriptionSummary?.StreamARN,
    StartingPosition: "TRIM_HORIZON",
    BatchSize: 2,
    TumblingWindowInSeconds: 900,
    ...more,
  });
  expect(made.TumblingWindowInSeconds).toBe(900);
}

const put = (StreamName: string, ...values: object[]) =>
  kinesis.putRecords({
    StreamName,
    Records: values.map((value) => ({ Data: Buffer.from(JSON.stringify(value)), PartitionKey: "key" })),
  });

const told = (name: string) => logged(clients(cloudkeep, cloudkeep.credentials).logs, name);
const patience = { timeout: 30_000 };
const usual = { final: false, early: false, seconds: 900 };

it("a window's state goes from one invocation to the next, and ends with the window", async () => {
  await mapped("summing");
  await put("summing", { n: 1 }, { n: 2 }, { n: 3 });
  await expect.poll(() => told("summing"), patience).toHaveLength(2);
  await cloudkeep.clock.advance(900_000);
  await expect.poll(() => told("summing"), patience).toHaveLength(3);
  await put("summing", { n: 10 });
  await expect
    .poll(() => told("summing"), patience)
    .toEqual([
      { ...usual, total: 3, count: 2 },
      { ...usual, total: 6, count: 1 },
      { ...usual, total: 6, count: 0, final: true },
      { ...usual, total: 10, count: 1 },
    ]);
}, 60_000);

it("an answer without a state is a failure; a state that is too large ends the window early", async () => {
  await mapped("failing", { MaximumRetryAttempts: 0 });
  await put("failing", { n: 1, stateless: true });
  await expect.poll(() => told("failing"), patience).toHaveLength(1);
  await put("failing", { n: 5, large: true });
  await expect
    .poll(() => told("failing"), patience)
    .toEqual([
      { ...usual, total: 1, count: 1 },
      { ...usual, total: 5, count: 1 },
      { ...usual, total: 5, count: 0, final: true, early: true },
    ]);
}, 60_000);

it("queues have no windows", async () => {
  const EventSourceArn = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:queue`;
  const create = { FunctionName: "summing", EventSourceArn, TumblingWindowInSeconds: 60 };
  expect((await errorOf(lambda().createEventSourceMapping(create))).name).toBe(
    "InvalidParameterValueException",
  );
});
