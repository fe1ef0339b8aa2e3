/** Firehose: how fast records go through it into S3. `node --import tsx bench/firehose.ts` */

import { randomBytes } from "node:crypto";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  CreateDeliveryStreamCommand,
  type ExtendedS3DestinationConfiguration,
  FirehoseClient,
} from "@aws-sdk/client-firehose";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateFunctionCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { zipOf } from "../src/services/lambda/testing.ts";
import { policyOf } from "../test/harness.ts";
import { runLoad } from "./load.ts";
import { removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const recordBytes = 1_000;
const recordsPerPut = 500;
const puts = Number(process.env.BENCH_PUTS ?? 400);

const server = await startCloudkeepProcess();
const { credentials } = server;
const options = { endpoint: `http://127.0.0.1:${server.port}`, region: "us-east-1", credentials };
const firehose = new FirehoseClient(options);
const s3 = new S3Client({ ...options, forcePathStyle: true });
const make = requestMaker({ port: server.port, service: "firehose", credentials });
const rows: Record<string, string | number>[] = [];

async function newRole(): Promise<string | undefined> {
  const iam = new IAMClient(options);
  const Service = ["firehose.amazonaws.com", "lambda.amazonaws.com"];
  const trust = policyOf({ Principal: { Service }, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: "firehose", AssumeRolePolicyDocument: trust }),
  );
  const Action = ["s3:PutObject", "lambda:InvokeFunction", "logs:*"];
  const PolicyDocument = policyOf({ Action, Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName: "firehose", PolicyName: "p", PolicyDocument }));
  return Role?.Arn;
}

const transform = `export const handler = async ({ records }) => ({
  records: records.map(({ recordId, data }) => ({ recordId, result: "Ok", data })),
});`;

async function newFunction(Role: string | undefined): Promise<string> {
  const { FunctionArn = "" } = await new LambdaClient(options).send(
    new CreateFunctionCommand({
      FunctionName: "transform",
      Role,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      MemorySize: 512,
      Timeout: 30,
      Code: { ZipFile: zipOf({ "index.mjs": transform }) },
    }),
  );
  return FunctionArn;
}

async function bytesIn(Bucket: string): Promise<{ objects: number; bytes: number }> {
  let objects = 0;
  let bytes = 0;
  for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Size = 0 } of Contents) {
      objects += 1;
      bytes += Size;
    }
  }
  return { objects, bytes };
}

/** From the first put until the last record is in the bucket. */
async function measure(
  what: string,
  Bucket: string,
  RoleARN: string | undefined,
  config: Partial<ExtendedS3DestinationConfiguration>,
): Promise<void> {
  await s3.send(new CreateBucketCommand({ Bucket }));
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: Bucket,
      ExtendedS3DestinationConfiguration: {
        RoleARN,
        BucketARN: `arn:aws:s3:::${Bucket}`,
        BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 1 },
        ...config,
      },
    }),
  );
  const padding = randomBytes(recordBytes)
    .toString("hex")
    .slice(0, recordBytes - 40);
  const requests = Array.from({ length: 20 }, (_, n) =>
    make.json("Firehose_20150804.PutRecordBatch", {
      DeliveryStreamName: Bucket,
      Records: Array.from({ length: recordsPerPut }, (_, i) => ({
        Data: Buffer.from(JSON.stringify({ customer: `c${(n + i) % 10}`, padding })).toString("base64"),
      })),
    }),
  );
  const begun = performance.now();
  const { perSecond, p50Ms, failed, firstFailure } = await runLoad({
    port: server.port,
    connections: 16,
    requests,
    count: puts,
  });
  if (failed > 0) throw new Error(`${failed} batches failed: ${firstFailure}`);
  const total = puts * recordsPerPut * (recordBytes - 20);
  let found = await bytesIn(Bucket);
  while (found.bytes < total * 0.98) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    found = await bytesIn(Bucket);
  }
  const seconds = (performance.now() - begun) / 1000;
  rows.push({
    what,
    "MB per second in": Math.round((perSecond * recordsPerPut * recordBytes) / 1e6),
    "p50 ms": p50Ms.toFixed(1),
    "MB per second end to end": Math.round(total / seconds / 1e6),
    objects: found.objects,
    bar: 15,
  });
}

try {
  const RoleARN = await newRole();
  await measure("as it comes", "plain", RoleARN, {});
  await measure("with delimiters, partitions by JQ", "partitioned", RoleARN, {
    Prefix: "customer=!{partitionKeyFromQuery:customer}/",
    ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
    DynamicPartitioningConfiguration: { Enabled: true },
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: "MetadataExtraction",
          Parameters: [
            { ParameterName: "MetadataExtractionQuery", ParameterValue: "{customer: .customer}" },
            { ParameterName: "JsonParsingEngine", ParameterValue: "JQ-1.6" },
          ],
        },
        { Type: "AppendDelimiterToRecord", Parameters: [] },
      ],
    },
  });
  const LambdaArn = await newFunction(RoleARN);
  await measure("through a function", "transformed", RoleARN, {
    ProcessingConfiguration: {
      Enabled: true,
      Processors: [
        {
          Type: "Lambda",
          Parameters: [
            { ParameterName: "LambdaArn", ParameterValue: LambdaArn },
            { ParameterName: "BufferSizeInMBs", ParameterValue: "3" },
          ],
        },
      ],
    },
  });
  console.table(rows);
  const folder = fileURLToPath(new URL("results/", import.meta.url));
  mkdirSync(folder, { recursive: true });
  writeFileSync(`${folder}firehose.json`, `${JSON.stringify({ node: process.version, rows }, null, 2)}\n`);
} finally {
  await server.stop();
  removeData(server);
}
