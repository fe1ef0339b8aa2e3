import { gunzipSync, gzipSync } from "node:zlib";
import {
  CreateTrailCommand,
  DeleteTrailCommand,
  DescribeTrailsCommand,
  GetTrailStatusCommand,
  StartLoggingCommand,
} from "@aws-sdk/client-cloudtrail";
import { CreateUserCommand } from "@aws-sdk/client-iam";
import {
  CopyObjectCommand,
  CreateBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { playV1 } from "../../src/cli/demo/v1.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, policyOf, startForTest } from "../harness.ts";
import { aws, environment, hasCli } from "./unmodified.ts";

/** Every change to identity is recorded, routed and announced. */

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

it("the demonstration plays to its end", async () => {
  const { endpoint, accountId: account, credentials } = cloudkeep;
  const said: string[] = [];
  await playV1({ aws: { endpoint, account, credentials }, say: (text) => void said.push(text) });
  const heard = said.find((text) => text.includes("the endpoint, the queue and the mailbox hold"));
  expect(heard).toContain(
    `arn:aws:iam::${account}:root attached arn:aws:iam::aws:policy/AdministratorAccess`,
  );
  expect(said).toContain("The alarm on the metric filter has gone off.");
  const trail = said.at(-1)?.match(/--trail-arn (\S+)/)?.[1];
  const status = await root.cloudtrail.send(new GetTrailStatusCommand({ Name: trail }));
  expect(status.LatestDeliveryError).toBeUndefined();
  expect(status.LatestDigestDeliveryError).toBeUndefined();
});

const minuteMs = 60_000;

/** A trail that has written three log files and a digest; keys of the files, by their users' names. */
async function trailOf(name: string): Promise<{ arn: string; keys: string[]; startedAt: number }> {
  await root.s3.send(new CreateBucketCommand({ Bucket: name }));
  const Policy = policyOf({
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${name}/*`,
  });
  await root.s3.send(new PutBucketPolicyCommand({ Bucket: name, Policy }));
  const trail = { Name: name, S3BucketName: name, EnableLogFileValidation: true };
  const { TrailARN = "" } = await root.cloudtrail.send(new CreateTrailCommand(trail));
  const startedAt = cloudkeep.clock.now();
  await root.cloudtrail.send(new StartLoggingCommand({ Name: name }));
  for (const user of ["one", "two", "three"]) {
    await root.iam.send(new CreateUserCommand({ UserName: `${name}-${user}` }));
    await cloudkeep.clock.advance(6 * minuteMs);
  }
  await cloudkeep.clock.advance(60 * minuteMs);
  return { arn: TrailARN, keys: await keysOf(name, "CloudTrail"), startedAt };
}

async function keysOf(Bucket: string, folder: string): Promise<string[]> {
  const Prefix = `AWSLogs/${cloudkeep.accountId}/${folder}/`;
  const { Contents = [] } = await root.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key }) => Key ?? "");
}

describe.skipIf(!hasCli)("aws cloudtrail validate-logs", () => {
  // An account may have five trails in a Region.
  afterEach(async () => {
    const { trailList = [] } = await root.cloudtrail.send(new DescribeTrailsCommand({}));
    for (const { TrailARN } of trailList)
      await root.cloudtrail.send(new DeleteTrailCommand({ Name: TrailARN }));
  });

  async function validated({ arn, startedAt }: { arn: string; startedAt: number }): Promise<string> {
    const time = (ms: number) => new Date(ms).toISOString();
    const args = ["cloudtrail", "validate-logs", "--trail-arn", arn, "--verbose"];
    const range = ["--start-time", time(startedAt), "--end-time", time(cloudkeep.clock.now())];
    // It ends with 1 where something is not whole.
    return await aws(environment(cloudkeep), ...args, ...range).catch(
      ({ stdout, stderr }: { stdout: string; stderr: string }) => stdout + stderr,
    );
  }

  it("finds whole logs whole", async () => {
    const trail = await trailOf("whole");
    expect(trail.keys).toHaveLength(3);
    const result = await validated(trail);
    expect(result).toContain("1/1 digest files valid");
    expect(result).toContain("3/3 log files valid");
  });

  it("finds a log file that was changed", async () => {
    const trail = await trailOf("changed");
    const at = { Bucket: "changed", Key: trail.keys[1] ?? "" };
    const { Body } = await root.s3.send(new GetObjectCommand(at));
    const text = gunzipSync((await Body?.transformToByteArray()) ?? Buffer.alloc(0)).toString();
    expect(text).toContain("changed-two");
    const forged = gzipSync(text.replaceAll("changed-two", "changed-2"));
    await root.s3.send(new PutObjectCommand({ ...at, Body: forged }));
    const result = await validated(trail);
    expect(result).toContain(`s3://changed/${at.Key}\tINVALID: hash value doesn't match`);
    expect(result).toContain("2/3 log files valid, 1/3 log files INVALID");
  });

  it("finds a log file that is gone", async () => {
    const trail = await trailOf("gone");
    const Key = trail.keys[0] ?? "";
    await root.s3.send(new DeleteObjectCommand({ Bucket: "gone", Key }));
    const result = await validated(trail);
    expect(result).toContain(`s3://gone/${Key}\tINVALID: not found`);
    expect(result).toContain("2/3 log files valid, 1/3 log files INVALID");
  });

  it("finds two log files that were swapped", async () => {
    const trail = await trailOf("swapped");
    const [first = "", second = ""] = trail.keys;
    const copy = (from: string, Key: string) =>
      root.s3.send(new CopyObjectCommand({ Bucket: "swapped", CopySource: `swapped/${from}`, Key }));
    await copy(first, "aside");
    await copy(second, first);
    await copy("aside", second);
    const result = await validated(trail);
    for (const key of [first, second])
      expect(result).toContain(`s3://swapped/${key}\tINVALID: hash value doesn't match`);
    expect(result).toContain("1/3 log files valid, 2/3 log files INVALID");
  });

  it("finds a digest that was changed", async () => {
    const trail = await trailOf("digest");
    const [Key = ""] = await keysOf("digest", "CloudTrail-Digest");
    const at = { Bucket: "digest", Key };
    const { Body, Metadata } = await root.s3.send(new GetObjectCommand(at));
    const text = gunzipSync((await Body?.transformToByteArray()) ?? Buffer.alloc(0)).toString();
    const { logFiles, ...others } = JSON.parse(text) as { logFiles: object[] };
    const forged = gzipSync(JSON.stringify({ ...others, logFiles: logFiles.slice(1) }));
    await root.s3.send(new PutObjectCommand({ ...at, Body: forged, Metadata: Metadata ?? {} }));
    expect(await validated(trail)).toContain(`s3://digest/${Key}\tINVALID: signature verification failed`);
  });
});
