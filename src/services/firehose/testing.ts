import {
  CreateDeliveryStreamCommand,
  type CreateDeliveryStreamCommandInput,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
} from "@aws-sdk/client-firehose";
import { CreateRoleCommand, type IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import {
  CreateBucketCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  type S3Client,
} from "@aws-sdk/client-s3";
import { type Credentials, optionsOf, policyOf } from "../../../test/harness.ts";

/** What this service's tests share. */

export function firehoseClient(at: { endpoint: string }, credentials: Credentials, region = "us-east-1") {
  return new FirehoseClient(optionsOf(at, credentials, region));
}

let serial = 0;

/** A role that trusts Firehose, for its account alone, as AWS's own example has it. */
export async function newRole(
  iam: IAMClient,
  account: string,
  ...statements: Record<string, unknown>[]
): Promise<string> {
  const Condition = { StringEquals: { "sts:ExternalId": account } };
  return await roleOf(iam, { Principal: { Service: "firehose.amazonaws.com" }, Condition }, statements);
}

/** A role that trusts a service. */
export async function newServiceRole(
  iam: IAMClient,
  Service: string,
  ...statements: Record<string, unknown>[]
): Promise<string> {
  return await roleOf(iam, { Principal: { Service } }, statements);
}

async function roleOf(
  iam: IAMClient,
  trust: Record<string, unknown>,
  statements: readonly Record<string, unknown>[],
): Promise<string> {
  serial += 1;
  const RoleName = `firehose-${serial}`;
  const AssumeRolePolicyDocument = policyOf({ ...trust, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
  for (const [i, statement] of statements.entries()) {
    const PolicyDocument = policyOf(statement);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: `p${i}`, PolicyDocument }));
  }
  return Role?.Arn ?? "";
}

export const mayPut = (bucket: string) => ({ Action: "s3:PutObject", Resource: `arn:aws:s3:::${bucket}/*` });

export async function newBucket(s3: S3Client): Promise<string> {
  serial += 1;
  const Bucket = `delivered-${serial}`;
  await s3.send(new CreateBucketCommand({ Bucket }));
  return Bucket;
}

export async function newDeliveryStream(
  firehose: FirehoseClient,
  destination: ExtendedS3DestinationConfiguration,
  input: Partial<CreateDeliveryStreamCommandInput> = {},
): Promise<string> {
  serial += 1;
  const DeliveryStreamName = `delivery-${serial}`;
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      ExtendedS3DestinationConfiguration: destination,
      ...input,
    }),
  );
  return DeliveryStreamName;
}

/** Every object of a bucket, by its key. */
export async function objectsIn(s3: S3Client, Bucket: string): Promise<Map<string, Buffer>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
  const objects = new Map<string, Buffer>();
  for (const { Key = "" } of Contents) {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
    objects.set(Key, Buffer.from((await Body?.transformToByteArray()) ?? []));
  }
  return objects;
}
