import type { DynamoDB } from "@aws-sdk/client-dynamodb";
import { CreateQueueCommand, GetQueueAttributesCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { dynamoClients, newTable } from "../dynamodb/testing.ts";
import { lambdaClient, lambdaRole, logged, makeFunction } from "./testing.ts";

/** DynamoDB's streams as event sources; what a function got of them, its log tells. */

let cloudkeep: Cloudkeep;
let role: string;
let aws: ReturnType<typeof clients>;
let dynamodb: DynamoDB;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  cloudkeep = await startForTest();
  aws = clients(cloudkeep, cloudkeep.credentials);
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
  role = await lambdaRole(cloudkeep, "role", { Action: ["logs:*", "dynamodb:*", "sqs:*"], Resource: "*" });
});
afterAll(() => cloudkeep.stop());

async function streamedTable(): Promise<{ table: string; EventSourceArn: string }> {
  const table = await newTable(dynamodb, {
    types: { p: "S" },
    StreamSpecification: { StreamEnabled: true, StreamViewType: "NEW_AND_OLD_IMAGES" },
  });
  const { Table } = await dynamodb.describeTable({ TableName: table });
  return { table, EventSourceArn: Table?.LatestStreamArn ?? "" };
}

async function put(TableName: string, ...items: { p: string; fail?: string; kind?: string }[]) {
  for (const { p, fail, kind } of items) {
    const Item = { p: { S: p }, ...(fail && { fail: { S: fail } }), ...(kind && { kind: { S: kind } }) };
    await dynamodb.putItem({ TableName, Item });
  }
}

const batches = (name: string) => logged(aws.logs, name);

const telling = `
export const handler = async ({ Records }) => {
  console.log("BATCH " + JSON.stringify(Records.map(({ eventName, dynamodb: d }) => eventName + " " + d.Keys.p.S)));
  const failing = (how) => Records.find(({ dynamodb: d }) => d.NewImage?.fail?.S === how);
  if (failing("all")) throw new Error("intended");
  const bad = failing("one");
  return { batchItemFailures: bad ? [{ itemIdentifier: bad.dynamodb.SequenceNumber }] : [] };
};`;

describe("a table's stream as event source", () => {
  it("hands over every change, as AWS writes it, and only what its filters let through", async () => {
    const { table, EventSourceArn } = await streamedTable();
    const source = `export const handler = async ({ Records }) => console.log("BATCH " + JSON.stringify(Records));`;
    await makeFunction(lambda(), "shown", role, source);
    await dynamodb.putItem({
      TableName: table,
      Item: { p: { S: "a" }, kind: { S: "order" }, b: { B: Buffer.from("x") } },
    });
    await dynamodb.putItem({ TableName: table, Item: { p: { S: "b" }, kind: { S: "note" } } });
    await dynamodb.deleteItem({ TableName: table, Key: { p: { S: "a" } } });
    const Pattern = JSON.stringify({
      eventName: ["INSERT"],
      dynamodb: { NewImage: { kind: { S: ["order"] } } },
    });
    const mapping = await lambda().createEventSourceMapping({
      FunctionName: "shown",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      FilterCriteria: { Filters: [{ Pattern }] },
    });
    expect(mapping).toMatchObject({
      BatchSize: 100,
      MaximumRetryAttempts: -1,
      BisectBatchOnFunctionError: false,
    });
    await expect.poll(() => batches("shown")).toHaveLength(1);
    const [records] = (await batches("shown")) as Record<string, unknown>[][];
    expect(records).toEqual([
      {
        eventID: expect.stringMatching(/^[0-9a-f]{32}$/),
        eventName: "INSERT",
        eventVersion: "1.1",
        eventSource: "aws:dynamodb",
        awsRegion: "us-east-1",
        dynamodb: {
          ApproximateCreationDateTime: expect.any(Number),
          Keys: { p: { S: "a" } },
          NewImage: { p: { S: "a" }, kind: { S: "order" }, b: { B: "eA==" } },
          SequenceNumber: expect.stringMatching(/^\d{21,40}$/),
          SizeBytes: expect.any(Number),
          StreamViewType: "NEW_AND_OLD_IMAGES",
        },
        eventSourceARN: EventSourceArn,
      },
    ]);
  });

  it("is tried again from the record that failed, and goes on behind it in the end", async () => {
    const { table, EventSourceArn } = await streamedTable();
    const { QueueUrl } = await aws.sqs.send(new CreateQueueCommand({ QueueName: "letters" }));
    const asked = new GetQueueAttributesCommand({ QueueUrl, AttributeNames: ["QueueArn"] });
    const Destination = (await aws.sqs.send(asked)).Attributes?.QueueArn;
    await makeFunction(lambda(), "partial", role, telling);
    await put(table, { p: "a" }, { p: "b", fail: "one" }, { p: "c" });
    await lambda().createEventSourceMapping({
      FunctionName: "partial",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      MaximumRetryAttempts: 1,
      FunctionResponseTypes: ["ReportBatchItemFailures"],
      DestinationConfig: { OnFailure: { Destination } },
    });
    await expect
      .poll(() => batches("partial"))
      .toEqual([
        ["INSERT a", "INSERT b", "INSERT c"],
        ["INSERT b", "INSERT c"],
      ]);
    const { Messages } = await aws.sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 20 }));
    expect(JSON.parse(Messages?.[0]?.Body ?? "null")).toMatchObject({
      requestContext: { condition: "RetryAttemptsExhausted", approximateInvokeCount: 2 },
      DDBStreamBatchInfo: {
        shardId: expect.stringMatching(/^shardId-/),
        startSequenceNumber: expect.any(String),
        batchSize: 2,
        streamArn: EventSourceArn,
      },
    });
    await put(table, { p: "d" });
    await expect.poll(async () => (await batches("partial")).at(-1)).toEqual(["INSERT d"]);
  });

  it("is halved until the record that fails is alone", async () => {
    const { table, EventSourceArn } = await streamedTable();
    await makeFunction(lambda(), "halved", role, telling);
    await put(table, { p: "a" }, { p: "b" }, { p: "c", fail: "all" });
    await lambda().createEventSourceMapping({
      FunctionName: "halved",
      EventSourceArn,
      StartingPosition: "TRIM_HORIZON",
      MaximumRetryAttempts: 0,
      BisectBatchOnFunctionError: true,
    });
    await expect
      .poll(() => batches("halved"))
      .toEqual([["INSERT a", "INSERT b", "INSERT c"], ["INSERT a", "INSERT b"], ["INSERT c"]]);
  });

  it("begins at the latest where it is told to", async () => {
    const { table, EventSourceArn } = await streamedTable();
    await makeFunction(lambda(), "latest", role, telling);
    await put(table, { p: "before" });
    const { UUID = "" } = await lambda().createEventSourceMapping({
      FunctionName: "latest",
      EventSourceArn,
      StartingPosition: "LATEST",
    });
    // From when on it reads, AWS does not promise either.
    let i = 0;
    await expect
      .poll(async () => {
        i += 1;
        await put(table, { p: `after-${i}` });
        return (await batches("latest")).length;
      })
      .toBeGreaterThan(0);
    expect(JSON.stringify(await batches("latest"))).not.toContain("before");
    await lambda().updateEventSourceMapping({ UUID, Enabled: false });
    expect((await lambda().getEventSourceMapping({ UUID })).StartingPosition).toBe("LATEST");
  });

  it("must be there, be readable by the function's role, and has no positions by time", async () => {
    const { EventSourceArn } = await streamedTable();
    const make = (
      FunctionName: string,
      arn: string,
      StartingPosition: "LATEST" | "AT_TIMESTAMP" = "LATEST",
    ) => errorOf(lambda().createEventSourceMapping({ FunctionName, EventSourceArn: arn, StartingPosition }));
    const absent = EventSourceArn.replace(/stream\/.*/, "stream/2020-01-01T00:00:00.000");
    expect((await make("latest", absent)).message).toBe(`Stream not found: ${absent}`);
    expect((await make("latest", EventSourceArn, "AT_TIMESTAMP")).message).toContain(
      "Unsupported starting position",
    );
    const poor = await lambdaRole(cloudkeep, "poor");
    await makeFunction(lambda(), "poor", poor, telling);
    expect((await make("poor", EventSourceArn)).message).toContain("does not have permissions to call");
  });
});
