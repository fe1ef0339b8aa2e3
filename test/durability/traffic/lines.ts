import {
  CloudWatchLogsClient,
  CreateLogGroupCommand,
  CreateLogStreamCommand,
  PutLogEventsCommand,
  PutSubscriptionFilterCommand,
  paginateFilterLogEvents,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateDeliveryStreamCommand,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
  PutRecordBatchCommand,
} from "@aws-sdk/client-firehose";
import { IAMClient } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { expect } from "vitest";
import { newServiceRole } from "../../../src/services/firehose/testing.ts";
import { lambdaClient, lambdaRole, makeFunction } from "../../../src/services/lambda/testing.ts";
import { account, type Running, readUntil, type Traffic } from "../program.ts";

/**
 * Log lines are kept, each once, and reach S3 by way of a subscription, Firehose and a function; beside them, records
 * are put into Firehose directly. Each arrives, and arrives once.
 */

const Bucket = "durable";
const logGroupName = "durable";
const functionArn = `arn:aws:lambda:us-east-1:${account}:function:unpack`;
const deliveryArn = (name: string) => `arn:aws:firehose:us-east-1:${account}:deliverystream/${name}`;

/** Takes the lines out of the messages of CloudWatch Logs. */
const unpack = `
import { gunzipSync } from "node:zlib";
const linesOf = (data) => {
  const { messageType, logEvents } = JSON.parse(gunzipSync(Buffer.from(data, "base64")));
  return messageType === "DATA_MESSAGE" ? logEvents.map(({ message }) => message + "\\n").join("") : "";
};
export const handler = async ({ records }) => ({
  records: records.map(({ recordId, data }) => {
    const lines = linesOf(data);
    return { recordId, result: lines === "" ? "Dropped" : "Ok", data: Buffer.from(lines).toString("base64") };
  }),
});`;

export function lineTraffic(): Traffic {
  const logged = new Set<string>();
  const direct = new Set<string>();
  return {
    build,
    async drive({ options }, cycle) {
      const logs = new CloudWatchLogsClient(options);
      const firehose = new FirehoseClient(options);
      await Promise.all([
        ...["one", "two"].map((name) => log(logs, name, cycle, logged)),
        ...["three", "four"].map((name) => putDirectly(firehose, name, cycle, direct)),
      ]);
    },
    async check(running) {
      const kept = await keptLines(running);
      expect([...logged].filter((line) => !kept.has(line))).toEqual([]);
      expect(logged.size).toBeGreaterThan(0);
      expect(direct.size).toBeGreaterThan(0);
      // What was kept without an answer has its way to go, too.
      await arrive(running, "logged/", kept);
      await arrive(running, "direct/", direct);
    },
  };
}

async function build({ options }: Running): Promise<void> {
  const iam = new IAMClient(options);
  await new S3Client({ ...options, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket }));
  await makeFunction(lambdaClient(options), "unpack", await lambdaRole(options, "unpack"), unpack);
  const RoleARN = await newServiceRole(
    iam,
    "firehose.amazonaws.com",
    { Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/*` },
    { Action: ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"], Resource: `${functionArn}*` },
  );
  const destination = { RoleARN, BucketARN: `arn:aws:s3:::${Bucket}` };
  await newDelivery({ options }, "direct", destination);
  const Parameters = [{ ParameterName: "LambdaArn" as const, ParameterValue: functionArn }];
  await newDelivery({ options }, "logged", {
    ...destination,
    ProcessingConfiguration: { Enabled: true, Processors: [{ Type: "Lambda", Parameters }] },
  });
  const logs = new CloudWatchLogsClient(options);
  await logs.send(new CreateLogGroupCommand({ logGroupName }));
  for (const logStreamName of ["one", "two"])
    await logs.send(new CreateLogStreamCommand({ logGroupName, logStreamName }));
  const mayPut = { Action: "firehose:PutRecord*", Resource: deliveryArn("logged") };
  await logs.send(
    new PutSubscriptionFilterCommand({
      logGroupName,
      filterName: "all",
      filterPattern: "",
      destinationArn: deliveryArn("logged"),
      roleArn: await newServiceRole(iam, "logs.amazonaws.com", mayPut),
    }),
  );
}

async function newDelivery(
  { options }: Pick<Running, "options">,
  name: string,
  destination: Pick<
    ExtendedS3DestinationConfiguration,
    "RoleARN" | "BucketARN" | "ProcessingConfiguration"
  > & { RoleARN: string; BucketARN: string },
): Promise<void> {
  await new FirehoseClient(options).send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: name,
      ExtendedS3DestinationConfiguration: {
        ...destination,
        Prefix: `${name}/`,
        ErrorOutputPrefix: "failed/",
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
      },
    }),
  );
}

/** Logs lines until the process dies. */
async function log(
  logs: CloudWatchLogsClient,
  logStreamName: string,
  cycle: number,
  logged: Set<string>,
): Promise<void> {
  for (let i = 0; ; i += 1) {
    const lines = Array.from({ length: 5 }, (_, k) => `${logStreamName}/${cycle}/${i}/${k}`);
    const logEvents = lines.map((line) => ({ timestamp: Date.now(), message: line.padEnd(200, ".") }));
    try {
      await logs.send(new PutLogEventsCommand({ logGroupName, logStreamName, logEvents }));
    } catch {
      return;
    }
    for (const line of lines) logged.add(line);
  }
}

/** Puts records until the process dies. */
async function putDirectly(
  firehose: FirehoseClient,
  name: string,
  cycle: number,
  direct: Set<string>,
): Promise<void> {
  for (let i = 0; ; i += 1) {
    const lines = Array.from({ length: 10 }, (_, k) => `${name}/${cycle}/${i}/${k}`);
    const Records = lines.map((line) => ({ Data: Buffer.from(`${line.padEnd(2_000, ".")}\n`) }));
    try {
      await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: "direct", Records }));
    } catch {
      return;
    }
    for (const line of lines) direct.add(line);
  }
}

const unpadded = (line: string) => line.replace(/\.+$/, "");

async function keptLines({ options }: Running): Promise<Set<string>> {
  const lines: string[] = [];
  const pages = paginateFilterLogEvents({ client: new CloudWatchLogsClient(options) }, { logGroupName });
  for await (const { events = [] } of pages)
    lines.push(...events.map(({ message = "" }) => unpadded(message)));
  const once = new Set(lines);
  expect(lines.length).toBe(once.size);
  return once;
}

async function arrive(running: Running, Prefix: string, wanted: ReadonlySet<string>): Promise<void> {
  const seen = new Map<string, string[]>();
  const all = () => [...seen.values()].flat();
  await readUntil(
    () => readNew(running, Prefix, seen),
    () => all().length >= wanted.size,
  );
  const once = new Set(all());
  expect([...wanted].filter((line) => !once.has(line))).toEqual([]);
  expect(all().length).toBe(once.size);
}

/** The lines of objects that were not read yet. */
async function readNew({ options }: Running, Prefix: string, seen: Map<string, string[]>): Promise<void> {
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key = "" } of Contents) {
      if (seen.has(Key)) continue;
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const text = (await Body?.transformToString()) ?? "";
      const lines = text.split("\n").filter((line) => line !== "");
      seen.set(Key, lines.map(unpadded));
    }
  }
}
