import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import {
  AddPermissionCommand,
  CreateQueueCommand,
  DeleteMessageCommand,
  GetQueueUrlCommand,
  ListQueuesCommand,
  SetQueueAttributesCommand,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, newMember } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { arnOf, attributes, bodiesOf, newQueue, receive, send, sqsClient } from "./testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let sqs: SQSClient;
let member: string;
let other: SQSClient;
beforeAll(async () => {
  cloudkeep = await start({ store });
  root = clients(cloudkeep, cloudkeep.credentials);
  sqs = root.sqs;
  await root.organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
  member = await newMember(root.organizations);
  await root.iam.send(new CreateUserCommand({ UserName: "admin" }));
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await root.iam.send(new AttachUserPolicyCommand({ UserName: "admin", PolicyArn }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "admin" }));
  const admin = clients(cloudkeep, credentialsOf(AccessKey));
  const RoleArn = `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`;
  const assumed = await admin.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "work" }));
  other = sqsClient(cloudkeep, credentialsOf(assumed.Credentials));
});
afterAll(() => cloudkeep.stop());

async function user(UserName: string, ...statements: object[]): Promise<SQSClient> {
  await root.iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = JSON.stringify({ Version: "2012-10-17", Statement: statements });
  await root.iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName }));
  return sqsClient(cloudkeep, credentialsOf(AccessKey));
}

const allow = (Action: string | string[], Resource = "*") => ({ Effect: "Allow", Action, Resource });

describe("another account", () => {
  it("may do what the queue's policy lets it, and nothing that changes the queue", async () => {
    const url = await newQueue(sqs);
    const denied = await errorOf(send(other, url, "no"));
    expect([denied.name, denied.message]).toEqual([
      expect.stringMatching(/^AccessDenied/),
      expect.stringContaining("because no resource-based policy allows the sqs:SendMessage action"),
    ]);
    const permission = { QueueUrl: url, Label: "all", AWSAccountIds: [member], Actions: ["*"] };
    await sqs.send(new AddPermissionCommand(permission));
    await send(other, url, "yes");
    expect(bodiesOf(await receive(sqs, url))).toEqual(["yes"]);
    const QueueName = url.split("/").at(-1) ?? "";
    const QueueOwnerAWSAccountId = cloudkeep.accountId;
    const found = await other.send(new GetQueueUrlCommand({ QueueName, QueueOwnerAWSAccountId }));
    expect(found.QueueUrl).toBe(url);
    const set = new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { DelaySeconds: "1" } });
    expect((await errorOf(other.send(set))).name).toMatch(/^AccessDenied/);
  });

  it("has queues of its own under the same names", async () => {
    const QueueName = "same-name";
    const mine = await sqs.send(new CreateQueueCommand({ QueueName }));
    const theirs = await other.send(new CreateQueueCommand({ QueueName }));
    expect(theirs.QueueUrl).toContain(`/${member}/same-name`);
    await send(other, theirs.QueueUrl ?? "", "theirs");
    expect(await receive(sqs, mine.QueueUrl ?? "")).toEqual([]);
    const { QueueUrls } = await other.send(new ListQueuesCommand({ QueueNamePrefix: "same" }));
    expect(QueueUrls).toEqual([theirs.QueueUrl]);
  });
});

describe("a queue's policy", () => {
  it("must be one", async () => {
    const url = await newQueue(sqs);
    for (const Policy of ["no JSON", '{"Version":"2012-10-17","Statement":[{"Effect":"Perhaps"}]}']) {
      const set = new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } });
      expect((await errorOf(sqs.send(set))).name).toBe("InvalidAttributeValue");
    }
  });

  it("can deny what identity policies allow", async () => {
    const url = await newQueue(sqs);
    const reader = await user("reader", allow("sqs:*"));
    const Policy = JSON.stringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Deny",
          Principal: { AWS: `arn:aws:iam::${cloudkeep.accountId}:user/reader` },
          Action: "sqs:ReceiveMessage",
          Resource: await arnOf(sqs, url),
        },
      ],
    });
    await sqs.send(new SetQueueAttributesCommand({ QueueUrl: url, Attributes: { Policy } }));
    await send(reader, url, "sent");
    expect((await errorOf(receive(reader, url))).message).toContain(
      "with an explicit deny in a resource-based policy",
    );
  });
});

describe("a queue with a KMS key", () => {
  it("lets those send and receive who may use the key, and refuses the others in KMS's words", async () => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const KmsMasterKeyId = KeyMetadata?.Arn ?? "";
    const url = await newQueue(sqs, { KmsMasterKeyId, KmsDataKeyReusePeriodSeconds: "60" });
    const sender = await user("sender", allow("sqs:*"), allow("kms:GenerateDataKey", KmsMasterKeyId));
    const without = await user("without-key", allow("sqs:*"));
    await send(sender, url, "secret");
    const refused = await errorOf(send(without, url, "x"));
    expect(refused.name).toMatch(/KmsAccessDenied|KMS.AccessDeniedException/);
    expect(refused.message).toMatch(
      /is not authorized to perform: kms:GenerateDataKey on resource: arn:aws:kms:.* because no identity-based policy allows the kms:GenerateDataKey action \(Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: .*; Proxy: null\)/,
    );
    expect((await errorOf(receive(sender, url))).message).toContain("kms:Decrypt");
    // What was refused to one is there for the next.
    const [message] = await receive(sqs, url);
    expect([message?.Body, message?.MD5OfBody]).toEqual(["secret", "5ebe2294ecd0e0f08eab7690d2a6ee69"]);
    await sqs.send(new DeleteMessageCommand({ QueueUrl: url, ReceiptHandle: message?.ReceiptHandle }));
    await root.kms.send(new DisableKeyCommand({ KeyId: KmsMasterKeyId }));
    await cloudkeep.clock.advance(61_000);
    expect((await errorOf(send(sender, url, "later"))).name).toMatch(/KmsDisabled|KMS.DisabledException/);
  });

  it("uses a data key as long as it says, for each principal", async () => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const url = await newQueue(sqs, { KmsMasterKeyId: KeyMetadata?.KeyId ?? "" });
    const uses = async () => {
      const LookupAttributes = [{ AttributeKey: "EventName" as const, AttributeValue: "GenerateDataKey" }];
      const { Events = [] } = await root.cloudtrail.send(new LookupEventsCommand({ LookupAttributes }));
      return Events.filter(({ CloudTrailEvent }) => CloudTrailEvent?.includes(KeyMetadata?.KeyId ?? "?"));
    };
    for (let i = 0; i < 3; i += 1) await send(sqs, url, "x");
    expect(await uses()).toHaveLength(1);
    await cloudkeep.clock.advance(301_000);
    await send(sqs, url, "x");
    const events = await uses();
    expect(events).toHaveLength(2);
    const { requestParameters } = JSON.parse(events[0]?.CloudTrailEvent ?? "{}");
    expect(requestParameters.encryptionContext).toEqual({ "aws:sqs:arn": await arnOf(sqs, url) });
    expect(bodiesOf(await receive(sqs, url))).toEqual(["x", "x", "x", "x"]);
  });

  it("may have AWS's own key, and tells of its attributes", async () => {
    const url = await newQueue(sqs, { KmsMasterKeyId: "alias/aws/sqs" });
    await send(sqs, url, "by AWS's key");
    expect(bodiesOf(await receive(sqs, url))).toEqual(["by AWS's key"]);
    expect(await attributes(sqs, url, ["KmsMasterKeyId", "SqsManagedSseEnabled"])).toEqual({
      KmsMasterKeyId: "alias/aws/sqs",
      SqsManagedSseEnabled: "false",
    });
  });
});

describe("the record", () => {
  it("shows what is done to queues; what is done with messages is data, and hides what they say", async () => {
    const url = await newQueue(sqs);
    await send(sqs, url, "a secret body");
    const { Events = [] } = await root.cloudtrail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "sqs.amazonaws.com" }],
      }),
    );
    const names = new Set(Events.map(({ EventName }) => EventName));
    expect(names.has("CreateQueue")).toBe(true);
    expect(names.has("SendMessage")).toBe(false);
    const { entries } = await store.log("record").read({ limit: 100_000 });
    const sent = entries.filter(({ text }) => text.includes('"eventName":"SendMessage"'));
    expect(sent.at(-1)?.text).toContain('"messageBody":"HIDDEN_DUE_TO_SECURITY_REASONS"');
    expect(entries.some(({ text }) => text.includes("a secret body"))).toBe(false);
  });
});
