import { KinesisClient, SubscribeToShardCommand } from "@aws-sdk/client-kinesis";
import { S3Client, SelectObjectContentCommand } from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { SerializationError } from "./errors.ts";
import { type EventHeader, encodeMessage, eventStreamCodec, MessageSplitter } from "./eventStream.ts";
import { clientConfig, contractOf, requestId, transport } from "./testing.ts";

const kinesis = contractOf("kinesis");
const s3 = contractOf("s3");

function answering(body: Buffer) {
  const headers = ["Content-Type", "application/vnd.amazon.eventstream", "x-amzn-RequestId", requestId];
  return {
    ...clientConfig,
    forcePathStyle: true,
    requestHandler: transport(() => ({ status: 200, headers, body })),
  };
}

async function collect<T>(stream: AsyncIterable<T> | undefined): Promise<T[]> {
  const events: T[] = [];
  for await (const event of stream ?? []) events.push(event);
  return events;
}

describe("event streams with the official client", () => {
  test("JSON events behind an initial response", async () => {
    const codec = eventStreamCodec(kinesis, "awsJson1_1", "SubscribeToShardEventStream");
    const SubscribeToShardEvent = {
      Records: [
        {
          SequenceNumber: "1",
          Data: Buffer.from([1, 255]),
          PartitionKey: "k",
          ApproximateArrivalTimestamp: new Date(1795485208123),
        },
      ],
      ContinuationSequenceNumber: "2",
      MillisBehindLatest: 0,
    };
    const body = [codec.writeInitial("SubscribeToShardOutput", {}), codec.write({ SubscribeToShardEvent })];
    const client = new KinesisClient(answering(Buffer.concat(body)) as object);
    const command = new SubscribeToShardCommand({
      ConsumerARN: "arn",
      ShardId: "s",
      StartingPosition: { Type: "LATEST" },
    });
    const events = await collect((await client.send(command)).EventStream);
    expect(events).toMatchObject([{ SubscribeToShardEvent: { ContinuationSequenceNumber: "2" } }]);
    expect(events[0]?.SubscribeToShardEvent?.Records?.[0]?.Data).toEqual(new Uint8Array([1, 255]));
  });

  test("a modelled error ends the stream as that error", async () => {
    const codec = eventStreamCodec(kinesis, "awsJson1_1", "SubscribeToShardEventStream");
    const body = [
      codec.writeInitial("SubscribeToShardOutput", {}),
      codec.write({ KMSDisabledException: { message: "off" } }),
    ];
    const client = new KinesisClient(answering(Buffer.concat(body)) as object);
    const command = new SubscribeToShardCommand({
      ConsumerARN: "arn",
      ShardId: "s",
      StartingPosition: { Type: "LATEST" },
    });
    await expect(client.send(command).then(({ EventStream }) => collect(EventStream))).rejects.toMatchObject({
      name: "KMSDisabledException",
      message: "off",
    });
  });

  test("bytes and XML as payloads", async () => {
    const codec = eventStreamCodec(s3, "restXml", "SelectObjectContentEventStream");
    const body = [
      codec.write({ Records: { Payload: Buffer.from("a,b\n") } }),
      codec.write({ Cont: {} }),
      codec.write({ Stats: { Details: { BytesScanned: 4, BytesProcessed: 4, BytesReturned: 4 } } }),
      codec.write({ End: {} }),
    ];
    const client = new S3Client(answering(Buffer.concat(body)) as object);
    const command = new SelectObjectContentCommand({
      Bucket: "b",
      Key: "k",
      Expression: "select *",
      ExpressionType: "SQL",
      InputSerialization: { CSV: {} },
      OutputSerialization: { CSV: {} },
    });
    const events = await collect((await client.send(command)).Payload);
    expect(events).toMatchObject([
      { Records: { Payload: new Uint8Array(Buffer.from("a,b\n")) } },
      { Cont: {} },
      { Stats: { Details: { BytesScanned: 4 } } },
      { End: {} },
    ]);
  });
});

describe("frames", () => {
  const headers: Record<string, EventHeader> = {
    yes: true,
    no: false,
    int: -5,
    long: 2n ** 40n,
    text: "ü",
    bytes: Buffer.from([1]),
    time: new Date(5),
  };
  const message = encodeMessage({ headers, payload: Buffer.from("payload") });

  test("come back however they are cut", () => {
    for (const size of [1, 7, 16, 1000]) {
      const splitter = new MessageSplitter();
      const stream = Buffer.concat([message, message]);
      const found = [];
      for (let at = 0; at < stream.length; at += size)
        found.push(...splitter.push(stream.subarray(at, at + size)));
      splitter.end();
      expect(found).toEqual([
        { headers, payload: Buffer.from("payload") },
        { headers, payload: Buffer.from("payload") },
      ]);
    }
  });

  test("a flipped bit anywhere is noticed", () => {
    for (let index = 0; index < message.length; index++) {
      const broken = Buffer.from(message);
      broken[index] = (broken[index] as number) ^ 1;
      const splitter = new MessageSplitter();
      expect(() => splitter.push(broken)).toThrow(SerializationError);
    }
  });

  test("a stream that ends early is noticed", () => {
    const splitter = new MessageSplitter();
    expect(splitter.push(message.subarray(0, 20))).toEqual([]);
    expect(() => splitter.end()).toThrow(SerializationError);
  });
});

test("what is written is read again", () => {
  const codec = eventStreamCodec(kinesis, "rpcv2Cbor", "SubscribeToShardEventStream");
  const event = {
    SubscribeToShardEvent: { Records: [], ContinuationSequenceNumber: "2", MillisBehindLatest: 7 },
  };
  const [message] = new MessageSplitter().push(codec.write(event));
  expect(message && codec.read(message)).toEqual(event);
});
