import {
  CreateStreamCommand,
  type CreateStreamCommandInput,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  type _Record as KinesisRecord,
  ListShardsCommand,
} from "@aws-sdk/client-kinesis";
import { type Credentials, optionsOf } from "../../../test/harness.ts";

/** What this service's tests share. */

export function kinesisClient(at: { endpoint: string }, credentials: Credentials, region = "us-east-1") {
  return new KinesisClient(optionsOf(at, credentials, region));
}

let serial = 0;

/** A new stream, of one shard unless told otherwise. */
export async function newStream(
  kinesis: KinesisClient,
  input: Partial<CreateStreamCommandInput> = {},
): Promise<{ StreamName: string; StreamARN: string }> {
  serial += 1;
  const StreamName = `stream-${serial}`;
  const onDemand = input.StreamModeDetails?.StreamMode === "ON_DEMAND";
  await kinesis.send(new CreateStreamCommand({ StreamName, ...(!onDemand && { ShardCount: 1 }), ...input }));
  const { StreamDescriptionSummary } = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
  return { StreamName, StreamARN: StreamDescriptionSummary?.StreamARN ?? "" };
}

export async function iterator(
  kinesis: KinesisClient,
  StreamName: string,
  input: Partial<GetShardIteratorCommandInput> = {},
): Promise<string> {
  const { ShardIterator } = await kinesis.send(
    new GetShardIteratorCommand({
      StreamName,
      ShardId: "shardId-000000000000",
      ShardIteratorType: "TRIM_HORIZON",
      ...input,
    }),
  );
  return ShardIterator ?? "";
}

/** All records of a shard, from its beginning. */
export async function readAll(
  kinesis: KinesisClient,
  StreamName: string,
  ShardId = "shardId-000000000000",
): Promise<KinesisRecord[]> {
  const records: KinesisRecord[] = [];
  let next: string | undefined = await iterator(kinesis, StreamName, { ShardId });
  while (next !== undefined) {
    const page: GetRecordsCommandOutput = await kinesis.send(new GetRecordsCommand({ ShardIterator: next }));
    records.push(...(page.Records ?? []));
    next = page.MillisBehindLatest === 0 ? undefined : page.NextShardIterator;
  }
  return records;
}

export async function shardsOf(kinesis: KinesisClient, StreamName: string) {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Shards;
}

export const textOf = ({ Data }: KinesisRecord): string => Buffer.from(Data ?? []).toString();
