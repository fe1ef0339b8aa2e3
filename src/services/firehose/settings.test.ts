import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type ExtendedS3DestinationUpdate,
  type FirehoseClient,
  ListDeliveryStreamsCommand,
  ListTagsForDeliveryStreamCommand,
  PutRecordBatchCommand,
  PutRecordCommand,
  StartDeliveryStreamEncryptionCommand,
  StopDeliveryStreamEncryptionCommand,
  TagDeliveryStreamCommand,
  UntagDeliveryStreamCommand,
  UpdateDestinationCommand,
} from "@aws-sdk/client-firehose";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await start({ store });
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

async function place() {
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  return { bucket, config: { RoleARN, BucketARN: `arn:aws:s3:::${bucket}` } };
}

const describeOf = async (DeliveryStreamName: string) =>
  (await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }))).DeliveryStreamDescription;
const put = (DeliveryStreamName: string, text: string) =>
  firehose.send(new PutRecordCommand({ DeliveryStreamName, Record: { Data: Buffer.from(text) } }));

describe("a delivery stream", () => {
  it("is described with its defaults", async () => {
    const { config } = await place();
    const name = await newDeliveryStream(firehose, config, {
      Tags: [{ Key: "team", Value: "data" }],
      DirectPutSourceConfiguration: { ThroughputHintInMBs: 5 },
    });
    expect(await describeOf(name)).toMatchObject({
      DeliveryStreamName: name,
      DeliveryStreamARN: `arn:aws:firehose:us-east-1:${cloudkeep.accountId}:deliverystream/${name}`,
      DeliveryStreamStatus: "ACTIVE",
      DeliveryStreamType: "DirectPut",
      VersionId: "1",
      HasMoreDestinations: false,
      DeliveryStreamEncryptionConfiguration: { Status: "DISABLED" },
      Source: { DirectPutSourceDescription: { ThroughputHintInMBs: 5 } },
      Destinations: [
        {
          DestinationId: "destinationId-000000000001",
          S3DestinationDescription: { ...config, BufferingHints: { SizeInMBs: 5, IntervalInSeconds: 300 } },
          ExtendedS3DestinationDescription: {
            ...config,
            CompressionFormat: "UNCOMPRESSED",
            EncryptionConfiguration: { NoEncryptionConfig: "NoEncryption" },
            CloudWatchLoggingOptions: { Enabled: false },
            S3BackupMode: "Disabled",
          },
        },
      ],
    });
  });

  it("has a name of its own, is listed, and goes", async () => {
    const { config } = await place();
    const west = firehoseClient(cloudkeep, cloudkeep.credentials, "us-west-2");
    for (const DeliveryStreamName of ["b", "a", "c"]) {
      await west.send(
        new CreateDeliveryStreamCommand({ DeliveryStreamName, S3DestinationConfiguration: config }),
      );
    }
    const again = await errorOf(
      west.send(
        new CreateDeliveryStreamCommand({ DeliveryStreamName: "a", S3DestinationConfiguration: config }),
      ),
    );
    expect([again.name, again.message]).toEqual([
      "ResourceInUseException",
      `Firehose a under accountId ${cloudkeep.accountId} already exists`,
    ]);
    expect(await west.send(new ListDeliveryStreamsCommand({ Limit: 2 }))).toMatchObject({
      DeliveryStreamNames: ["a", "b"],
      HasMoreDeliveryStreams: true,
    });
    const rest = await west.send(
      new ListDeliveryStreamsCommand({
        ExclusiveStartDeliveryStreamName: "b",
        DeliveryStreamType: "DirectPut",
      }),
    );
    expect(rest).toMatchObject({ DeliveryStreamNames: ["c"], HasMoreDeliveryStreams: false });
    await west.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: "a" }));
    const gone = await errorOf(west.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName: "a" })));
    expect([gone.name, gone.message]).toEqual([
      "ResourceNotFoundException",
      `Firehose a under account ${cloudkeep.accountId} not found.`,
    ]);
  });

  it("is refused where it could not work", async () => {
    const { config } = await place();
    const create = (destination: object) =>
      errorOf(newDeliveryStream(firehose, { ...config, ...destination }));
    for (const destination of [
      { Prefix: "!{timestamp:yyyy}/" },
      { CustomTimeZone: "Middle/Earth" },
      { S3BackupMode: "Enabled" },
      {
        Prefix: "!{partitionKeyFromQuery:a}/",
        ErrorOutputPrefix: "e/!{firehose:error-output-type}",
        DynamicPartitioningConfiguration: { Enabled: true },
      },
      { ProcessingConfiguration: { Enabled: true, Processors: [{ Type: "Lambda", Parameters: [] }] } },
      {
        ProcessingConfiguration: {
          Enabled: true,
          Processors: [
            {
              Type: "MetadataExtraction",
              Parameters: [{ ParameterName: "MetadataExtractionQuery", ParameterValue: "{a: .b" }],
            },
          ],
        },
      },
    ]) {
      expect((await create(destination)).name).toBe("InvalidArgumentException");
    }
    const big = Array.from({ length: 5 }, () => ({ Data: Buffer.alloc(1_000_000) }));
    const name = await newDeliveryStream(firehose, config);
    const tooMuch = await errorOf(
      firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: name, Records: big })),
    );
    expect(tooMuch.name).toBe("InvalidArgumentException");
  });

  it("says what is not built", async () => {
    const { config } = await place();
    const splunk = await errorOf(
      firehose.send(
        new CreateDeliveryStreamCommand({
          DeliveryStreamName: "splunk",
          SplunkDestinationConfiguration: {
            HECEndpoint: "https://splunk.example.com",
            HECEndpointType: "Raw",
            S3Configuration: config,
          },
        }),
      ),
    );
    expect([splunk.$metadata?.httpStatusCode, splunk.message]).toEqual([
      501,
      "Cloudkeep does not build Splunk destinations of Firehose.",
    ]);
    const snappy = await errorOf(newDeliveryStream(firehose, { ...config, CompressionFormat: "Snappy" }));
    expect(snappy.$metadata?.httpStatusCode).toBe(501);
  });

  it("needs a role that its maker may pass, and that trusts Firehose", async () => {
    const { config } = await place();
    await aws.iam.send(new CreateUserCommand({ UserName: "maker" }));
    const PolicyDocument = policyOf({ Action: "firehose:*", Resource: "*" });
    await aws.iam.send(new PutUserPolicyCommand({ UserName: "maker", PolicyName: "p", PolicyDocument }));
    const { AccessKey } = await aws.iam.send(new CreateAccessKeyCommand({ UserName: "maker" }));
    const maker = firehoseClient(cloudkeep, credentialsOf(AccessKey));
    const denied = await errorOf(newDeliveryStream(maker, config));
    expect(denied.message).toContain("iam:PassRole");
    const nobody = `arn:aws:iam::${cloudkeep.accountId}:role/nobody`;
    const unable = await errorOf(newDeliveryStream(firehose, { ...config, RoleARN: nobody }));
    expect([unable.name, unable.message]).toEqual([
      "InvalidArgumentException",
      `Firehose is unable to assume role ${nobody}. Please check the role provided.`,
    ]);
  });

  it("is changed by whoever knows its version", async () => {
    const { bucket, config } = await place();
    const name = await newDeliveryStream(firehose, config);
    const update = (version: string, ExtendedS3DestinationUpdate: ExtendedS3DestinationUpdate) =>
      firehose.send(
        new UpdateDestinationCommand({
          DeliveryStreamName: name,
          CurrentDeliveryStreamVersionId: version,
          DestinationId: "destinationId-000000000001",
          ExtendedS3DestinationUpdate,
        }),
      );
    await update("1", { Prefix: "new/", BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 } });
    const stale = await errorOf(update("1", { Prefix: "stale/" }));
    expect([stale.name, stale.message]).toEqual([
      "ConcurrentModificationException",
      `Cannot update firehose: ${name} since the current version id: 2 and specified version id: 1 do not match`,
    ]);
    const described = await describeOf(name);
    expect(described?.VersionId).toBe("2");
    expect(described?.Destinations?.[0]?.ExtendedS3DestinationDescription).toMatchObject({
      ...config,
      Prefix: "new/",
    });
    await put(name, "x");
    await cloudkeep.clock.advance(61_000);
    expect([...(await objectsIn(aws.s3, bucket)).keys()][0]).toMatch(new RegExp(`^new/.*/${name}-2-`));
  });

  it("has tags", async () => {
    const { config } = await place();
    const name = await newDeliveryStream(firehose, config, { Tags: [{ Key: "b", Value: "2" }] });
    const named = { DeliveryStreamName: name };
    await firehose.send(
      new TagDeliveryStreamCommand({ ...named, Tags: [{ Key: "a" }, { Key: "c", Value: "3" }] }),
    );
    await firehose.send(new UntagDeliveryStreamCommand({ ...named, TagKeys: ["b"] }));
    expect(await firehose.send(new ListTagsForDeliveryStreamCommand({ ...named, Limit: 1 }))).toMatchObject({
      Tags: [{ Key: "a", Value: "" }],
      HasMoreTags: true,
    });
    const rest = await firehose.send(
      new ListTagsForDeliveryStreamCommand({ ...named, ExclusiveStartTagKey: "a" }),
    );
    expect(rest.Tags).toEqual([{ Key: "c", Value: "3" }]);
  });
});

describe("encryption", () => {
  it("of what is buffered is by the customer's key, by a grant of whoever turned it on", async () => {
    const { bucket, config } = await place();
    const name = await newDeliveryStream(firehose, { ...config, BufferingHints: { IntervalInSeconds: 60 } });
    const { KeyMetadata } = await aws.kms.send(new CreateKeyCommand({}));
    const start = (KeyARN: string | undefined) =>
      firehose.send(
        new StartDeliveryStreamEncryptionCommand({
          DeliveryStreamName: name,
          DeliveryStreamEncryptionConfigurationInput: { KeyType: "CUSTOMER_MANAGED_CMK", KeyARN },
        }),
      );
    const none = await errorOf(start(`${KeyMetadata?.Arn?.slice(0, -1)}x`));
    expect(none.name).toBe("InvalidKMSResourceException");
    await start(KeyMetadata?.Arn);
    expect((await describeOf(name))?.DeliveryStreamEncryptionConfiguration).toEqual({
      Status: "ENABLED",
      KeyType: "CUSTOMER_MANAGED_CMK",
      KeyARN: KeyMetadata?.Arn,
    });
    expect((await put(name, "a secret of the buffer")).Encrypted).toBe(true);
    const rows = await store.transact((tx) => tx.range("firehose/pending", "firehose/pending~"));
    expect(rows.length).toBe(1);
    expect(rows.some(([, value]) => Buffer.from(value).includes("a secret of the buffer"))).toBe(false);
    await cloudkeep.clock.advance(61_000);
    expect([...(await objectsIn(aws.s3, bucket)).values()].map(String)).toEqual(["a secret of the buffer"]);
    await aws.kms.send(new DisableKeyCommand({ KeyId: KeyMetadata?.KeyId }));
    await cloudkeep.clock.advance(360_000);
    expect((await errorOf(put(name, "x"))).name).toBe("InvalidKMSResourceException");
    await firehose.send(new StopDeliveryStreamEncryptionCommand({ DeliveryStreamName: name }));
    expect((await put(name, "x")).Encrypted).toBe(false);
  });
});

describe("the record", () => {
  it("has nothing of what a record held", async () => {
    const { config } = await place();
    const name = await newDeliveryStream(firehose, config);
    await put(name, "very secret content");
    const { entries } = await store.log("record").read({ from: 0, terms: [], limit: 100_000, reverse: true });
    const own = entries.filter(({ text }) => text.includes(name));
    expect(own.length).toBeGreaterThanOrEqual(2);
    for (const { text } of own)
      expect(text).not.toContain(Buffer.from("very secret content").toString("base64"));
  });
});
