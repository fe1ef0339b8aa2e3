import { Agent } from "node:https";
import { CloudTrailClient } from "@aws-sdk/client-cloudtrail";
import { CloudWatch } from "@aws-sdk/client-cloudwatch";
import { CloudWatchLogs } from "@aws-sdk/client-cloudwatch-logs";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { IAMClient } from "@aws-sdk/client-iam";
import { KMSClient } from "@aws-sdk/client-kms";
import {
  CreateAccountCommand,
  DescribeCreateAccountStatusCommand,
  OrganizationsClient,
} from "@aws-sdk/client-organizations";
import { S3Client } from "@aws-sdk/client-s3";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SNS } from "@aws-sdk/client-sns";
import { SQSClient } from "@aws-sdk/client-sqs";
import { STSClient } from "@aws-sdk/client-sts";
import { NodeHttpHandler } from "@smithy/node-http-handler";
import { type Cloudkeep, start } from "../src/start.ts";
import { MemoryStore } from "../src/storage/memory.ts";
import { newCertificate } from "./certificate.ts";

/** A Cloudkeep over a store in memory: the whole path, without the disk. */
export async function startForTest(): Promise<Cloudkeep> {
  return await start({ store: new MemoryStore() });
}

/** What clients reach Cloudkeep by; `ca` where it serves TLS. */
export interface Reached {
  endpoint: string;
  ca?: string;
}

/** The same under TLS, with a certificate of its own. */
export async function startTlsForTest(): Promise<Cloudkeep & { ca: string }> {
  const { key, certificate } = await newCertificate("127.0.0.1");
  const cloudkeep = await start({ store: new MemoryStore(), tls: { cert: certificate, key } });
  return Object.assign(cloudkeep, { ca: certificate });
}

export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Options of an SDK client for one caller, unmodified but for the endpoint. Failed calls are not retried. */
export function optionsOf(
  { endpoint, ca }: Reached,
  credentials: Credentials,
  region = "us-east-1",
): {
  endpoint: string;
  region: string;
  credentials: Credentials;
  maxAttempts: number;
  requestHandler?: NodeHttpHandler;
} {
  const requestHandler = ca && new NodeHttpHandler({ httpsAgent: new Agent({ ca }) });
  return { endpoint, region, credentials, maxAttempts: 1, ...(requestHandler && { requestHandler }) };
}

/** SDK clients of one caller. */
export function clients(cloudkeep: Reached, credentials: Credentials, region = "us-east-1") {
  const options = optionsOf(cloudkeep, credentials, region);
  return {
    iam: new IAMClient(options),
    sts: new STSClient(options),
    kms: new KMSClient(options),
    organizations: new OrganizationsClient(options),
    cloudtrail: new CloudTrailClient(options),
    s3: new S3Client({ ...options, forcePathStyle: true }),
    events: new EventBridge(options),
    scheduler: new Scheduler(options),
    sns: new SNS(options),
    sqs: new SQSClient(options),
    logs: new CloudWatchLogs(options),
    cloudwatch: new CloudWatch(options),
  };
}

/** The error that a call ends with; a call that succeeds fails the test. */
export async function errorOf(
  call: Promise<unknown>,
): Promise<Error & { name: string; $metadata?: { httpStatusCode?: number; requestId?: string } }> {
  try {
    await call;
  } catch (error) {
    return error as Error;
  }
  throw new Error("The call succeeded, yet should have been refused.");
}

/** Credentials as STS and IAM answer them, for an SDK client. */
export function credentialsOf(
  answer:
    | {
        AccessKeyId?: string | undefined;
        SecretAccessKey?: string | undefined;
        SessionToken?: string | undefined;
      }
    | undefined,
): Credentials {
  if (!answer?.AccessKeyId || !answer.SecretAccessKey) throw new Error("The answer holds no credentials.");
  return {
    accessKeyId: answer.AccessKeyId,
    secretAccessKey: answer.SecretAccessKey,
    ...(answer.SessionToken && { sessionToken: answer.SessionToken }),
  };
}

/** Makes an account of the caller's organization; its id. */
export async function newMember(organizations: OrganizationsClient, AccountName = "data"): Promise<string> {
  const Email = `${AccountName}@example.com`;
  const { CreateAccountStatus } = await organizations.send(new CreateAccountCommand({ AccountName, Email }));
  const CreateAccountRequestId = CreateAccountStatus?.Id;
  const made = await organizations.send(new DescribeCreateAccountStatusCommand({ CreateAccountRequestId }));
  return made.CreateAccountStatus?.AccountId ?? "";
}

/** A policy of one statement. */
export function policyOf(statement: Record<string, unknown>): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
}
