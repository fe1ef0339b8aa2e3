import {
  AddTagsToStreamCommand,
  CreateStreamCommand,
  DeleteResourcePolicyCommand,
  DescribeStreamCommand,
  DescribeStreamConsumerCommand,
  GetRecordsCommand,
  GetResourcePolicyCommand,
  GetShardIteratorCommand,
  KinesisClient,
  ListShardsCommand,
  ListStreamConsumersCommand,
  ListTagsForStreamCommand,
  PutRecordCommand,
  PutRecordsCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  type StartingPosition,
  SubscribeToShardCommand,
} from "@aws-sdk/client-kinesis";
import { AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";
import { SignatureV4 } from "@smithy/signature-v4";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeCbor, encodeCbor } from "../../src/protocols/cbor.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { errorOf, optionsOf, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, parsedDocuments, recordedAnswers } from "./recorded.ts";
import { Sha256 } from "./s3Wire.ts";

/** Answers of Kinesis, held against those recorded from AWS. */

type Answers = Record<string, unknown>;

const recorded = recordedAnswers("kinesis/test_kinesis.snapshot.json");

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = new KinesisClient(optionsOf(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

let serial = 0;

async function newStream(ShardCount = 1): Promise<{ StreamName: string; StreamARN: string }> {
  serial += 1;
  const StreamName = `conformance-${serial}`;
  await kinesis.send(new CreateStreamCommand({ StreamName, ShardCount }));
  return { StreamName, StreamARN: `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/${StreamName}` };
}

/** Bytes as Python shows them, which is how the recorder wrote them down. */
function pythonBytes(bytes: Uint8Array): string {
  const shown = [...bytes].map((byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`,
  );
  return `b'${shown.join("")}'`;
}

/** An answer as the recorder would have written it. */
function asRecorded(value: unknown): unknown {
  if (value instanceof Uint8Array) return pythonBytes(value);
  if (value instanceof Date) return "timestamp";
  if (Array.isArray(value)) return value.map(asRecorded);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, asRecorded(one)]));
}

const ShardId = "shardId-000000000000";

async function hello(StreamName: string): Promise<void> {
  const Records = Array.from({ length: 5 }, (_, i) => ({
    Data: Buffer.from(`Hello world_${i}`),
    PartitionKey: "1",
  }));
  await kinesis.send(new PutRecordsCommand({ StreamName, Records }));
}

/** What a new consumer is told, until five records came. */
async function told(
  position: (StreamName: string) => StartingPosition | Promise<StartingPosition>,
): Promise<{ Events: unknown[]; Records: unknown[] }> {
  const { StreamName, StreamARN } = await newStream();
  const { Consumer } = await kinesis.send(
    new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "c1" }),
  );
  const before = await position(StreamName);
  await hello(StreamName);
  const { EventStream } = await kinesis.send(
    new SubscribeToShardCommand({ ConsumerARN: Consumer?.ConsumerARN, ShardId, StartingPosition: before }),
  );
  const Events: unknown[] = [];
  const Records: unknown[] = [];
  for await (const { SubscribeToShardEvent: event } of EventStream ?? []) {
    Events.push(event);
    Records.push(...(event?.Records ?? []));
    if (Records.length >= 5) break;
  }
  return { Events, Records };
}

/** A call over the CBOR that AWS's Java SDKs speak. */
async function overCbor(operation: string, input: object): Promise<unknown> {
  const body = encodeCbor(input);
  const signer = new SignatureV4({
    service: "kinesis",
    region: "us-east-1",
    credentials: cloudkeep.credentials,
    sha256: Sha256,
  });
  const { hostname, port } = new URL(cloudkeep.endpoint);
  const { headers } = await signer.sign({
    protocol: "http:",
    query: {},
    method: "POST",
    hostname,
    path: "/",
    headers: {
      host: `${hostname}:${port}`,
      "content-type": "application/x-amz-cbor-1.1",
      "x-amz-target": `Kinesis_20131202.${operation}`,
    },
    body,
  });
  const answer = await fetch(cloudkeep.endpoint, { method: "POST", headers, body });
  expect(answer.headers.get("content-type")).toBe("application/x-amz-cbor-1.1");
  return decodeCbor(Buffer.from(await answer.arrayBuffer()));
}

const recordings: Record<string, () => Promise<Answers>> = {
  async test_create_stream_without_shard_count() {
    serial += 1;
    const StreamName = `conformance-${serial}`;
    const onDemand = { StreamModeDetails: { StreamMode: "ON_DEMAND" as const } };
    await kinesis.send(new CreateStreamCommand({ StreamName, ...onDemand }));
    const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
    const HashKeyRange = { StartingHashKey: "starting_hash", EndingHashKey: "ending_hash" };
    return { Shards: Shards.map((shard) => ({ ...shard, HashKeyRange })) };
  },
  async test_add_tags_to_stream() {
    const { StreamName } = await newStream();
    await kinesis.send(new AddTagsToStreamCommand({ StreamName, Tags: { foo: "bar" } }));
    const { Tags = [] } = await kinesis.send(new ListTagsForStreamCommand({ StreamName }));
    return { Tags: Tags[0] };
  },
  async test_record_lifecycle_data_integrity() {
    const { StreamName } = await newStream();
    for (const text of ["", "a".repeat(1_000), "test", "ünicödé 统一码 💣💻🔥"]) {
      const Data = Buffer.from(text);
      await kinesis.send(new PutRecordCommand({ StreamName, Data, PartitionKey: "1" }));
    }
    const { ShardIterator } = await kinesis.send(
      new GetShardIteratorCommand({ StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" }),
    );
    const { Records } = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    return { Records: asRecorded(Records) };
  },
  async test_subscribe_to_shard() {
    const { Events } = await told(() => ({ Type: "TRIM_HORIZON" }));
    return { Events: asRecorded(Events) };
  },
  async test_subscribe_to_shard_with_sequence_number_as_iterator() {
    const { Records } = await told(async (StreamName) => {
      const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
      const SequenceNumber = Shards[0]?.SequenceNumberRange?.StartingSequenceNumber;
      return { Type: "AT_SEQUENCE_NUMBER", SequenceNumber };
    });
    return { Records: asRecorded(Records) };
  },
  async test_subscribe_to_shard_with_at_timestamp() {
    const { Records } = await told(() => ({ Type: "AT_TIMESTAMP", Timestamp: new Date(Date.now() - 1_000) }));
    return { Records: asRecorded(Records) };
  },
  async test_stream_consumers() {
    const { StreamARN } = await newStream();
    await kinesis.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "consumer" }));
    const { Consumers = [] } = await kinesis.send(new ListStreamConsumersCommand({ StreamARN }));
    const ConsumerARN = Consumers[0]?.ConsumerARN;
    const described = await kinesis.send(new DescribeStreamConsumerCommand({ ConsumerARN }));
    return asRecorded({
      One_consumer_by_list_stream: Consumers,
      One_consumer_by_describe_stream: described.ConsumerDescription,
    }) as Answers;
  },
  async test_cbor_exceptions() {
    const StreamName = "wrong-stream-name";
    const { __type, message } = (await overCbor("DescribeStream", { StreamName })) as Record<string, string>;
    const options = { ...optionsOf(cloudkeep, cloudkeep.credentials), protocol: AwsSmithyRpcV2CborProtocol };
    const smithy = await errorOf(new KinesisClient(options).send(new DescribeStreamCommand({ StreamName })));
    expect([smithy.name, smithy.message]).toEqual([__type, message]);
    return { "cbor-error": { __type, message: message?.replace(cloudkeep.accountId, "111111111111") } };
  },
  async test_resource_policy_crud() {
    const { StreamARN: ResourceARN } = await newStream();
    const policy = (Sid: string, Action: string | string[]) =>
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Sid,
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${cloudkeep.accountId}:root` },
            Action,
            Resource: ResourceARN,
          },
        ],
      });
    const get = () => answerOf(kinesis.send(new GetResourcePolicyCommand({ ResourceARN })));
    const put = (Policy: string) =>
      answerOf(kinesis.send(new PutResourcePolicyCommand({ ResourceARN, Policy })));
    const answers = {
      default_policy_if_not_set: await get(),
      put_resource_policy_if_not_set: await put(policy("AllowCrossAccountWrite", "kinesis:PutRecord")),
      get_resource_policy_after_set: await get(),
      update_resource_policy: await put(
        policy("AllowCrossAccountReadWrite", ["kinesis:PutRecord", "kinesis:GetRecords"]),
      ),
      get_resource_policy_after_update: await get(),
      delete_resource_policy: await answerOf(kinesis.send(new DeleteResourcePolicyCommand({ ResourceARN }))),
      get_resource_policy_after_delete: await get(),
    };
    return parsedDocuments(answers, new Set(["Policy"]));
  },
};

/** Recordings that hold nothing to compare. */
const leftOut: Record<string, string> = {
  test_subscribe_to_shard_cbor_at_timestamp: "the recorded content is empty",
};

describe.skipIf(recorded === undefined)("Kinesis answers as recorded", () => {
  it("in every case, or says why not", () => {
    const asked = [...Object.keys(recordings), ...Object.keys(leftOut)].sort();
    expect(asked).toEqual(Object.keys(recorded ?? {}).sort());
  });

  it.each(Object.entries(recordings))("%s", async (name, run) => {
    expectRecorded(await run(), recorded?.[name]);
  });
});
