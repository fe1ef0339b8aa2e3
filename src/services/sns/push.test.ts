import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, optionsOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { mailsTo } from "./testing.ts";

let cloudkeep: Cloudkeep;
let sns: ReturnType<typeof clients>["sns"];
let sqs: SQS;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ sns } = clients(cloudkeep, cloudkeep.credentials));
  sqs = new SQS(optionsOf(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

async function app(Name: string, Platform = "GCM", Attributes: Record<string, string> = {}): Promise<string> {
  const { PlatformApplicationArn = "" } = await sns.createPlatformApplication({
    Name,
    Platform,
    Attributes: {
      PlatformCredential: "key",
      ...(Platform !== "GCM" && { PlatformPrincipal: "id" }),
      ...Attributes,
    },
  });
  return PlatformApplicationArn;
}

async function device(PlatformApplicationArn: string, Token: string): Promise<string> {
  return (await sns.createPlatformEndpoint({ PlatformApplicationArn, Token })).EndpointArn ?? "";
}

describe("a platform application", () => {
  it("shows what it is, and never its credentials", async () => {
    const PlatformApplicationArn = await app("shown", "APNS");
    const { Attributes } = await sns.getPlatformApplicationAttributes({ PlatformApplicationArn });
    expect(Attributes).toEqual({ Enabled: "true" });
    const { PlatformApplications } = await sns.listPlatformApplications({});
    expect(PlatformApplications).toContainEqual({ PlatformApplicationArn, Attributes: { Enabled: "true" } });
    expect(await app("shown", "APNS")).toBe(PlatformApplicationArn);
    expect((await errorOf(app("shown", "APNS", { SuccessFeedbackSampleRate: "5" }))).message).toContain(
      "already exists with different attributes",
    );
  });

  it("takes its endpoints with it, and none that come after", async () => {
    const PlatformApplicationArn = await app("reborn");
    const old = await device(PlatformApplicationArn, "token-1");
    await sns.deletePlatformApplication({ PlatformApplicationArn });
    await sns.deletePlatformApplication({ PlatformApplicationArn });
    await app("reborn");
    const young = await device(PlatformApplicationArn, "token-1");
    expect(young).not.toBe(old);
    await cloudkeep.clock.advance(0);
    expect((await errorOf(sns.getEndpointAttributes({ EndpointArn: old }))).message).toBe(
      "Endpoint does not exist",
    );
    const { Endpoints } = await sns.listEndpointsByPlatformApplication({ PlatformApplicationArn });
    expect(Endpoints?.map(({ EndpointArn }) => EndpointArn)).toEqual([young]);
    expect(await device(PlatformApplicationArn, "token-1")).toBe(young);
  });

  it("is another account's own in another Region", async () => {
    const PlatformApplicationArn = await app("here");
    const { sns: elsewhere } = clients(cloudkeep, cloudkeep.credentials, "eu-central-1");
    expect((await elsewhere.listPlatformApplications({})).PlatformApplications).toEqual([]);
    expect((await errorOf(elsewhere.getPlatformApplicationAttributes({ PlatformApplicationArn }))).name).toBe(
      "InvalidParameterException",
    );
  });

  it("tells a topic what becomes of its endpoints", async () => {
    const { QueueUrl } = await sqs.createQueue({ QueueName: "app-events" });
    const { TopicArn = "" } = await sns.createTopic({ Name: "app-events" });
    const Endpoint = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:app-events`;
    await sqs.setQueueAttributes({
      QueueUrl,
      Attributes: {
        Policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: {
            Effect: "Allow",
            Principal: { Service: "sns.amazonaws.com" },
            Action: "sqs:SendMessage",
            Resource: Endpoint,
          },
        }),
      },
    });
    await sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint, Attributes: { RawMessageDelivery: "true" } });
    const PlatformApplicationArn = await app("telling", "GCM", {
      EventEndpointCreated: TopicArn,
      EventEndpointUpdated: TopicArn,
      EventEndpointDeleted: TopicArn,
    });
    const EndpointArn = await device(PlatformApplicationArn, "token-told");
    await cloudkeep.clock.advance(0);
    await sns.setEndpointAttributes({ EndpointArn, Attributes: { CustomUserData: "me" } });
    await cloudkeep.clock.advance(0);
    await sns.deleteEndpoint({ EndpointArn });
    await cloudkeep.clock.advance(0);
    const { Messages = [] } = await sqs.receiveMessage({ QueueUrl, MaxNumberOfMessages: 10 });
    const told = Messages.map(({ Body = "" }) => JSON.parse(Body) as { EventType: string });
    expect(told.map(({ EventType }) => EventType).sort()).toEqual([
      "EndpointCreated",
      "EndpointDeleted",
      "EndpointUpdated",
    ]);
    expect(told[0]).toMatchObject({ EndpointArn, Resource: PlatformApplicationArn, Service: "SNS" });
  });
});

describe("an endpoint", () => {
  it("gets what is published to it in its platform's form", async () => {
    const arn = await app("direct", "APNS");
    const TargetArn = await device(arn, "device-1");
    const Message = JSON.stringify({
      default: "for all",
      APNS: JSON.stringify({ aps: { alert: "for you", badge: 1 } }),
      GCM: "{}",
    });
    await sns.publish({ TargetArn, Message, MessageStructure: "json", Subject: "Hello" });
    await sns.publish({ TargetArn, Message: "plain" });
    const mails = await mailsTo(cloudkeep, "device-1");
    expect(mails.map(({ Body }) => JSON.parse(Body))).toEqual([
      { aps: { alert: "for you", badge: 1 } },
      { aps: { alert: "plain" } },
    ]);
    expect(mails[0]).toMatchObject({ Channel: "push", From: arn, Subject: "Hello" });
  });

  it("has its deliveries logged, if its app says so", async () => {
    const { iam, logs } = clients(cloudkeep, cloudkeep.credentials);
    const AssumeRolePolicyDocument = policyOf({
      Principal: { Service: "sns.amazonaws.com" },
      Action: "sts:AssumeRole",
    });
    const RoleName = "logs-pushes";
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument }));
    const PolicyDocument = policyOf({ Action: "logs:*", Resource: "*" });
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "log", PolicyDocument }));
    const role = Role?.Arn ?? "";
    const roles = { SuccessFeedbackRoleArn: role, FailureFeedbackRoleArn: role };
    const TargetArn = await device(await app("logged", "GCM", roles), "device-5");
    const { MessageId: messageId } = await sns.publish({ TargetArn, Message: "x" });
    await cloudkeep.clock.advance(0);
    const logGroupName = `sns/us-east-1/${cloudkeep.accountId}/app/GCM/logged`;
    const { events = [] } = await logs.filterLogEvents({ logGroupName });
    expect(events.map(({ message = "" }) => JSON.parse(message))).toMatchObject([
      { notification: { messageId }, delivery: { destination: TargetArn }, status: "SUCCESS" },
    ]);
  });

  it("gets what is published to its topic, filtered", async () => {
    const Endpoint = await device(await app("subscribed"), "device-2");
    const { TopicArn } = await sns.createTopic({ Name: "to-devices" });
    const FilterPolicy = JSON.stringify({ kind: ["news"] });
    const { SubscriptionArn } = await sns.subscribe({
      TopicArn,
      Protocol: "application",
      Endpoint,
      Attributes: { FilterPolicy },
    });
    expect(SubscriptionArn).toContain(`${TopicArn}:`);
    const MessageAttributes = { kind: { DataType: "String", StringValue: "news" } };
    const Message = JSON.stringify({ default: "all", GCM: JSON.stringify({ data: { a: 1 } }) });
    await sns.publish({ TopicArn, Message: "other" });
    await sns.publish({ TopicArn, Message, MessageStructure: "json", MessageAttributes });
    await cloudkeep.clock.advance(0);
    expect((await mailsTo(cloudkeep, "device-2")).map(({ Body }) => Body)).toEqual(['{"data":{"a":1}}']);
  });

  it("that is disabled, or gone, gets nothing", async () => {
    const PlatformApplicationArn = await app("disabled");
    const TargetArn = await device(PlatformApplicationArn, "device-3");
    const disable = (Enabled: string) =>
      sns.setEndpointAttributes({ EndpointArn: TargetArn, Attributes: { Enabled } });
    await disable("false");
    const refused = await errorOf(sns.publish({ TargetArn, Message: "x" }));
    expect([refused.name, refused.message]).toEqual(["EndpointDisabledException", "Endpoint is disabled"]);
    await disable("true");
    await sns.setPlatformApplicationAttributes({ PlatformApplicationArn, Attributes: { Enabled: "false" } });
    expect((await errorOf(sns.publish({ TargetArn, Message: "x" }))).name).toBe(
      "PlatformApplicationDisabledException",
    );
    await sns.deleteEndpoint({ EndpointArn: TargetArn });
    expect((await errorOf(sns.publish({ TargetArn, Message: "x" }))).message).toBe(
      "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
    );
    const { TopicArn } = await sns.createTopic({ Name: "to-nobody" });
    const subscribing = sns.subscribe({ TopicArn, Protocol: "application", Endpoint: TargetArn });
    expect((await errorOf(subscribing)).message).toBe(
      `Invalid parameter: Endpoint Reason: Endpoint does not exist for endpoint ${TargetArn}`,
    );
    expect(await mailsTo(cloudkeep, "device-3")).toEqual([]);
  });

  it("takes no payload that its platform would refuse", async () => {
    const TargetArn = await device(await app("long"), "device-4");
    const published = (payload: string) => {
      const Message = JSON.stringify({ default: "x", GCM: payload });
      return errorOf(sns.publish({ TargetArn, Message, MessageStructure: "json" }));
    };
    expect((await published(JSON.stringify({ data: "x".repeat(5_000) }))).message).toBe(
      "Invalid parameter: Message Reason: Invalid notification for protocol GCM: Notification data is larger than allowed limit",
    );
    expect((await published("no json")).message).toContain("Invalid notification for protocol GCM");
  });

  it("keeps its token to itself when that changes", async () => {
    const PlatformApplicationArn = await app("moving");
    const first = await device(PlatformApplicationArn, "token-a");
    const second = await device(PlatformApplicationArn, "token-b");
    const taking = sns.setEndpointAttributes({ EndpointArn: second, Attributes: { Token: "token-a" } });
    expect((await errorOf(taking)).message).toContain(`Endpoint ${first} already exists with the same Token`);
    await sns.setEndpointAttributes({ EndpointArn: first, Attributes: { Token: "token-c" } });
    await sns.setEndpointAttributes({ EndpointArn: second, Attributes: { Token: "token-a" } });
    expect(await device(PlatformApplicationArn, "token-a")).toBe(second);
    expect(await device(PlatformApplicationArn, "token-c")).toBe(first);
  });
});

describe("a number in the SMS sandbox", () => {
  it("is verified by the code that comes, and by no other", async () => {
    const PhoneNumber = "+15550107777";
    expect(await sns.getSMSSandboxAccountStatus({})).toMatchObject({ IsInSandbox: false });
    await sns.createSMSSandboxPhoneNumber({ PhoneNumber });
    const [mail] = await mailsTo(cloudkeep, PhoneNumber);
    const code = /\d{6}/.exec(mail?.Body ?? "")?.[0] ?? "";
    const wrong = code === "000000" ? "000001" : "000000";
    const verify = (OneTimePassword: string) =>
      sns.verifySMSSandboxPhoneNumber({ PhoneNumber, OneTimePassword });
    expect((await errorOf(verify(wrong))).name).toBe("VerificationException");
    expect((await sns.listSMSSandboxPhoneNumbers({})).PhoneNumbers).toEqual([
      { PhoneNumber, Status: "Pending" },
    ]);
    await verify(code);
    expect((await sns.listSMSSandboxPhoneNumbers({})).PhoneNumbers).toEqual([
      { PhoneNumber, Status: "Verified" },
    ]);
    expect((await errorOf(sns.deleteSMSSandboxPhoneNumber({ PhoneNumber }))).name).toBe("UserErrorException");
    await cloudkeep.clock.advance(24 * 3_600_000);
    await sns.deleteSMSSandboxPhoneNumber({ PhoneNumber });
    expect((await errorOf(sns.deleteSMSSandboxPhoneNumber({ PhoneNumber }))).name).toBe(
      "ResourceNotFoundException",
    );
    expect((await sns.listOriginationNumbers({})).PhoneNumbers).toEqual([]);
  });

  it("takes five wrong codes, and no old one", async () => {
    const PhoneNumber = "+15550107778";
    await sns.createSMSSandboxPhoneNumber({ PhoneNumber });
    const code = /\d{6}/.exec((await mailsTo(cloudkeep, PhoneNumber))[0]?.Body ?? "")?.[0] ?? "";
    const wrong = code === "000000" ? "000001" : "000000";
    const verify = (OneTimePassword: string) =>
      errorOf(sns.verifySMSSandboxPhoneNumber({ PhoneNumber, OneTimePassword }));
    for (let n = 0; n < 5; n += 1) expect((await verify(wrong)).message).toContain("is wrong");
    expect((await verify(code)).message).toContain("Too many wrong");
    await sns.createSMSSandboxPhoneNumber({ PhoneNumber });
    await cloudkeep.clock.advance(16 * 60_000);
    expect((await verify(wrong)).message).toContain("expired");
  });
});
