import { Kinesis } from "@aws-sdk/client-kinesis";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { lambdaClient, lambdaRole, logged, makeFunction } from "./testing.ts";

/** Kinesis' streams as event sources; what a function got of them, its log tells. */

let cloudkeep: Cloudkeep;
let role: string;
let aws: ReturnType<typeof clients>;
let kinesis: Kinesis;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  cloudkeep = await startForTest();
  aws = clients(cloudkeep, cloudkeep.credentials);
  kinesis = new Kinesis({
    ...optionsOf(cloudkeep, cloudkeep.credentials),
    requestHandler: new NodeHttpHandler(),
  });
  role = await lambdaRole(cloudkeep, "role", { Action: ["logs:*", "kinesis:*", "sqs:*"], Resource: "*" });
});
afterAll(() => cloudkeep.stop());

async function stream(StreamName: string): Promise<string> {
  await kinesis.createStream({ StreamName, ShardCount: 1 });
  await expect
    .poll(
      async () =>
        (await kinesis.describeStreamSummary({ StreamName })).StreamDescriptionSummary?.StreamStatus,
    )
    .toBe("ACTIVE");
  const { StreamDescriptionSummary } = await kinesis.describeStreamSummary({ StreamName });
  return StreamDescriptionSummary?.StreamARN ?? "";
}

const put = (StreamName: string, ...values: unknown[]) =>
  kinesis.putRecords({
    StreamName,
    Records: values.map((value) => ({ Data: Buffer.from(JSON.stringify(value)), PartitionKey: "key" })),
  });

const telling = `
const valueOf = (r) => JSON.parse(Buffer.from(r.kinesis.data, "base64").toString());
export const handler = async ({ Records }) => {
  const values = Records.map(valueOf);
  console.log("BATCH " + JSON.stringify(values));
  if (values.some((v) => v.fail === "all")) throw new Error("intended");
  const bad = Records.find((r) => valueOf(r).fail === "one");
  return { batchItemFailures: bad ? [{ itemIdentifier: bad.kinesis.sequenceNumber }] : [] };
};`;

async function queueArn(QueueName: string): Promise<{ url: string; arn: string }> {
  const { QueueUrl: url = "" } = await aws.sqs.send(new CreateQueueCommand({ QueueName }));
  const { Attributes } = await aws.sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ["QueueArn"] }),
  );
  return { url, arn: Attributes?.QueueArn ?? "" };
}

describe("a stream as event source", () => {
  it("hands its records over, in order, with filters", async () => {
    const EventSourceArn = await stream("plain");
    await makeFunction(lambda(), "plain", role, telling);
    await put("plain", { n: 1 }, { n: 2, skip: true }, { n: 3 });
    const mapping = await lambda().createEventSourceMapping({
      FunctionName: "plain",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      FilterCriteria: { Filters: [{ Pattern: JSON.stringify({ data: { skip: [{ exists: false }] } }) }] },
    });
    expect(mapping).toMatchObject({
      BatchSize: 100,
      StartingPosition: "TRIM_HORIZON",
      LastProcessingResult: "No records processed",
      StateTransitionReason: "User action",
    });
    await expect.poll(() => logged(aws.logs, "plain")).toEqual([[{ n: 1 }, { n: 3 }]]);
    const shown = async () =>
      (await lambda().getEventSourceMapping({ UUID: mapping.UUID ?? "" })).LastProcessingResult;
    await expect.poll(shown).toBe("OK");
    await put("plain", { n: 4 });
    await expect.poll(() => logged(aws.logs, "plain")).toEqual([[{ n: 1 }, { n: 3 }], [{ n: 4 }]]);
    await lambda().deleteEventSourceMapping({ UUID: mapping.UUID ?? "" });
  });

  it("is tried again from the record that failed, and goes on behind it in the end", async () => {
    const EventSourceArn = await stream("partial");
    const letters = await queueArn("partial-letters");
    await makeFunction(lambda(), "partial", role, telling);
    await put("partial", { n: 1 }, { n: 2, fail: "one" }, { n: 3 });
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "partial",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      MaximumRetryAttempts: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      DestinationConfig: { OnFailure: { Destination: letters.arn } },
    });
    const { Messages } = await aws.sqs.send(
      new ReceiveMessageCommand({ QueueUrl: letters.url, WaitTimeSeconds: 10 }),
    );
    expect(JSON.parse(Messages?.[0]?.Body ?? "null")).toMatchObject({
      requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 2 },
      responseContext: { statusCode: 200, functionError: null },
      version: "1.0",
      KinesisBatchInfo: { shardId: "shardId-000000000000", batchSize: 2, streamArn: EventSourceArn },
    });
    await expect
      .poll(() => logged(aws.logs, "partial"))
      .toEqual([
        [{ n: 1 }, { n: 2, fail: "one" }, { n: 3 }],
        [{ n: 2, fail: "one" }, { n: 3 }],
      ]);
    await lambda().deleteEventSourceMapping({ UUID });
  });

  it("is halved until the record that fails is alone", async () => {
    const EventSourceArn = await stream("halved");
    await makeFunction(lambda(), "halved", role, telling);
    await put("halved", { n: 1 }, { n: 2 }, { n: 3, fail: "all" });
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "halved",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      MaximumRetryAttempts: 0,
      BisectBatchOnFunctionError: true,
    });
    await expect
      .poll(() => logged(aws.logs, "halved"))
      .toEqual([[{ n: 1 }, { n: 2 }, { n: 3, fail: "all" }], [{ n: 1 }, { n: 2 }], [{ n: 3, fail: "all" }]]);
    await lambda().deleteEventSourceMapping({ UUID });
  });

  it("is taken from where it was, by a mapping that was switched off meanwhile", async () => {
    const EventSourceArn = await stream("resumed");
    await makeFunction(lambda(), "resumed", role, telling);
    await put("resumed", { n: 1 });
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "resumed",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
    });
    await expect.poll(() => logged(aws.logs, "resumed")).toEqual([[{ n: 1 }]]);
    const shown = async () => (await lambda().getEventSourceMapping({ UUID })).LastProcessingResult;
    await expect.poll(shown).toBe("OK");
    expect((await lambda().updateEventSourceMapping({ UUID, Enabled: false })).State).toBe("Disabling");
    await put("resumed", { n: 2 });
    await lambda().updateEventSourceMapping({ UUID, Enabled: true });
    await expect.poll(() => logged(aws.logs, "resumed")).toEqual([[{ n: 1 }], [{ n: 2 }]]);
    await lambda().deleteEventSourceMapping({ UUID });
  });

  it("must be there, and be readable by the function's role", async () => {
    const EventSourceArn = `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/absent`;
    const make = (FunctionName: string, arn: string) =>
      errorOf(
        lambda().createEventSourceMapping({ FunctionName, EventSourceArn: arn, StartingPosition: "LATEST" }),
      );
    expect((await make("plain", EventSourceArn)).message).toBe(`Stream not found: ${EventSourceArn}`);
    const poor = await lambdaRole(cloudkeep, "poor");
    await makeFunction(lambda(), "poor", poor, telling);
    expect((await make("poor", await stream("closed"))).message).toContain(
      "does not have permissions to call",
    );
  });
});
