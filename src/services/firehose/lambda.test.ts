import { readFileSync } from "node:fs";
import { type FirehoseClient, PutRecordBatchCommand } from "@aws-sdk/client-firehose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients } from "../../../test/harness.ts";
import { buildDirectory } from "../../kit/buildFiles.ts";
import { AwsError } from "../../kit/errors.ts";
import { defineService, serviceApi } from "../../kit/service.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { services } from "../index.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

/** Transformations, by functions that a stand-in for Lambda runs: what is asked of Lambda is what is tested here. */

interface Invocation {
  invocationId: string;
  deliveryStreamArn: string;
  region: string;
  records: { recordId: string; approximateArrivalTimestamp: number; data: string }[];
}

type Returned = { recordId?: string; result?: string; data?: string; metadata?: object };
type Body = (invocation: Invocation) => { records?: Returned[] } | "error" | Buffer;

const functions = new Map<string, Body>();
const invocations: Invocation[] = [];

interface Invoke {
  Invoke: {
    input: { FunctionName: string; InvocationType: string; Payload: Buffer };
    output: object;
    errors: "ResourceNotFoundException";
  };
}

const invoke = serviceApi<Invoke>("lambda").operation("Invoke", {
  access: ({ FunctionName }) => ({ action: "lambda:InvokeFunction", resource: FunctionName }),
  async handle({ FunctionName, InvocationType, Payload }) {
    const body = functions.get(FunctionName);
    if (body === undefined)
      throw new AwsError("ResourceNotFoundException", "Function not found", { status: 404 });
    expect(InvocationType).toBe("RequestResponse");
    const invocation = JSON.parse(Payload.toString()) as Invocation;
    invocations.push(invocation);
    const answer = body(invocation);
    if (answer === "error")
      return { StatusCode: 200, FunctionError: "Unhandled", Payload: Buffer.from("{}") };
    return {
      StatusCode: 200,
      Payload: Buffer.isBuffer(answer) ? answer : Buffer.from(JSON.stringify(answer)),
    };
  },
});
const contract = JSON.parse(readFileSync(`${buildDirectory}/contracts/lambda.json`, "utf8")) as {
  operations: Record<string, unknown>;
};
const lambda = defineService({
  name: "lambda",
  eventSource: "lambda.amazonaws.com",
  operations: [invoke],
  missing: Object.keys(contract.operations).filter((name) => name !== "Invoke"),
});

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await start({
    store: new MemoryStore(),
    services: { ...services, lambda: { load: async () => ({ default: lambda }) } },
  });
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

let serial = 0;

interface Outcome {
  delivered: string;
  failed: Record<string, unknown>[];
  lambdaArn: string;
  calls: Invocation[];
}

/** What becomes of records by a function. */
async function through(
  body: Body | undefined,
  texts: readonly string[],
  {
    parameters = {},
    prefix = "",
    allowed = true,
  }: { parameters?: Record<string, string>; prefix?: string; allowed?: boolean } = {},
): Promise<Outcome> {
  serial += 1;
  const lambdaArn = `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:f${serial}:$LATEST`;
  if (body !== undefined) functions.set(lambdaArn, body);
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(
    aws.iam,
    cloudkeep.accountId,
    mayPut(bucket),
    ...(allowed ? [{ Action: "lambda:InvokeFunction", Resource: lambdaArn }] : []),
  );
  const Parameters = Object.entries({ LambdaArn: lambdaArn, ...parameters }).map(
    ([ParameterName, ParameterValue]) => ({
      ParameterName: ParameterName as never,
      ParameterValue,
    }),
  );
  const DeliveryStreamName = await newDeliveryStream(firehose, {
    RoleARN,
    BucketARN: `arn:aws:s3:::${bucket}`,
    BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
    ...(prefix !== "" && {
      Prefix: prefix,
      ErrorOutputPrefix: "!{firehose:error-output-type}/",
      DynamicPartitioningConfiguration: { Enabled: true },
    }),
    ProcessingConfiguration: { Enabled: true, Processors: [{ Type: "Lambda", Parameters }] },
  });
  const before = invocations.length;
  const Records = texts.map((text) => ({ Data: Buffer.from(text) }));
  await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }));
  await cloudkeep.clock.advance(61_000);
  const objects = [...(await objectsIn(aws.s3, bucket))];
  const isFailed = ([key]: [string, Buffer]) => key.startsWith("processing-failed/");
  const lines = objects.filter(isFailed).flatMap(([, content]) => content.toString().trim().split("\n"));
  return {
    delivered: objects
      .filter((one) => !isFailed(one))
      .map(([key, content]) => (prefix === "" ? "" : `${key.split("/")[0]}: `) + content.toString())
      .sort()
      .join("\n"),
    failed: lines.map((line) => JSON.parse(line) as Record<string, unknown>),
    lambdaArn,
    calls: invocations.slice(before),
  };
}

const upper = (data: string) =>
  Buffer.from(Buffer.from(data, "base64").toString().toUpperCase()).toString("base64");

describe("a function", () => {
  it("transforms records, drops some, and fails some", async () => {
    const results = ["Ok", "Dropped", "ProcessingFailed", "Ok"];
    const { delivered, failed, lambdaArn, calls } = await through(
      ({ records }) => ({
        records: records.map(({ recordId, data }, i) => ({
          recordId,
          result: results[i] as string,
          data: upper(data),
        })),
      }),
      ["a", "b", "c", "d"],
    );
    expect(delivered).toBe("AD");
    expect(calls.length).toBe(1);
    expect(calls[0]).toMatchObject({
      invocationId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      deliveryStreamArn: expect.stringContaining(":deliverystream/"),
      region: "us-east-1",
    });
    const now = cloudkeep.clock.now();
    expect(failed).toEqual([
      {
        attemptsMade: 1,
        arrivalTimestamp: calls[0]?.records[2]?.approximateArrivalTimestamp,
        errorCode: "Lambda.ProcessingFailedStatus",
        errorMessage: "ProcessingFailed status set for record",
        attemptEndingTimestamp: expect.any(Number),
        rawData: Buffer.from("c").toString("base64"),
        lambdaArn,
      },
    ]);
    expect(failed[0]?.attemptEndingTimestamp).toBeLessThanOrEqual(now);
  });

  it("that fails is called three times more; then the records fail", async () => {
    const { delivered, failed, calls } = await through(() => "error", ["a", "b"]);
    expect([delivered, calls.length]).toEqual(["", 4]);
    expect(failed.map(({ attemptsMade, errorCode }) => [attemptsMade, errorCode])).toEqual([
      [4, "Lambda.FunctionError"],
      [4, "Lambda.FunctionError"],
    ]);
    let times = 0;
    const recovered = await through(
      ({ records }) => {
        times += 1;
        if (times < 3) return "error";
        return { records: records.map(({ recordId, data }) => ({ recordId, result: "Ok", data })) };
      },
      ["a"],
      { parameters: { NumberOfRetries: "2" } },
    );
    expect([recovered.delivered, recovered.calls.length]).toEqual(["a", 3]);
  });

  it("that leaves records out, doubles them, or returns what is none, fails those records", async () => {
    const ok = (recordId: string, data: string) => ({ recordId, result: "Ok", data });
    const missing = await through(
      ({ records: [one] }) => ({
        records: [ok(one?.recordId ?? "", one?.data ?? ""), ok("unknown", "YQ==")],
      }),
      ["a", "b"],
    );
    expect([missing.delivered, missing.failed[0]?.errorCode]).toEqual(["a", "Lambda.MissingRecordId"]);
    const doubled = await through(
      ({ records }) => ({
        records: [...records, ...records.slice(0, 1)].map((one) => ok(one.recordId, one.data)),
      }),
      ["a", "b"],
    );
    expect([doubled.delivered, doubled.failed[0]?.errorCode]).toEqual(["b", "Lambda.DuplicatedRecordId"]);
    const noBase64 = await through(
      ({ records }) => ({ records: records.map(({ recordId }) => ok(recordId, "no base64!")) }),
      ["a"],
    );
    expect(noBase64.failed[0]?.errorCode).toBe("Lambda.JsonProcessingException");
    const noJson = await through(() => Buffer.from("hello"), ["a"]);
    expect(noJson.failed[0]?.errorCode).toBe("Lambda.JsonProcessingException");
    const strange = await through(
      ({ records }) => ({
        records: records.map(({ recordId, data }) => ({ recordId, result: "Fine", data })),
      }),
      ["a"],
    );
    expect(strange.failed[0]?.errorCode).toBe("Lambda.JsonProcessingException");
  });

  it("that is not there, or closed to the role, fails its records at once", async () => {
    const absent = await through(undefined, ["a"]);
    expect(absent.failed).toMatchObject([{ errorCode: "Lambda.ResourceNotFound", attemptsMade: 1 }]);
    const closed = await through(({ records }) => ({ records }), ["a"], { allowed: false });
    expect(closed.failed).toMatchObject([{ errorCode: "Lambda.InvokeAccessDenied", attemptsMade: 1 }]);
  });

  it("gets no more than its buffer says, and never more than 6 MB", async () => {
    const texts = Array.from({ length: 4 }, (_, i) => String(i).repeat(900_000));
    const keep: Body = ({ records }) => ({
      records: records.map(({ recordId, data }) => ({ recordId, result: "Ok", data })),
    });
    const small = await through(keep, texts);
    expect(small.calls.map(({ records }) => records.length)).toEqual([1, 1, 1, 1]);
    expect(small.delivered).toBe(texts.join(""));
    const large = await through(keep, texts, { parameters: { BufferSizeInMBs: "3" } });
    expect(large.calls.map(({ records }) => records.length).sort()).toEqual([1, 3]);
  });

  it("gives partition keys", async () => {
    const { delivered } = await through(
      ({ records }) => ({
        records: records.map(({ recordId, data }, i) => ({
          recordId,
          result: "Ok",
          data,
          metadata: { partitionKeys: { half: i % 2 } },
        })),
      }),
      ["a", "b", "c"],
      { prefix: "half=!{partitionKeyFromLambda:half}/" },
    );
    expect(delivered).toBe("half=0: ac\nhalf=1: b");
  });
});
