import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket } from "./testing.ts";

const minuteMs = 60_000;

let cloudkeep: Cloudkeep;
let s3: S3;
let anonymous: S3;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const options = { ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true };
  s3 = new S3(options);
  anonymous = new S3({ ...options, signer: { sign: async (request) => request } });
});
afterAll(() => cloudkeep.stop());

const bucket = (more: Parameters<typeof newBucket>[1] = {}) =>
  newBucket(clients(cloudkeep, cloudkeep.credentials).s3, more);

/** Lets the service write under the prefix, for one source. */
async function letIn(target: string, source: string) {
  const Condition = {
    ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` },
    StringEquals: { "aws:SourceAccount": cloudkeep.accountId },
  };
  const Statement = {
    Effect: "Allow",
    Principal: { Service: "logging.s3.amazonaws.com" },
    Action: "s3:PutObject",
    Resource: `arn:aws:s3:::${target}/logs/*`,
    Condition,
  };
  await s3.putBucketPolicy({ Bucket: target, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
}

async function logged(source: string, target: string, TargetObjectKeyFormat?: object) {
  const LoggingEnabled = {
    TargetBucket: target,
    TargetPrefix: "logs/",
    ...(TargetObjectKeyFormat && { TargetObjectKeyFormat }),
  };
  await s3.putBucketLogging({ Bucket: source, BucketLoggingStatus: { LoggingEnabled } });
}

async function delivered(target: string): Promise<{ keys: string[]; lines: string[] }> {
  await cloudkeep.clock.advance(5 * minuteMs);
  const { Contents = [] } = await s3.listObjectsV2({ Bucket: target });
  const keys = Contents.map(({ Key = "" }) => Key);
  const texts = keys.map(async (Key) =>
    (await s3.getObject({ Bucket: target, Key })).Body?.transformToString(),
  );
  return { keys, lines: (await Promise.all(texts)).join("").trimEnd().split("\n") };
}

/** Fields that a line has: words, quoted texts, the time in brackets. */
const fieldsOf = (line: string) => line.match(/\[[^\]]*\]|"[^"]*"|\S+/g) ?? [];

describe("access logs", () => {
  it("tell of each request, allowed or refused, in AWS's form", async () => {
    const source = await bucket();
    const target = await bucket();
    await letIn(target, source);
    await logged(source, target);
    const object = { Bucket: source, Key: "a b.txt" };
    await s3.putObject({ ...object, Body: "text" });
    await s3.getObject({ ...object, Range: "bytes=1-2" });
    await errorOf(anonymous.getObject(object));
    await errorOf(s3.getObject({ Bucket: source, Key: "absent" }));
    await s3.getBucketPolicy({ Bucket: source }).catch(() => undefined);
    const { keys, lines } = await delivered(target);
    expect(keys).toHaveLength(1);
    expect(keys[0]).toMatch(/^logs\/\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-Z]{16}$/);
    const all = lines.map(fieldsOf);
    expect(new Set(all.map((fields) => fields.length))).toEqual(new Set([27]));
    // Operation, key, status, error code, bytes sent, size of the object; how it was signed.
    const told = all.map((fields) => [...fields.slice(6, 8), ...fields.slice(9, 13), fields[19], fields[21]]);
    expect(told).toEqual([
      ["REST.PUT.LOGGING_STATUS", "-", "200", "-", "-", "-", "SigV4", "AuthHeader"],
      ["REST.PUT.OBJECT", "a+b.txt", "200", "-", "-", "4", "SigV4", "AuthHeader"],
      ["REST.GET.OBJECT", "a+b.txt", "206", "-", "2", "4", "SigV4", "AuthHeader"],
      ["REST.GET.OBJECT", "a+b.txt", "403", "AccessDenied", "-", "-", "-", "-"],
      ["REST.GET.OBJECT", "absent", "404", "NoSuchKey", "-", "-", "SigV4", "AuthHeader"],
      ["REST.GET.BUCKETPOLICY", "-", "404", "NoSuchBucketPolicy", "-", "-", "SigV4", "AuthHeader"],
    ]);
    expect(all[2]?.[8]).toBe(`"GET /${source}/a%20b.txt?x-id=GetObject HTTP/1.1"`);
    expect([all[1]?.[4]?.length, all[3]?.[4]]).toEqual([64, "-"]);
    expect((await delivered(target)).keys).toHaveLength(1);
  });

  it("wait where the target does not let them in, and stop when they are turned off", async () => {
    const source = await bucket();
    const target = await bucket();
    await logged(source, target, { PartitionedPrefix: { PartitionDateSource: "EventTime" } });
    await s3.headBucket({ Bucket: source });
    expect((await delivered(target)).keys).toEqual([]);
    await letIn(target, source);
    const { keys, lines } = await delivered(target);
    expect(keys[0]).toMatch(
      new RegExp(`^logs/${cloudkeep.accountId}/us-east-1/${source}/\\d{4}/\\d\\d/\\d\\d/[^/]+$`),
    );
    expect(lines.map((line) => fieldsOf(line)[6])).toEqual(["REST.PUT.LOGGING_STATUS", "REST.HEAD.BUCKET"]);
    await s3.putBucketLogging({ Bucket: source, BucketLoggingStatus: {} });
    await s3.headBucket({ Bucket: source });
    expect((await delivered(target)).keys).toHaveLength(1);
  });

  it("are let in by a grant to the group that delivers them", async () => {
    const source = await bucket();
    const target = await bucket({ ObjectOwnership: "BucketOwnerPreferred" });
    await s3.putBucketAcl({ Bucket: target, ACL: "log-delivery-write" as never });
    await logged(source, target);
    expect((await delivered(target)).lines).toHaveLength(1);
  });

  it("cannot be made to hold other lines", async () => {
    const source = await bucket();
    const target = await bucket();
    await letIn(target, source);
    await logged(source, target);
    const strange = new S3({
      ...optionsOf(cloudkeep, cloudkeep.credentials),
      forcePathStyle: true,
      customUserAgent: 'quote" - "and',
    });
    await strange.putObject({ Bucket: source, Key: 'new\nline "quoted"', Body: "text" });
    const { lines } = await delivered(target);
    expect(lines).toHaveLength(2);
    expect(fieldsOf(lines[1] ?? "")).toHaveLength(27);
    expect(fieldsOf(lines[1] ?? "")[7]).toBe("new%0Aline+%22quoted%22");
  });
});
