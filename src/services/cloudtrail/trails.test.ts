import { createPublicKey, createVerify, hash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import {
  CreateTrailCommand,
  DescribeTrailsCommand,
  GetTrailStatusCommand,
  ListPublicKeysCommand,
  PutEventSelectorsCommand,
  StartLoggingCommand,
  StopLoggingCommand,
} from "@aws-sdk/client-cloudtrail";
import { CreateRoleCommand, CreateUserCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  DeleteBucketPolicyCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutBucketPolicyCommand,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { TrailEvent } from "../../kit/record.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;

/** A bucket that CloudTrail may write to, as AWS's documentation has it. */
async function trailBucket(Bucket: string, trail: string): Promise<void> {
  await root.s3.send(new CreateBucketCommand({ Bucket }));
  const Policy = policyOf({
    Principal: { Service: "cloudtrail.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${Bucket}/AWSLogs/${cloudkeep.accountId}/*`,
    Condition: {
      StringEquals: {
        "s3:x-amz-acl": "bucket-owner-full-control",
        "aws:SourceArn": `arn:aws:cloudtrail:us-east-1:${cloudkeep.accountId}:trail/${trail}`,
      },
    },
  });
  await root.s3.send(new PutBucketPolicyCommand({ Bucket, Policy }));
}

async function keysOf(Bucket: string, folder: string): Promise<string[]> {
  const Prefix = `AWSLogs/${cloudkeep.accountId}/${folder}/`;
  const { Contents = [] } = await root.s3.send(new ListObjectsV2Command({ Bucket, Prefix }));
  return Contents.map(({ Key }) => Key ?? "");
}

async function textOf(
  Bucket: string,
  Key: string,
): Promise<{ text: string; metadata: Record<string, string> }> {
  const { Body, Metadata = {} } = await root.s3.send(new GetObjectCommand({ Bucket, Key }));
  const bytes = (await Body?.transformToByteArray()) ?? new Uint8Array();
  return { text: gunzipSync(bytes).toString(), metadata: Metadata };
}

async function eventsOf(Bucket: string): Promise<TrailEvent[]> {
  const events: TrailEvent[] = [];
  for (const key of await keysOf(Bucket, "CloudTrail"))
    events.push(...(JSON.parse((await textOf(Bucket, key)).text) as { Records: TrailEvent[] }).Records);
  return events;
}

describe("a trail", () => {
  it("needs a bucket that lets it in", async () => {
    const create = (S3BucketName: string) =>
      root.cloudtrail.send(new CreateTrailCommand({ Name: "nowhere", S3BucketName }));
    expect((await errorOf(create("no-such-bucket"))).name).toBe("S3BucketDoesNotExistException");
    await root.s3.send(new CreateBucketCommand({ Bucket: "closed" }));
    expect(await errorOf(create("closed"))).toMatchObject({
      name: "InsufficientS3BucketPolicyException",
      message: "Incorrect S3 bucket policy is detected for bucket: closed",
    });
  });

  it("delivers what it logs into S3, and nothing else", async () => {
    await trailBucket("all", "all");
    const { TrailARN } = await root.cloudtrail.send(
      new CreateTrailCommand({ Name: "all", S3BucketName: "all", IsMultiRegionTrail: true }),
    );
    await root.iam.send(new CreateUserCommand({ UserName: "before" }));
    await root.cloudtrail.send(new StartLoggingCommand({ Name: TrailARN }));
    await root.iam.send(new CreateUserCommand({ UserName: "during" }));
    await root.s3.send(new PutObjectCommand({ Bucket: "closed", Key: "data", Body: "x" }));
    await cloudkeep.clock.advance(6 * minuteMs);
    const events = await eventsOf("all");
    const users = events.filter(({ eventName }) => eventName === "CreateUser");
    expect(users.map(({ requestParameters }) => requestParameters)).toEqual([{ userName: "during" }]);
    expect(events.every(({ managementEvent }) => managementEvent)).toBe(true);
    const status = await root.cloudtrail.send(new GetTrailStatusCommand({ Name: "all" }));
    expect(status).toMatchObject({ IsLogging: true });
    expect(status.LatestDeliveryTime).toBeInstanceOf(Date);
    await root.cloudtrail.send(new StopLoggingCommand({ Name: "all" }));
    await root.iam.send(new CreateUserCommand({ UserName: "after" }));
    await cloudkeep.clock.advance(10 * minuteMs);
    const later = (await eventsOf("all")).filter(({ eventName }) => eventName === "CreateUser");
    expect(later).toHaveLength(1);
  });

  it("says what keeps it from delivering, and catches up when it can again", async () => {
    await trailBucket("flaky", "flaky");
    await root.cloudtrail.send(new CreateTrailCommand({ Name: "flaky", S3BucketName: "flaky" }));
    await root.cloudtrail.send(new StartLoggingCommand({ Name: "flaky" }));
    await root.s3.send(new DeleteBucketPolicyCommand({ Bucket: "flaky" }));
    await root.iam.send(new CreateUserCommand({ UserName: "kept" }));
    await cloudkeep.clock.advance(6 * minuteMs);
    expect(await root.cloudtrail.send(new GetTrailStatusCommand({ Name: "flaky" }))).toMatchObject({
      LatestDeliveryError: "AccessDenied",
    });
    expect(await eventsOf("flaky")).toEqual([]);
    const Policy = policyOf({
      Principal: { Service: "cloudtrail.amazonaws.com" },
      Action: "s3:PutObject",
      Resource: "arn:aws:s3:::flaky/*",
    });
    await root.s3.send(new PutBucketPolicyCommand({ Bucket: "flaky", Policy }));
    await cloudkeep.clock.advance(6 * minuteMs);
    const names = (await eventsOf("flaky")).map(({ requestParameters }) => requestParameters);
    expect(names).toContainEqual({ userName: "kept" });
  });

  it("logs data events of the objects that its selectors name", async () => {
    await trailBucket("selected", "selected");
    await root.cloudtrail.send(new CreateTrailCommand({ Name: "selected", S3BucketName: "selected" }));
    await root.cloudtrail.send(
      new PutEventSelectorsCommand({
        TrailName: "selected",
        AdvancedEventSelectors: [
          {
            FieldSelectors: [
              { Field: "eventCategory", Equals: ["Data"] },
              { Field: "resources.type", Equals: ["AWS::S3::Object"] },
              { Field: "resources.ARN", StartsWith: ["arn:aws:s3:::closed/watched/"] },
              { Field: "readOnly", Equals: ["false"] },
            ],
          },
        ],
      }),
    );
    await root.cloudtrail.send(new StartLoggingCommand({ Name: "selected" }));
    for (const Key of ["watched/one", "other/two"])
      await root.s3.send(new PutObjectCommand({ Bucket: "closed", Key, Body: "x" }));
    await root.s3.send(new GetObjectCommand({ Bucket: "closed", Key: "watched/one" }));
    await cloudkeep.clock.advance(6 * minuteMs);
    const events = await eventsOf("selected");
    expect(events.map(({ eventName, requestParameters }) => [eventName, requestParameters])).toEqual([
      ["PutObject", expect.objectContaining({ key: "watched/one" })],
    ]);
  });

  it("writes digests each hour, signed and chained", async () => {
    await trailBucket("whole", "whole");
    await root.cloudtrail.send(
      new CreateTrailCommand({ Name: "whole", S3BucketName: "whole", EnableLogFileValidation: true }),
    );
    await root.cloudtrail.send(new StartLoggingCommand({ Name: "whole" }));
    await root.iam.send(new CreateUserCommand({ UserName: "digested" }));
    await cloudkeep.clock.advance(130 * minuteMs);
    const digests = await keysOf("whole", "CloudTrail-Digest");
    expect(digests).toHaveLength(2);
    const { PublicKeyList = [] } = await root.cloudtrail.send(new ListPublicKeysCommand({}));
    let previous: { text: string; metadata: Record<string, string> } | undefined;
    for (const key of digests) {
      const digest = await textOf("whole", key);
      const content = JSON.parse(digest.text);
      const known = PublicKeyList.find(
        ({ Fingerprint }) => Fingerprint === content.digestPublicKeyFingerprint,
      );
      const publicKey = createPublicKey({
        key: Buffer.from(known?.Value ?? []),
        format: "der",
        type: "pkcs1",
      });
      const lines = [
        content.digestEndTime,
        `whole/${key}`,
        hash("sha256", digest.text),
        previous?.metadata.signature ?? "null",
      ];
      const verify = createVerify("sha256").update(lines.join("\n"));
      expect(verify.verify(publicKey, digest.metadata.signature ?? "", "hex")).toBe(true);
      expect(content.previousDigestHashValue).toBe(
        previous === undefined ? null : hash("sha256", previous.text),
      );
      for (const { s3Object, hashValue } of content.logFiles)
        expect(hash("sha256", (await textOf("whole", s3Object)).text)).toBe(hashValue);
      previous = digest;
    }
    const first = JSON.parse((await textOf("whole", digests[0] ?? "")).text);
    expect(first.logFiles.length).toBeGreaterThan(0);
    // What is logged before the end stands in a last digest.
    await root.iam.send(new CreateUserCommand({ UserName: "last" }));
    await root.cloudtrail.send(new StopLoggingCommand({ Name: "whole" }));
    await cloudkeep.clock.advance(300 * minuteMs);
    const [, , last = "", ...more] = await keysOf("whole", "CloudTrail-Digest");
    expect(more).toEqual([]);
    expect(JSON.parse((await textOf("whole", last)).text).logFiles.length).toBeGreaterThan(0);
  });

  it("writes events to its log group as a session of its role, at once", async () => {
    const { accountId } = cloudkeep;
    await root.logs.createLogGroup({ logGroupName: "trail" });
    const trust = policyOf({ Principal: { Service: "cloudtrail.amazonaws.com" }, Action: "sts:AssumeRole" });
    const role = new CreateRoleCommand({ RoleName: "trail-logs", AssumeRolePolicyDocument: trust });
    const { Role } = await root.iam.send(role);
    const PolicyDocument = policyOf({ Action: ["logs:CreateLogStream", "logs:PutLogEvents"], Resource: "*" });
    await root.iam.send(
      new PutRolePolicyCommand({ RoleName: "trail-logs", PolicyName: "write", PolicyDocument }),
    );
    await trailBucket("logged", "logged");
    await root.cloudtrail.send(
      new CreateTrailCommand({
        Name: "logged",
        S3BucketName: "logged",
        CloudWatchLogsLogGroupArn: `arn:aws:logs:us-east-1:${accountId}:log-group:trail:*`,
        CloudWatchLogsRoleArn: Role?.Arn,
      }),
    );
    await root.cloudtrail.send(new StartLoggingCommand({ Name: "logged" }));
    await root.iam.send(new CreateUserCommand({ UserName: "lined" }));
    await cloudkeep.clock.advance(0);
    const { events = [] } = await root.logs.filterLogEvents({
      logGroupName: "trail",
      filterPattern: '{ $.eventName = "CreateUser" && $.requestParameters.userName = "lined" }',
    });
    expect(events).toHaveLength(1);
    expect(events[0]?.logStreamName).toBe(`${accountId}_CloudTrail_us-east-1`);
  });

  it("of several Regions is shown in each, and changed only at home", async () => {
    const there = clients(cloudkeep, cloudkeep.credentials, "eu-west-1");
    const { trailList } = await there.cloudtrail.send(new DescribeTrailsCommand({}));
    expect(trailList?.map(({ Name, HomeRegion }) => [Name, HomeRegion])).toEqual([["all", "us-east-1"]]);
    const stop = there.cloudtrail.send(new StopLoggingCommand({ Name: "all" }));
    expect((await errorOf(stop)).name).toBe("InvalidHomeRegionException");
  });
});
