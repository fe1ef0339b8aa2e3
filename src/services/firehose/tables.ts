import type {
  ExtendedS3DestinationConfiguration,
  HttpEndpointDestinationConfiguration,
} from "@aws-sdk/client-firehose";
import { table } from "../../kit/table.ts";

/** Firehose's tables, by account and Region. Buffered records are in `pendingRows.ts`. */

export type S3Config = ExtendedS3DestinationConfiguration;
export type HttpConfig = HttpEndpointDestinationConfiguration;

/** As it was configured, in AWS's own spelling, with the defaults filled in. */
export type Destination = { kind: "s3"; config: S3Config } | { kind: "http"; config: HttpConfig };

export interface Encryption {
  keyType: "AWS_OWNED_CMK" | "CUSTOMER_MANAGED_CMK";
  keyArn?: string;
}

export interface DeliveryStreamRow {
  /** Names can be used again after a deletion; what belongs to a stream is found by this. */
  streamId: string;
  name: string;
  arn: string;
  account: string;
  region: string;
  /** ms since the epoch, as all times in rows. */
  created: number;
  updated?: number;
  /** Raised by every change of the destination. */
  version: number;
  destination: Destination;
  /** The Kinesis stream that is read. */
  source?: { streamArn: string; roleArn: string; startMs: number };
  throughputHintMiB?: number;
  tags: Record<string, string>;
  encryption?: Encryption;
}

/** Where the reading of a source's shard stands. */
export interface PositionRow {
  /** Sequence number of the last record; absent before the first. */
  after?: string;
  /** A closed shard that was read to its end. */
  ended?: true;
}

/** Which delivery streams read a Kinesis stream. */
export interface SourceRow {
  name: string;
  streamId: string;
  account: string;
  region: string;
}

type Scope = [account: string, region: string];

export const deliveryStreams = table<DeliveryStreamRow, [...Scope, name: string]>("firehose", "streams");
export const positions = table<PositionRow, [...Scope, streamId: string, shardId: string]>(
  "firehose",
  "positions",
);
export const sources = table<SourceRow, [streamArn: string, streamId: string]>("firehose", "sources");
