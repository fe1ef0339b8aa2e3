import { gunzipSync } from "node:zlib";
import {
  CancelExportTaskCommand,
  CreateExportTaskCommand,
  DescribeExportTasksCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  type S3Client,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

import { logsClient, newGroup, newStream, put } from "./testing.ts";

/** Lines written to a bucket, as far as its policy lets CloudWatch Logs. */

let cloudkeep: Cloudkeep;
let logs: ReturnType<typeof logsClient>;
let s3: S3Client;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  s3 = clients(cloudkeep, cloudkeep.credentials).s3;
});
afterAll(() => cloudkeep.stop());

let serial = 0;

/** A bucket that takes exports, as AWS's guide has its policy; of the actions that are named. */
async function newBucket(actions = ["s3:GetBucketAcl", "s3:PutObject"]): Promise<string> {
  serial += 1;
  const Bucket = `exports-${serial}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  const arn = `arn:aws:s3:::${Bucket}`;
  const Condition = {
    StringEquals: { "aws:SourceAccount": cloudkeep.accountId },
    ArnLike: { "aws:SourceArn": `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:*` },
  };
  const Statement = actions.map((Action) => ({
    Effect: "Allow",
    Principal: { Service: "logs.us-east-1.amazonaws.com" },
    Action,
    Resource: Action === "s3:PutObject" ? `${arn}/*` : arn,
    Condition:
      Action === "s3:PutObject"
        ? {
            ...Condition,
            StringEquals: { ...Condition.StringEquals, "s3:x-amz-acl": "bucket-owner-full-control" },
          }
        : Condition,
  }));
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
  return Bucket;
}

async function described(taskId: string | undefined) {
  const { exportTasks = [] } = await logs.send(new DescribeExportTasksCommand({ taskId }));
  return exportTasks[0];
}

async function over(taskId: string | undefined) {
  let task = await described(taskId);
  await expect
    .poll(
      async () => {
        task = await described(taskId);
        return task?.status?.code;
      },
      { timeout: 20_000 },
    )
    .toMatch(/COMPLETED|FAILED|CANCELLED/);
  return task;
}

async function keysIn(Bucket: string): Promise<string[]> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  return Contents.map(({ Key = "" }) => Key);
}

async function textOf(Bucket: string, Key: string): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
  return gunzipSync((await Body?.transformToByteArray()) ?? new Uint8Array()).toString();
}

const now = Date.now();
const span = { from: now - 60_000, to: now + 60_000 };

describe("an export task", () => {
  it("writes each stream's lines in order of time, in a folder of its own", async () => {
    const logGroupName = await newGroup(logs);
    const Bucket = await newBucket();
    await newStream(logs, logGroupName, "2026/11/[1]x");
    await newStream(logs, logGroupName, "empty");
    await put(logs, logGroupName, [
      ["late", now + 2],
      ["out", now + 90_000],
    ]);
    await put(logs, logGroupName, [["early", now + 1]]);
    await put(logs, logGroupName, [["other", now + 3]], "2026/11/[1]x");
    const { taskId } = await logs.send(
      new CreateExportTaskCommand({ taskName: "all", logGroupName, destination: Bucket, ...span }),
    );
    expect(await described(taskId)).toMatchObject({
      taskName: "all",
      logGroupName,
      ...span,
      destination: Bucket,
      destinationPrefix: "exportedlogs",
      status: { code: "PENDING" },
    });
    const task = await over(taskId);
    expect(task?.status).toEqual({ code: "COMPLETED", message: "Completed successfully" });
    expect(task?.executionInfo?.completionTime).toBeGreaterThan(task?.executionInfo?.creationTime ?? 0);
    const folder = `exportedlogs/${taskId}`;
    expect((await keysIn(Bucket)).sort()).toEqual(
      [
        "exportedlogs/aws-logs-write-test",
        `${folder}/2026-11-[1]x/000000.gz`,
        `${folder}/s/000000.gz`,
      ].sort(),
    );
    const at = (ms: number) => new Date(ms).toISOString();
    expect(await textOf(Bucket, `${folder}/s/000000.gz`)).toBe(`${at(now + 1)} early\n${at(now + 2)} late\n`);
  });

  it("takes the streams with a prefix, and makes files of bounded size", async () => {
    const logGroupName = await newGroup(logs);
    const destination = await newBucket();
    await newStream(logs, logGroupName, "web-1");
    const line = "x".repeat(200_000);
    for (let i = 0; i < 18; i += 1) {
      const batch = Array.from({ length: 5 }, (_, j): [string, number] => [line, now + i * 5 + j]);
      await put(logs, logGroupName, batch, "web-1");
    }
    await put(logs, logGroupName, ["not this"]);
    const input = {
      logGroupName,
      logStreamNamePrefix: "web",
      destination,
      destinationPrefix: "p/q",
      ...span,
    };
    const { taskId } = await logs.send(new CreateExportTaskCommand(input));
    expect((await over(taskId))?.status?.code).toBe("COMPLETED");
    const files = (await keysIn(destination)).filter((key) => key.startsWith(`p/q/${taskId}/`));
    expect(files).toEqual([`p/q/${taskId}/web-1/000000.gz`, `p/q/${taskId}/web-1/000001.gz`]);
    const texts = await Promise.all(files.map((key) => textOf(destination, key)));
    const times = texts
      .join("")
      .split("\n")
      .filter(Boolean)
      .map((text) => text.slice(0, 24));
    expect(times).toEqual(Array.from({ length: 90 }, (_, i) => new Date(now + i).toISOString()));
  });

  it("is the only one of its account, until it is cancelled", async () => {
    const logGroupName = await newGroup(logs);
    const destination = await newBucket();
    const input = { logGroupName, destination, ...span };
    const { taskId } = await logs.send(new CreateExportTaskCommand(input));
    expect(await errorOf(logs.send(new CreateExportTaskCommand(input)))).toMatchObject({
      name: "LimitExceededException",
      message: "Resource limit exceeded.",
    });
    await logs.send(new CancelExportTaskCommand({ taskId }));
    expect((await over(taskId))?.status).toEqual({ code: "CANCELLED" });
    expect(await errorOf(logs.send(new CancelExportTaskCommand({ taskId })))).toMatchObject({
      name: "InvalidOperationException",
      message: "The specified export task has already finished.",
    });
    const { taskId: next } = await logs.send(new CreateExportTaskCommand(input));
    expect((await over(next))?.status?.code).toBe("COMPLETED");
    const { exportTasks } = await logs.send(new DescribeExportTasksCommand({ statusCode: "CANCELLED" }));
    expect(exportTasks?.map((one) => one.taskId)).toEqual([taskId]);
  });

  it.each([
    ["GetBucketAcl", []],
    ["PutObject", ["s3:GetBucketAcl"]],
  ])("is refused where the bucket's policy does not allow %s", async (call, actions) => {
    const logGroupName = await newGroup(logs);
    const input = {
      logGroupName,
      destination: await newBucket(actions.length > 0 ? actions : ["s3:ListBucket"]),
      ...span,
    };
    expect(await errorOf(logs.send(new CreateExportTaskCommand(input)))).toMatchObject({
      name: "InvalidParameterException",
      message: `${call} call on the given bucket failed. Please check if CloudWatch Logs has been granted permission to perform this operation.`,
    });
  });

  it("fails where the bucket is closed to it meanwhile", async () => {
    const logGroupName = await newGroup(logs);
    await put(logs, logGroupName, ["a"]);
    const Bucket = await newBucket();
    const { taskId } = await logs.send(
      new CreateExportTaskCommand({ logGroupName, destination: Bucket, ...span }),
    );
    const Statement = {
      Effect: "Deny",
      Principal: "*",
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${Bucket}/*`,
    };
    const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
    await s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
    const task = await over(taskId);
    expect(task?.status?.code).toBe("FAILED");
    expect(task?.status?.message).toMatch(/denied|not authorized/i);
  });
});
