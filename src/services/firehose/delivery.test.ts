import { gunzipSync, gzipSync, inflateRawSync } from "node:zlib";
import {
  DeleteDeliveryStreamCommand,
  type FirehoseClient,
  type ProcessingConfiguration,
  type Processor,
  PutRecordBatchCommand,
  PutRecordCommand,
} from "@aws-sdk/client-firehose";
import { PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand } from "@aws-sdk/client-kms";
import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const put = (DeliveryStreamName: string, ...texts: string[]) =>
  firehose.send(
    new PutRecordBatchCommand({
      DeliveryStreamName,
      Records: texts.map((text) => ({ Data: Buffer.from(text) })),
    }),
  );

/** A bucket, and a role that may put into it. */
async function place() {
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  return { bucket, RoleARN, BucketARN: `arn:aws:s3:::${bucket}` };
}

describe("a delivery to S3", () => {
  it("comes when its first record has waited long enough", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, { ...config, BufferingHints: { IntervalInSeconds: 60 } });
    const one = await firehose.send(
      new PutRecordCommand({ DeliveryStreamName: name, Record: { Data: Buffer.from("one\n") } }),
    );
    expect(one).toMatchObject({ RecordId: expect.stringMatching(/^.{216}$/), Encrypted: false });
    const more = await put(name, "two\n", "three\n");
    expect(more.FailedPutCount).toBe(0);
    expect(new Set(more.RequestResponses?.map(({ RecordId }) => RecordId)).size).toBe(2);
    await cloudkeep.clock.advance(58_000);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
    await cloudkeep.clock.advance(3_000);
    const objects = [...(await objectsIn(aws.s3, bucket))];
    expect(objects.map(([, body]) => body.toString())).toEqual(["one\ntwo\nthree\n"]);
    expect(objects[0]?.[0]).toMatch(
      new RegExp(`^\\d{4}/\\d\\d/\\d\\d/\\d\\d/${name}-1-\\d{4}(-\\d\\d){5}-[0-9a-f-]{36}$`),
    );
  });

  it("comes as soon as there is enough, in objects of no more than 15 MB", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, { ...config, BufferingHints: { SizeInMBs: 1 } });
    const large = "x".repeat(400_000);
    for (let i = 0; i < 3; i += 1) await put(name, large);
    await expect.poll(async () => (await objectsIn(aws.s3, bucket)).size).toBe(1);
    const [body] = [...(await objectsIn(aws.s3, bucket)).values()];
    expect(body?.length).toBe(800_000);
    await cloudkeep.clock.advance(301_000);
    const sizes = [...(await objectsIn(aws.s3, bucket)).values()].map(({ length }) => length);
    expect(sizes.sort()).toEqual([400_000, 800_000]);
  });

  it("is compressed, named and encrypted as asked for", async () => {
    const { bucket, RoleARN: _, BucketARN } = await place();
    const { KeyMetadata } = await aws.kms.send(new CreateKeyCommand({}));
    const AWSKMSKeyARN = KeyMetadata?.Arn;
    const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket), {
      Action: ["kms:GenerateDataKey", "kms:Decrypt"],
      Resource: AWSKMSKeyARN,
    });
    const shared = { BucketARN, RoleARN, BufferingHints: { IntervalInSeconds: 60 } };
    const gzip = await newDeliveryStream(firehose, {
      ...shared,
      Prefix: "gz/",
      CompressionFormat: "GZIP",
      EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN } },
    });
    const zip = await newDeliveryStream(firehose, { ...shared, Prefix: "zip/", CompressionFormat: "ZIP" });
    const named = await newDeliveryStream(firehose, {
      ...shared,
      Prefix: "named/!{timestamp:yyyy}/",
      ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
      FileExtension: ".json",
      CustomTimeZone: "Asia/Tokyo",
    });
    for (const name of [gzip, zip, named]) await put(name, "some text, ".repeat(100));
    await cloudkeep.clock.advance(61_000);
    const objects = await objectsIn(aws.s3, bucket);
    const find = (prefix: string) =>
      [...objects].find(([key]) => key.startsWith(prefix)) ?? ["", Buffer.of()];
    const [gzKey, gzBody] = find("gz/");
    expect(gzKey).toMatch(/\.gz$/);
    expect(gunzipSync(gzBody as Buffer).toString()).toBe("some text, ".repeat(100));
    const head = await aws.s3.send(new HeadObjectCommand({ Bucket: bucket, Key: gzKey as string }));
    expect([head.ServerSideEncryption, head.SSEKMSKeyId]).toEqual(["aws:kms", AWSKMSKeyARN]);
    const [zipKey, zipBody] = find("zip/");
    expect(zipKey).toMatch(/\.zip$/);
    const archive = zipBody as Buffer;
    const nameLength = archive.readUInt16LE(26);
    const dataLength = archive.readUInt32LE(18);
    const data = archive.subarray(30 + nameLength, 30 + nameLength + dataLength);
    expect(inflateRawSync(data).toString()).toBe("some text, ".repeat(100));
    expect(archive.readUInt32LE(archive.length - 22)).toBe(0x06054b50);
    expect(find("named/")[0]).toMatch(/^named\/\d{4}\/.*\.json$/);
  });

  it("is tried again while the bucket refuses, is told of in the log, and loses nothing", async () => {
    const { bucket, BucketARN } = await place();
    const logGroupName = `/aws/kinesisfirehose/${bucket}`;
    await aws.logs.createLogGroup({ logGroupName });
    await aws.logs.createLogStream({ logGroupName, logStreamName: "S3Delivery" });
    const RoleARN = await newRole(aws.iam, cloudkeep.accountId, {
      Action: "logs:PutLogEvents",
      Resource: "*",
    });
    const name = await newDeliveryStream(firehose, {
      RoleARN,
      BucketARN,
      BufferingHints: { IntervalInSeconds: 60 },
      CloudWatchLoggingOptions: { Enabled: true, LogGroupName: logGroupName, LogStreamName: "S3Delivery" },
    });
    await put(name, "patience\n");
    await cloudkeep.clock.advance(90_000);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
    const { events = [] } = await aws.logs.getLogEvents({ logGroupName, logStreamName: "S3Delivery" });
    expect(JSON.parse(events[0]?.message ?? "{}")).toMatchObject({
      deliveryStreamARN: expect.stringContaining(name),
      errorCode: "S3.AccessDenied",
      destination: BucketARN,
    });
    const RoleName = RoleARN.slice(RoleARN.lastIndexOf("/") + 1);
    await aws.iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "put", PolicyDocument: policyOf(mayPut(bucket)) }),
    );
    await put(name, "rewarded\n");
    await cloudkeep.clock.advance(600_000);
    const bodies = [...(await objectsIn(aws.s3, bucket)).values()].map(String);
    expect(bodies.join("")).toBe("patience\nrewarded\n");
  });

  it("that fails for a day is lost, as AWS documents", async () => {
    const { bucket, BucketARN } = await place();
    const RoleARN = await newRole(aws.iam, cloudkeep.accountId);
    const name = await newDeliveryStream(firehose, { RoleARN, BucketARN });
    await put(name, "lost");
    await cloudkeep.clock.advance(25 * 3_600_000);
    const RoleName = RoleARN.slice(RoleARN.lastIndexOf("/") + 1);
    await aws.iam.send(
      new PutRolePolicyCommand({ RoleName, PolicyName: "put", PolicyDocument: policyOf(mayPut(bucket)) }),
    );
    await cloudkeep.clock.advance(3_600_000);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
  });

  it("ends with the delivery stream", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, config);
    await put(name, "gone");
    await firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: name }));
    expect((await errorOf(put(name, "x"))).name).toBe("ResourceNotFoundException");
    await cloudkeep.clock.advance(400_000);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
  });
});

describe("processing without functions", () => {
  const processing = (...Processors: Processor[]): ProcessingConfiguration => ({ Enabled: true, Processors });
  const processor = (Type: Processor["Type"], parameters: Record<string, string> = {}): Processor => ({
    Type,
    Parameters: Object.entries(parameters).map(([ParameterName, ParameterValue]) => ({
      ParameterName: ParameterName as never,
      ParameterValue,
    })),
  });

  it("appends delimiters, decompresses, and takes out what CloudWatch Logs sent", async () => {
    const { bucket, ...config } = await place();
    const shared = { ...config, BufferingHints: { IntervalInSeconds: 60 } };
    const delimited = await newDeliveryStream(firehose, {
      ...shared,
      Prefix: "delimited/",
      ProcessingConfiguration: processing(processor("AppendDelimiterToRecord", { Delimiter: "\\n" })),
    });
    const logs = await newDeliveryStream(firehose, {
      ...shared,
      Prefix: "logs/",
      ProcessingConfiguration: processing(
        processor("Decompression", { CompressionFormat: "GZIP" }),
        processor("CloudWatchLogProcessing", { DataMessageExtraction: "true" }),
      ),
    });
    await put(delimited, "a", "b");
    const message = (messageType: string, ...messages: string[]) =>
      gzipSync(JSON.stringify({ messageType, logEvents: messages.map((text) => ({ message: text })) }));
    const Records = [
      message("CONTROL_MESSAGE", "CWL CONTROL MESSAGE"),
      message("DATA_MESSAGE", "first", "second"),
      Buffer.from("no gzip"),
    ].map((Data) => ({ Data }));
    await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: logs, Records }));
    await cloudkeep.clock.advance(61_000);
    const objects = [...(await objectsIn(aws.s3, bucket))];
    const bodyAt = (prefix: string) => objects.find(([key]) => key.startsWith(prefix))?.[1].toString();
    expect(bodyAt("delimited/")).toBe("a\nb\n");
    expect(bodyAt("logs/2")).toBe("first\nsecond\n");
    const failed = JSON.parse(bodyAt("logs/processing-failed/") ?? "{}");
    expect(failed).toMatchObject({
      attemptsMade: 1,
      errorCode: "Decompression.Failed",
      rawData: Buffer.from("no gzip").toString("base64"),
    });
  });

  it("partitions by what JQ finds in each record", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, {
      ...config,
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
      Prefix: "customer=!{partitionKeyFromQuery:customer}/!{partitionKeyFromQuery:year}/",
      ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
      DynamicPartitioningConfiguration: { Enabled: true },
      ProcessingConfiguration: processing(
        processor("MetadataExtraction", {
          MetadataExtractionQuery: '{customer: .customer.id, year: (.at | strftime("%Y"))}',
          JsonParsingEngine: "JQ-1.6",
        }),
        processor("RecordDeAggregation", { SubRecordType: "JSON" }),
        processor("AppendDelimiterToRecord"),
      ),
    });
    const record = (id: unknown) => JSON.stringify({ customer: { id }, at: 1565382027 });
    await put(name, record("a") + record("b"), record("a"), '{"customer":{}}', "no json");
    await cloudkeep.clock.advance(61_000);
    const objects = await objectsIn(aws.s3, bucket);
    const shown = [...objects].map(([key, body]) => [
      key.replace(/[^/]+$/, ""),
      body.toString().trim().split("\n").length,
    ]);
    expect(shown.sort()).toEqual([
      ["customer=a/2019/", 2],
      ["customer=b/2019/", 1],
      ["errors/processing-failed/", 2],
    ]);
    const errors =
      [...objects]
        .find(([key]) => key.startsWith("errors/"))?.[1]
        .toString()
        .trim()
        .split("\n") ?? [];
    expect(errors.map((line) => JSON.parse(line).errorCode).sort()).toEqual([
      "DynamicPartitioning.MetadataExtractionFailed",
      "RecordDeAggregation.Failed",
    ]);
  });

  it("is not held up by a query that does not end", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, {
      ...config,
      BufferingHints: { SizeInMBs: 64, IntervalInSeconds: 60 },
      Prefix: "!{partitionKeyFromQuery:a}/",
      ErrorOutputPrefix: "errors/!{firehose:error-output-type}/",
      DynamicPartitioningConfiguration: { Enabled: true },
      ProcessingConfiguration: processing(
        processor("MetadataExtraction", {
          MetadataExtractionQuery: "{a: ([range(0; 1000000000000)] | length)}",
        }),
      ),
    });
    await put(name, '{"a":1}');
    await cloudkeep.clock.advance(61_000);
    expect([...(await objectsIn(aws.s3, bucket)).keys()][0]).toMatch(/^errors\/processing-failed\//);
  }, 20_000);

  it("backs up what came, as it came", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, {
      ...config,
      Prefix: "delivered/",
      BufferingHints: { IntervalInSeconds: 60 },
      ProcessingConfiguration: processing(processor("AppendDelimiterToRecord")),
      S3BackupMode: "Enabled",
      S3BackupConfiguration: { ...config, Prefix: "source/" },
    });
    await put(name, "a", "b");
    await cloudkeep.clock.advance(61_000);
    const objects = [...(await objectsIn(aws.s3, bucket))].map(([key, body]) => [
      key.split("/")[0],
      body.toString(),
    ]);
    expect(objects.sort()).toEqual([
      ["delivered", "a\nb\n"],
      ["source", "ab"],
    ]);
  });
});
