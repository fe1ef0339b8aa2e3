import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  type CreateLogGroupCommandInput,
  CreateLogStreamCommand,
  PutLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { type Credentials, optionsOf } from "../../../test/harness.ts";

/** What this service's tests share. */

export function logsClient(at: { endpoint: string }, credentials: Credentials, region = "us-east-1") {
  return new CloudWatchLogsClient(optionsOf(at, credentials, region));
}

let serial = 0;

/** A new group with one stream, "s". */
export async function newGroup(
  logs: CloudWatchLogsClient,
  input: Omit<CreateLogGroupCommandInput, "logGroupName"> = {},
): Promise<string> {
  serial += 1;
  const logGroupName = `group-${serial}`;
  await logs.send(new CreateLogGroupCommand({ logGroupName, ...input }));
  await newStream(logs, logGroupName, "s");
  return logGroupName;
}

export async function newStream(logs: CloudWatchLogsClient, logGroupName: string, logStreamName: string) {
  await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
}

/** Puts lines; each a message, or a message with its time. */
export async function put(
  logs: CloudWatchLogsClient,
  logGroupName: string,
  lines: readonly (string | [message: string, timestamp: number])[],
  logStreamName = "s",
) {
  const now = Date.now();
  const logEvents = lines.map((line) =>
    typeof line === "string" ? { message: line, timestamp: now } : { message: line[0], timestamp: line[1] },
  );
  return await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
}
