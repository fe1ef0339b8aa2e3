import { randomUUID } from "node:crypto";
import type { Processor } from "@aws-sdk/client-firehose";
import { AwsError } from "../../kit/errors.ts";
import type { DeliveryScope } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import {
  defaultLambdaBufferMiB,
  defaultLambdaRetries,
  maxInvocationBytes,
  maxInvocationsAtOnce,
  mebibyte,
} from "./limits.ts";
import { asRole } from "./names.ts";
import { numberOf, parameterOf } from "./processors.ts";
import { type Failure, failedRecord, type Incoming, type Processed, type Ready } from "./records.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** Records through a function. https://docs.aws.amazon.com/firehose/latest/dev/data-transformation.html */

/** A record and what is around it, in an invocation's JSON. */
const recordOverheadBytes = 200;

const words = {
  "Lambda.FunctionError": "The Lambda function was successfully invoked but it returned an error result.",
  "Lambda.ProcessingFailedStatus": "ProcessingFailed status set for record",
  "Lambda.MissingRecordId":
    "One or more record Ids were not returned. Ensure that the Lambda function returns all received record Ids.",
  "Lambda.DuplicatedRecordId":
    "Multiple records were returned with the same record ID. Ensure that the Lambda function returns unique record IDs for each record.",
  "Lambda.JsonProcessingException":
    "There was an error parsing returned records from the Lambda function. Ensure that the returned records follow the status model required by Kinesis Data Firehose.",
  "Lambda.InvokeAccessDenied":
    "Access was denied. Ensure that the access policy allows access to the Lambda function.",
  "Lambda.AssumeRoleAccessDenied":
    "Access was denied. Ensure that the trust policy for the provided IAM role allows Kinesis Data Firehose to assume the role.",
  "Lambda.ResourceNotFound":
    "The specified Lambda function does not exist. Use a different function that does exist.",
  "Lambda.InvokeLimitExceeded":
    "The Lambda concurrent execution limit is exceeded. Increase the concurrent execution limit.",
  "Lambda.ResponseTooLarge": "The response that the Lambda function returned exceeds 6 MB.",
} as const;

function failureOf(code: keyof typeof words): Failure {
  return { code, message: words[code] };
}

interface Transformation {
  stream: DeliveryStreamRow;
  processor: Processor;
  /** Of the destination: the function is called as its session unless the processor names another. */
  roleArn: string;
}

/** What the function makes of records, invoked several times at once with as many of them as it may get. */
export async function transformed(
  records: readonly Incoming[],
  transformation: Transformation,
  processed: Processed,
  scope: DeliveryScope,
): Promise<Ready[]> {
  const batches = batchesOf(records, transformation.processor);
  const results: Ready[][] = batches.map(() => []);
  let next = 0;
  const worker = async () => {
    while (next < batches.length) {
      const index = next;
      next += 1;
      results[index] = await throughFunction(batches[index] as Incoming[], transformation, processed, scope);
    }
  };
  await Promise.all(Array.from({ length: Math.min(maxInvocationsAtOnce, batches.length) }, worker));
  return results.flat();
}

function batchesOf(records: readonly Incoming[], processor: Processor): Incoming[][] {
  const wanted = numberOf(processor, "BufferSizeInMBs", defaultLambdaBufferMiB) * mebibyte;
  const batches: Incoming[][] = [];
  let data = 0;
  let whole = 0;
  for (const record of records) {
    const encoded = Math.ceil(record.data.length / 3) * 4 + recordOverheadBytes;
    const full = data + record.data.length > wanted || whole + encoded > maxInvocationBytes;
    if (full || batches.length === 0) {
      batches.push([]);
      data = 0;
      whole = recordOverheadBytes * 2;
    }
    (batches.at(-1) as Incoming[]).push(record);
    data += record.data.length;
    whole += encoded;
  }
  return batches;
}

async function throughFunction(
  batch: readonly Incoming[],
  transformation: Transformation,
  processed: Processed,
  scope: DeliveryScope,
): Promise<Ready[]> {
  const { stream, processor } = transformation;
  const lambdaArn = parameterOf(processor, "LambdaArn") ?? "";
  const payload = Buffer.from(
    JSON.stringify({
      invocationId: randomUUID(),
      deliveryStreamArn: stream.arn,
      ...(stream.source && { sourceKinesisStreamArn: stream.source.streamArn }),
      region: stream.region,
      records: batch.map(({ id, arrivalMs, data }) => ({
        recordId: id,
        approximateArrivalTimestamp: Math.floor(arrivalMs),
        data: data.toString("base64"),
      })),
    }),
  );
  const retries = numberOf(processor, "NumberOfRetries", defaultLambdaRetries);
  for (let attempts = 1; ; attempts += 1) {
    const answer = await invoke(payload, lambdaArn, transformation, scope);
    if ("code" in answer && attempts <= retries && isWorthRetrying(answer)) continue;
    const fail = (record: Incoming, failure: Failure) => {
      processed.failed.push(failedRecord(record, failure, { attempts, nowMs: scope.nowMs, lambdaArn }));
      if (processed.problems.every(({ code }) => code !== failure.code))
        processed.problems.push({ ...failure, processor: lambdaArn });
    };
    if ("code" in answer) {
      for (const record of batch) fail(record, answer);
      return [];
    }
    return sorted(batch, answer.records, fail);
  }
}

/** Time-outs and limits pass; a function that is not there, or closed to us, stays so for this delivery. */
function isWorthRetrying({ code }: Failure): boolean {
  return code === "Lambda.FunctionError" || code === "Lambda.InvokeLimitExceeded";
}

async function invoke(
  Payload: Buffer,
  lambdaArn: string,
  { stream, processor, roleArn }: Transformation,
  scope: DeliveryScope,
): Promise<Failure | { records: unknown[] }> {
  const arn = parseArn(lambdaArn);
  if (arn === undefined) return failureOf("Lambda.ResourceNotFound");
  const { account, region } = arn;
  try {
    const answer = await scope.act(async (ctx) => {
      const as = await asRole(stream, parameterOf(processor, "RoleArn") ?? roleArn, ctx);
      const input = { FunctionName: lambdaArn, InvocationType: "RequestResponse", Payload };
      return await ctx.call("lambda", "Invoke", input, { as, account, region });
    });
    if (answer.FunctionError !== undefined) return failureOf("Lambda.FunctionError");
    const returned = Buffer.from((answer.Payload as Uint8Array | undefined) ?? []);
    if (returned.length > maxInvocationBytes) return failureOf("Lambda.ResponseTooLarge");
    return parsed(returned.toString());
  } catch (error) {
    if (error instanceof AwsError) return failureOf(codeOf(error));
    throw error;
  }
}

function codeOf({ code, message }: AwsError): keyof typeof words {
  if (/NotFound|NotImplemented/.test(code)) return "Lambda.ResourceNotFound";
  if (/TooManyRequests|Throttl|LimitExceeded/.test(code)) return "Lambda.InvokeLimitExceeded";
  if (/AccessDenied/.test(code) && message.includes("sts:AssumeRole")) return "Lambda.AssumeRoleAccessDenied";
  if (/AccessDenied/.test(code)) return "Lambda.InvokeAccessDenied";
  return "Lambda.FunctionError";
}

function parsed(text: string): Failure | { records: unknown[] } {
  try {
    const { records } = JSON.parse(text) as { records?: unknown };
    if (Array.isArray(records)) return { records };
  } catch {
    // Falls through: what is no JSON has no records.
  }
  return failureOf("Lambda.JsonProcessingException");
}

interface Returned {
  recordId?: unknown;
  result?: unknown;
  data?: unknown;
  metadata?: { partitionKeys?: unknown };
}

/** What was returned for each record, in the order in which they came. Ids that were not sent are passed over. */
function sorted(
  batch: readonly Incoming[],
  returned: readonly unknown[],
  fail: (record: Incoming, failure: Failure) => void,
): Ready[] {
  const byId = new Map<string, Returned[]>();
  for (const one of returned as Returned[]) {
    const id = typeof one?.recordId === "string" ? one.recordId : "";
    byId.set(id, [...(byId.get(id) ?? []), one]);
  }
  const ready: Ready[] = [];
  for (const record of batch) {
    const [answer, ...more] = byId.get(record.id) ?? [];
    if (answer === undefined) fail(record, failureOf("Lambda.MissingRecordId"));
    else if (more.length > 0) fail(record, failureOf("Lambda.DuplicatedRecordId"));
    else if (answer.result === "ProcessingFailed") fail(record, failureOf("Lambda.ProcessingFailedStatus"));
    else if (answer.result === "Ok") {
      const data = bytesOf(answer.data);
      if (data === undefined) fail(record, failureOf("Lambda.JsonProcessingException"));
      else ready.push({ arrivalMs: record.arrivalMs, data, ...keysOf(answer) });
    } else if (answer.result !== "Dropped") fail(record, failureOf("Lambda.JsonProcessingException"));
  }
  return ready;
}

/** Undefined for what is no base64. */
function bytesOf(data: unknown): Buffer | undefined {
  if (typeof data !== "string" || data.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(data))
    return undefined;
  return Buffer.from(data, "base64");
}

function keysOf({ metadata }: Returned): { fromLambda?: Record<string, string> } {
  const keys = metadata?.partitionKeys;
  if (typeof keys !== "object" || keys === null) return {};
  return {
    fromLambda: Object.fromEntries(Object.entries(keys).map(([name, value]) => [name, String(value)])),
  };
}
