import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { CreateDeliveryStreamCommand, FirehoseClient, PutRecordBatchCommand } from "@aws-sdk/client-firehose";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { expect, it } from "vitest";
import { policyOf } from "../harness.ts";
import { type Child, newEncodedKey, start, temporaryDirectory } from "./children.ts";

/** Records that Firehose has acknowledged arrive in S3, each once, however often the process is killed on the way. */

const cycles = Number(process.env.CLOUDKEEP_FIREHOSE_CYCLES ?? 25);
const writers = 4;
const longestRunMs = 600;
const DeliveryStreamName = "durable";
const Bucket = "durable";

const program = fileURLToPath(new URL("../../dist/main.js", import.meta.url));
const credentials = {
  accessKeyId: "AKIAFIREHOSEFIREHOSE",
  secretAccessKey: "firehose/only+00000000000000000000000000",
};

interface Running {
  child: Child;
  options: { endpoint: string; region: string; credentials: typeof credentials; maxAttempts: number };
}

async function begin(dir: string, rootKey: string): Promise<Running> {
  process.env.CLOUDKEEP_ROOT_ACCESS_KEY_ID = credentials.accessKeyId;
  process.env.CLOUDKEEP_ROOT_SECRET_ACCESS_KEY = credentials.secretAccessKey;
  process.env.XDG_CONFIG_HOME = dir;
  const child = start(program, ["start", "--port", "0", "--data", `${dir}/data`, "--log", "error"], rootKey);
  const endpoint = /http:\/\/\S+/.exec((await child.firstLine) ?? "")?.[0] ?? "";
  expect(endpoint, child.errors()).not.toBe("");
  return { child, options: { endpoint, region: "us-east-1", credentials, maxAttempts: 1 } };
}

async function end({ child }: Running, signal: NodeJS.Signals): Promise<void> {
  child.process.kill(signal);
  await child.lines;
}

async function build({ options }: Running): Promise<void> {
  const iam = new IAMClient(options);
  const AssumeRolePolicyDocument = policyOf({
    Principal: { Service: "firehose.amazonaws.com" },
    Action: "sts:AssumeRole",
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName: "firehose", AssumeRolePolicyDocument }));
  const PolicyDocument = policyOf({ Action: "s3:PutObject", Resource: `arn:aws:s3:::${Bucket}/*` });
  await iam.send(new PutRolePolicyCommand({ RoleName: "firehose", PolicyName: "p", PolicyDocument }));
  await new S3Client({ ...options, forcePathStyle: true }).send(new CreateBucketCommand({ Bucket }));
  await new FirehoseClient(options).send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      ExtendedS3DestinationConfiguration: {
        RoleARN: Role?.Arn,
        BucketARN: `arn:aws:s3:::${Bucket}`,
        BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 1 },
      },
    }),
  );
}

/** Puts until the process dies; what was acknowledged. */
async function write({ options }: Running, cycle: number, acknowledged: Set<string>): Promise<void> {
  const firehose = new FirehoseClient(options);
  const writer = async (number: number) => {
    for (let i = 0; ; i += 1) {
      const lines = Array.from({ length: 20 }, (_, k) => `${cycle}/${number}/${i}/${k}`);
      const Records = lines.map((line) => ({ Data: Buffer.from(`${line.padEnd(2_000)}\n`) }));
      try {
        await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }));
      } catch {
        return;
      }
      for (const line of lines) acknowledged.add(line);
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, number) => writer(number)));
}

async function delivered({ options }: Running): Promise<string[]> {
  const s3 = new S3Client({ ...options, forcePathStyle: true });
  const lines: string[] = [];
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key } of Contents) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      const text = (await Body?.transformToString()) ?? "";
      lines.push(...text.split("\n").map((line) => line.trim()));
    }
  }
  return lines.filter((line) => line !== "");
}

it(
  `records arrive once, though the process is killed ${cycles} times`,
  async () => {
    const { dir, remove } = temporaryDirectory();
    const rootKey = newEncodedKey();
    const acknowledged = new Set<string>();
    try {
      const first = await begin(dir, rootKey);
      await build(first);
      await end(first, "SIGTERM");
      for (let cycle = 0; cycle < cycles; cycle += 1) {
        const running = await begin(dir, rootKey);
        const writing = write(running, cycle, acknowledged);
        await sleep(Math.random() * longestRunMs);
        await end(running, "SIGKILL");
        await writing;
      }
      const last = await begin(dir, rootKey);
      const deadline = Date.now() + 60_000;
      let lines: string[] = [];
      do {
        await sleep(1_000);
        lines = await delivered(last);
      } while (new Set(lines).size < acknowledged.size && Date.now() < deadline);
      const once = new Set(lines);
      expect([...acknowledged].filter((line) => !once.has(line))).toEqual([]);
      expect(lines.length).toBe(once.size);
      expect(acknowledged.size).toBeGreaterThan(cycles);
      await end(last, "SIGTERM");
    } finally {
      remove();
    }
  },
  120_000 + cycles * 5_000,
);
