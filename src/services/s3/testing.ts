import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  type CreateBucketCommandInput,
  DeletePublicAccessBlockCommand,
  GetObjectCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type PutObjectCommandInput,
  type S3Client,
} from "@aws-sdk/client-s3";
import { clients, credentialsOf } from "../../../test/harness.ts";

/** What the tests of S3 share. */

let made = 0;

export async function newBucket(
  s3: S3Client,
  input: Partial<CreateBucketCommandInput> & { versioned?: boolean; open?: boolean } = {},
): Promise<string> {
  const { versioned, open, ...rest } = input;
  made += 1;
  const Bucket = `bucket-${made}-${process.pid}`;
  await s3.send(new CreateBucketCommand({ Bucket, ...rest }));
  if (versioned) {
    const VersioningConfiguration = { Status: "Enabled" as const };
    await s3.send(new PutBucketVersioningCommand({ Bucket, VersioningConfiguration }));
  }
  if (open) await s3.send(new DeletePublicAccessBlockCommand({ Bucket }));
  return Bucket;
}

export async function put(
  s3: S3Client,
  Bucket: string,
  Key: string,
  Body: string | Buffer = Key,
  more: Partial<PutObjectCommandInput> = {},
) {
  return await s3.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
}

export async function read(s3: S3Client, Bucket: string, Key: string, more: object = {}): Promise<string> {
  const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key, ...more }));
  return (await Body?.transformToString()) ?? "";
}

/** A user with one inline policy, or none. */
export async function newUser(
  cloudkeep: { endpoint: string },
  iam: ReturnType<typeof clients>["iam"],
  statements: object[] = [],
) {
  made += 1;
  const UserName = `user-${made}`;
  const { User } = await iam.send(new CreateUserCommand({ UserName }));
  if (statements.length > 0) {
    const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
    await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "inline", PolicyDocument }));
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return { arn: User?.Arn ?? "", ...clients(cloudkeep, credentialsOf(AccessKey)) };
}
