import { CreateRoleCommand, type IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { type ReplicationRule, S3 } from "@aws-sdk/client-s3";
import { expect, vi } from "vitest";
import { clients, optionsOf } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newBucket } from "./testing.ts";

/** What the tests of replication share. */

export const away = "eu-west-1";
export const waitMs = 10_000;

let made = 0;

/** A role that S3 may take for one bucket, and what AWS's documentation has it be allowed. */
export async function roleFor(source: string, targets: string[], iam: IAMClient, more: object[] = []) {
  made += 1;
  const RoleName = `replication-${made}`;
  const AssumeRolePolicyDocument = JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "sts:AssumeRole",
      Condition: { ArnLike: { "aws:SourceArn": `arn:aws:s3:::${source}` } },
    },
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  const Statement = [
    {
      Effect: "Allow",
      Action: ["s3:GetReplicationConfiguration", "s3:ListBucket"],
      Resource: `arn:aws:s3:::${source}`,
    },
    {
      Effect: "Allow",
      Action: [
        "s3:GetObjectVersionForReplication",
        "s3:GetObjectVersionAcl",
        "s3:GetObjectVersionTagging",
        "s3:GetObjectRetention",
        "s3:GetObjectLegalHold",
      ],
      Resource: `arn:aws:s3:::${source}/*`,
    },
    {
      Effect: "Allow",
      Action: ["s3:ReplicateObject", "s3:ReplicateDelete", "s3:ReplicateTags"],
      Resource: targets.map((target) => `arn:aws:s3:::${target}/*`),
    },
    ...more,
  ];
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "replicate", PolicyDocument }));
  return { arn: Role?.Arn ?? "", name: RoleName };
}

export function ruleTo(target: string, more: Partial<ReplicationRule> = {}): ReplicationRule {
  return {
    ID: `to-${target}`,
    Status: "Enabled",
    Priority: 1,
    Filter: { Prefix: "" },
    DeleteMarkerReplication: { Status: "Disabled" },
    ...more,
    Destination: { ...more.Destination, Bucket: `arn:aws:s3:::${target}` },
  };
}

/** Clients of one Cloudkeep, and what is done with them. */
export class ReplicationScene {
  readonly root: ReturnType<typeof clients>;
  readonly there: ReturnType<typeof clients>;
  readonly s3: S3;
  /** In the other Region. */
  readonly abroad: S3;

  constructor(cloudkeep: Cloudkeep) {
    const { credentials } = cloudkeep;
    this.root = clients(cloudkeep, credentials);
    this.there = clients(cloudkeep, credentials, away);
    this.s3 = new S3({ ...optionsOf(cloudkeep, credentials), forcePathStyle: true });
    this.abroad = new S3({ ...optionsOf(cloudkeep, credentials, away), forcePathStyle: true });
  }

  bucket(more: Parameters<typeof newBucket>[1] = {}): Promise<string> {
    return newBucket(this.root.s3, { versioned: true, ...more });
  }

  bucketAway(): Promise<string> {
    const CreateBucketConfiguration = { LocationConstraint: away } as const;
    return newBucket(this.there.s3, { versioned: true, CreateBucketConfiguration });
  }

  async follow(source: string, Role: string, Rules: ReplicationRule[]): Promise<void> {
    await this.s3.putBucketReplication({ Bucket: source, ReplicationConfiguration: { Role, Rules } });
  }

  /** A bucket that is replicated to another. */
  async pair(more: Partial<ReplicationRule> = {}, target?: string, statements: object[] = []) {
    const source = await this.bucket();
    const to = target ?? (await this.bucket());
    const role = await roleFor(source, [to], this.root.iam, statements);
    await this.follow(source, role.arn, [ruleTo(to, more)]);
    return { source, target: to, role };
  }

  async statusOf(Bucket: string, Key: string): Promise<string | undefined> {
    return (await this.s3.headObject({ Bucket, Key })).ReplicationStatus;
  }

  async reached(Bucket: string, Key: string, status: string): Promise<void> {
    const check = async () => expect(await this.statusOf(Bucket, Key)).toBe(status);
    await vi.waitFor(check, { timeout: waitMs });
  }
}
