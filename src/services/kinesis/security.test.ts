import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import {
  DeleteResourcePolicyCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  GetResourcePolicyCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  PutRecordCommand,
  PutRecordsCommand,
  PutResourcePolicyCommand,
  RegisterStreamConsumerCommand,
  StartStreamEncryptionCommand,
  StopStreamEncryptionCommand,
  SubscribeToShardCommand,
  UpdateShardCountCommand,
} from "@aws-sdk/client-kinesis";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  type Credentials,
  clients,
  credentialsOf,
  errorOf,
  newMember,
  policyOf,
} from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { iterator, kinesisClient, newStream, readAll, textOf } from "./testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await start({ store });
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const put = (StreamName: string, text: string, client = kinesis) =>
  client.send(new PutRecordCommand({ StreamName, PartitionKey: "k", Data: Buffer.from(text) }));

let users = 0;
async function user(...statements: Record<string, unknown>[]): Promise<Credentials> {
  users += 1;
  const UserName = `user-${users}`;
  await root.iam.send(new CreateUserCommand({ UserName }));
  for (const [i, statement] of statements.entries()) {
    const PolicyDocument = policyOf(statement);
    await root.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: `p${i}`, PolicyDocument }));
  }
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName }));
  return credentialsOf(AccessKey);
}

describe("records under a KMS key", () => {
  it("need GenerateDataKey to be put and Decrypt to be got, through Kinesis", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const keyArn = KeyMetadata?.Arn ?? "";
    await put(StreamName, "clear");
    await kinesis.send(
      new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId: KeyMetadata?.KeyId }),
    );
    const summary = await kinesis.send(new DescribeStreamSummaryCommand({ StreamName }));
    expect(summary.StreamDescriptionSummary).toMatchObject({
      EncryptionType: "KMS",
      KeyId: KeyMetadata?.KeyId,
    });
    await put(StreamName, "a secret of the stream");
    const onStream = { Action: "kinesis:*", Resource: StreamARN };
    const via = { StringEquals: { "kms:ViaService": "kinesis.us-east-1.amazonaws.com" } };
    const writer = kinesisClient(
      cloudkeep,
      await user(onStream, { Action: "kms:GenerateDataKey", Resource: keyArn, Condition: via }),
    );
    await put(StreamName, "writer's", writer);
    const denied = await errorOf(readAll(writer, StreamName));
    expect(denied.name).toBe("KMSAccessDeniedException");
    const reader = kinesisClient(
      cloudkeep,
      await user(onStream, { Action: "kms:Decrypt", Resource: keyArn }),
    );
    expect((await errorOf(put(StreamName, "reader's", reader))).name).toBe("KMSAccessDeniedException");
    const read = await readAll(reader, StreamName);
    expect(read.map((one) => [textOf(one), one.EncryptionType])).toEqual([
      ["clear", undefined],
      ["a secret of the stream", "KMS"],
      ["writer's", "KMS"],
    ]);
    const rows = await store.transact((tx) => tx.range("kinesis/", "kinesis0"));
    expect(rows.some(([, value]) => Buffer.from(value).includes("a secret of the stream"))).toBe(false);
    const { Consumer } = await kinesis.send(
      new RegisterStreamConsumerCommand({ StreamARN, ConsumerName: "fan" }),
    );
    const { EventStream } = await kinesis.send(
      new SubscribeToShardCommand({
        ConsumerARN: Consumer?.ConsumerARN,
        ShardId: "shardId-000000000000",
        StartingPosition: { Type: "TRIM_HORIZON" },
      }),
    );
    for await (const { SubscribeToShardEvent: event } of EventStream ?? []) {
      expect(event?.Records?.length).toBe(3);
      break;
    }
    await kinesis.send(new StopStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId: keyArn }));
    await put(StreamName, "clear again");
    expect((await readAll(kinesis, StreamName)).map(({ EncryptionType }) => EncryptionType)).toEqual([
      undefined,
      "KMS",
      "KMS",
      undefined,
    ]);
  });

  it("may be under AWS's own key for Kinesis, which needs no permission of its own", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis);
    const KeyId = "alias/aws/kinesis";
    await kinesis.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId }));
    const client = kinesisClient(cloudkeep, await user({ Action: "kinesis:*", Resource: StreamARN }));
    await put(StreamName, "sealed", client);
    expect((await readAll(client, StreamName)).map(textOf)).toEqual(["sealed"]);
  });

  it("are out of reach while the key is disabled, and a key that is not there is refused", async () => {
    const { StreamName } = await newStream(kinesis);
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const KeyId = KeyMetadata?.KeyId;
    const start = (id: string | undefined) =>
      kinesis.send(new StartStreamEncryptionCommand({ StreamName, EncryptionType: "KMS", KeyId: id }));
    expect((await errorOf(start("00000000-0000-4000-8000-000000000000"))).name).toBe("KMSNotFoundException");
    await start(KeyId);
    await put(StreamName, "x");
    await root.kms.send(new DisableKeyCommand({ KeyId }));
    await cloudkeep.clock.advance(6 * 60_000);
    expect((await errorOf(put(StreamName, "y"))).name).toBe("KMSDisabledException");
    expect((await errorOf(readAll(kinesis, StreamName))).name).toBe("KMSDisabledException");
  });
});

describe("another account", () => {
  let foreign: KinesisClient;
  let foreignAccount: string;
  beforeAll(async () => {
    await root.organizations.send(new CreateOrganizationCommand({}));
    foreignAccount = await newMember(root.organizations);
    const admin = clients(cloudkeep, await user({ Action: "sts:AssumeRole", Resource: "*" }));
    const { Credentials: session } = await admin.sts.send(
      new AssumeRoleCommand({
        RoleArn: `arn:aws:iam::${foreignAccount}:role/OrganizationAccountAccessRole`,
        RoleSessionName: "foreign",
      }),
    );
    foreign = kinesisClient(cloudkeep, credentialsOf(session));
  });

  it("puts and gets if the stream's policy lets it, and no more", async () => {
    const { StreamARN, StreamName } = await newStream(kinesis);
    const putRecords = () =>
      foreign.send(
        new PutRecordsCommand({ StreamARN, Records: [{ PartitionKey: "k", Data: Buffer.from("theirs") }] }),
      );
    expect((await errorOf(putRecords())).name).toBe("AccessDeniedException");
    const Policy = policyOf({
      Principal: { AWS: `arn:aws:iam::${foreignAccount}:root` },
      Action: ["kinesis:PutRecords", "kinesis:GetShardIterator", "kinesis:GetRecords"],
      Resource: StreamARN,
    });
    await kinesis.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy }));
    await putRecords();
    const { ShardIterator } = await foreign.send(
      new GetShardIteratorCommand({
        StreamARN,
        ShardId: "shardId-000000000000",
        ShardIteratorType: "TRIM_HORIZON",
      }),
    );
    const { Records } = await foreign.send(new GetRecordsCommand({ ShardIterator, StreamARN }));
    expect(Records?.map(textOf)).toEqual(["theirs"]);
    // The reference gives this action no resource: it is the stream's owner who is asked all the same.
    const scaled = await errorOf(
      foreign.send(
        new UpdateShardCountCommand({ StreamARN, TargetShardCount: 2, ScalingType: "UNIFORM_SCALING" }),
      ),
    );
    expect(scaled.name).toBe("AccessDeniedException");
    await kinesis.send(new DeleteResourcePolicyCommand({ ResourceARN: StreamARN }));
    expect((await errorOf(putRecords())).name).toBe("AccessDeniedException");
    expect((await readAll(kinesis, StreamName)).length).toBe(1);
  });

  it("is let in by policies of the form that AWS takes", async () => {
    const { StreamARN } = await newStream(kinesis);
    const putPolicy = (Policy: string) =>
      kinesis.send(new PutResourcePolicyCommand({ ResourceARN: StreamARN, Policy }));
    const grant = { Principal: { AWS: `arn:aws:iam::${foreignAccount}:root` }, Resource: StreamARN };
    expect((await errorOf(putPolicy("{}"))).name).toBe("InvalidArgumentException");
    const tooMuch = policyOf({ ...grant, Action: "kinesis:DeleteStream" });
    expect((await errorOf(putPolicy(tooMuch))).name).toBe("InvalidArgumentException");
    const elsewhere = policyOf({ ...grant, Action: "kinesis:PutRecord", Resource: `${StreamARN}-2` });
    expect((await errorOf(putPolicy(elsewhere))).name).toBe("InvalidArgumentException");
    const { Policy } = await kinesis.send(new GetResourcePolicyCommand({ ResourceARN: StreamARN }));
    expect(Policy).toBe("{}");
  });
});

describe("a user", () => {
  it("may put into the streams of a tag, and read none", async () => {
    const { StreamName } = await newStream(kinesis, { Tags: { team: "data" } });
    const { StreamName: other } = await newStream(kinesis);
    const client = kinesisClient(
      cloudkeep,
      await user({
        Action: "kinesis:PutRecord",
        Resource: "*",
        Condition: { StringEquals: { "aws:ResourceTag/team": "data" } },
      }),
    );
    await put(StreamName, "x", client);
    expect((await errorOf(put(other, "x", client))).name).toBe("AccessDeniedException");
    const ShardIterator = await iterator(kinesis, StreamName);
    const read = await errorOf(client.send(new GetRecordsCommand({ ShardIterator })));
    expect(read.message).toContain(
      `is not authorized to perform: kinesis:GetRecords on resource: arn:aws:kinesis`,
    );
  });
});

describe("the record", () => {
  it("has what was asked, and nothing of what a record held", async () => {
    const { StreamName } = await newStream(kinesis);
    await put(StreamName, "very secret content");
    await readAll(kinesis, StreamName);
    const { entries } = await store.log("record").read({ from: 0, terms: [], limit: 10_000, reverse: true });
    const own = entries.filter(({ text }) => text.includes(StreamName));
    const names = new Set(
      own.map(({ text }) => (JSON.parse(text) as { event: { eventName: string } }).event.eventName),
    );
    expect([...names].sort()).toEqual(
      ["CreateStream", "DescribeStreamSummary", "GetRecords", "GetShardIterator", "PutRecord"].sort(),
    );
    for (const { text } of own) {
      expect(text).not.toContain("very secret content");
      expect(text).not.toContain(Buffer.from("very secret content").toString("base64"));
    }
  });
});
