import { table } from "../../kit/table.ts";

/** Deliveries of the logs that services write, by account and Region. */

export interface DeliverySourceRow {
  name: string;
  arn: string;
  resourceArn: string;
  service: string;
  logType: string;
  tags: Record<string, string>;
  configuration?: Record<string, string>;
}

export type DestinationType = "S3" | "CWL" | "FH";
export type OutputFormat = "json" | "plain" | "w3c" | "raw" | "parquet";

export interface DeliveryDestinationRow {
  name: string;
  arn: string;
  type: DestinationType;
  /** Of the bucket, the log group or the delivery stream. */
  resourceArn: string;
  outputFormat?: OutputFormat;
  policy?: string;
  tags: Record<string, string>;
}

export interface DeliveryRow {
  id: string;
  arn: string;
  sourceName: string;
  destinationArn: string;
  type: DestinationType;
  recordFields: string[];
  fieldDelimiter?: string;
  s3?: { suffixPath: string; enableHiveCompatiblePath: boolean };
  tags: Record<string, string>;
}

type Key = [account: string, region: string, name: string];

export const deliverySources = table<DeliverySourceRow, Key>("logs", "deliverySources");
/** Which source a resource's logs of one type are: there is one at the most. */
export const sourcesByResource = table<{ name: string }, [...Key, logType: string]>(
  "logs",
  "sourcesByResource",
);
export const deliveryDestinations = table<DeliveryDestinationRow, Key>("logs", "deliveryDestinations");
export const deliveries = table<DeliveryRow, Key>("logs", "deliveries");
