import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { mailsTo } from "./testing.ts";

let cloudkeep: Cloudkeep;
let sns: ReturnType<typeof clients>["sns"];
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ sns } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const identifier = (name: string) => `arn:aws:dataprotection::aws:data-identifier/${name}`;

function policyOf(...statements: object[]): string {
  const Statement = statements.map((statement) => ({
    DataDirection: "Inbound",
    Principal: ["*"],
    DataIdentifier: [identifier("EmailAddress"), identifier("Ssn-US")],
    ...statement,
  }));
  return JSON.stringify({ Name: "protection", Version: "2021-06-01", Statement });
}

let serial = 0;
/** A topic with a subscriber by text message. */
async function topic(policy: string): Promise<{ TopicArn: string; number: string }> {
  serial += 1;
  const { TopicArn = "" } = await sns.createTopic({ Name: `topic-${serial}`, DataProtectionPolicy: policy });
  const number = `+1555020${String(serial).padStart(4, "0")}`;
  await sns.subscribe({ TopicArn, Protocol: "sms", Endpoint: number });
  return { TopicArn, number };
}

const texts = async (number: string) => (await mailsTo(cloudkeep, number)).map(({ Body }) => Body);
const Message = "write to jane@example.com, ssn 536-90-4399";

describe("a data protection policy", () => {
  it("is kept as it was given, and taken back", async () => {
    const policy = policyOf({ Operation: { Deny: {} } });
    const { TopicArn } = await topic(policy);
    expect((await sns.getDataProtectionPolicy({ ResourceArn: TopicArn })).DataProtectionPolicy).toBe(policy);
    await sns.putDataProtectionPolicy({ ResourceArn: TopicArn, DataProtectionPolicy: "" });
    expect((await sns.getDataProtectionPolicy({ ResourceArn: TopicArn })).DataProtectionPolicy).toBe("");
    await sns.publish({ TopicArn, Message });
  });

  const deny = { Operation: { Deny: {} } };
  const audit = (Audit: object) => ({ Operation: { Audit } });
  const refused: [string, string][] = [
    [
      policyOf({ ...deny, DataDirection: "Both" }),
      "Statement DataDirection must be either Inbound or Outbound",
    ],
    [policyOf({ ...deny, DataIdentifier: ["Shoe"] }), "Statement DataIdentifier Shoe is not supported"],
    [
      policyOf({ Operation: { Encrypt: {} } }),
      "Statement Operation must be one of Audit, Deidentify and Deny",
    ],
    [policyOf({ Operation: { Deidentify: {} } }), "Deidentify requires either MaskConfig or RedactConfig"],
    [
      policyOf(audit({ SampleRate: 100, FindingsDestination: {} })),
      "Audit SampleRate must be an integer from 0 to 99",
    ],
    ["[]", "The policy must be a JSON object"],
    ["{", "failed to parse JSON"],
  ];
  it.each(refused)("%s is refused", async (DataProtectionPolicy, reason) => {
    const { TopicArn: ResourceArn } = await topic(policyOf(deny));
    const error = await errorOf(sns.putDataProtectionPolicy({ ResourceArn, DataProtectionPolicy }));
    expect(error.message).toBe(`Invalid parameter: DataProtectionPolicy Reason: ${reason}`);
  });

  it("denies what is published with sensitive data", async () => {
    const { TopicArn, number } = await topic(policyOf({ Operation: { Deny: {} } }));
    const error = await errorOf(sns.publish({ TopicArn, Message }));
    expect([error.name, error.message]).toEqual([
      "AuthorizationErrorException",
      `The topic's data protection policy prohibits this message from being published to ${TopicArn}`,
    ]);
    const entry = (Id: string, text: string) => ({ Id, Message: text });
    const { Successful, Failed } = await sns.publishBatch({
      TopicArn,
      PublishBatchRequestEntries: [entry("a", "harmless"), entry("b", Message)],
    });
    expect(Successful?.map(({ Id }) => Id)).toEqual(["a"]);
    expect(Failed).toMatchObject([{ Id: "b", Code: "AuthorizationError", SenderFault: true }]);
    expect(await texts(number)).toEqual(["harmless"]);
  });

  it("masks and redacts, custom identifiers too", async () => {
    const masking = policyOf({ Operation: { Deidentify: { MaskConfig: { MaskWithCharacter: "#" } } } });
    const first = await topic(masking);
    await sns.publish({ TopicArn: first.TopicArn, Message });
    expect(await texts(first.number)).toEqual(["write to ################, ssn ###########"]);
    const redacting = JSON.parse(
      policyOf({ DataIdentifier: ["Employee"], Operation: { Deidentify: { RedactConfig: {} } } }),
    );
    redacting.Configuration = { CustomDataIdentifier: [{ Name: "Employee", Regex: "EMP-[0-9]{3}" }] };
    const second = await topic(JSON.stringify(redacting));
    await sns.publish({ TopicArn: second.TopicArn, Message: "of EMP-123 only" });
    expect(await texts(second.number)).toEqual(["of  only"]);
    const nothing = sns.publish({ TopicArn: second.TopicArn, Message: "EMP-123" });
    expect((await errorOf(nothing)).message).toBe("Invalid parameter: Empty message");
  });

  it("concerns whom it names", async () => {
    const named = `arn:aws:iam::${cloudkeep.accountId}:root`;
    const { TopicArn, number } = await topic(
      policyOf({ NotPrincipal: [named], Principal: undefined, Operation: { Deny: {} } }),
    );
    await sns.publish({ TopicArn, Message: "jane@example.com" });
    expect(await texts(number)).toEqual(["jane@example.com"]);
  });

  it("keeps what it denies from subscribers, or hides it from them", async () => {
    const denying = await topic(policyOf({ DataDirection: "Outbound", Operation: { Deny: {} } }));
    await sns.publish({ TopicArn: denying.TopicArn, Message });
    await sns.publish({ TopicArn: denying.TopicArn, Message: "harmless" });
    expect(await texts(denying.number)).toEqual(["harmless"]);
    const hiding = await topic(
      policyOf({ DataDirection: "Outbound", Operation: { Deidentify: { RedactConfig: {} } } }),
    );
    await sns.publish({ TopicArn: hiding.TopicArn, Message });
    expect(await texts(hiding.number)).toEqual(["write to , ssn "]);
  });

  it("audits into a log group, without the data", async () => {
    const { logs } = clients(cloudkeep, cloudkeep.credentials);
    const logGroupName = "/aws/vendedlogs/sns";
    await logs.createLogGroup({ logGroupName });
    await logs.putResourcePolicy({
      policyName: "delivery",
      policyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Principal: { Service: "delivery.logs.amazonaws.com" },
          Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
          Resource: `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${logGroupName}:*`,
        },
      }),
    });
    const FindingsDestination = { CloudWatchLogs: { LogGroup: logGroupName } };
    const { TopicArn } = await topic(
      policyOf(
        { Operation: { Audit: { SampleRate: "99", FindingsDestination } } },
        { Operation: { Deny: {} } },
      ),
    );
    // One in a hundred is not sampled.
    for (let n = 0; n < 5; n += 1) await errorOf(sns.publish({ TopicArn, Message }));
    await expect
      .poll(async () => (await logs.filterLogEvents({ logGroupName })).events?.length ?? 0, {
        timeout: 10_000,
      })
      .toBeGreaterThan(0);
    const { events = [] } = await logs.filterLogEvents({ logGroupName });
    const report = JSON.parse(events[0]?.message ?? "{}");
    expect(report).toMatchObject({
      resourceArn: TopicArn,
      callerPrincipal: `arn:aws:iam::${cloudkeep.accountId}:root`,
    });
    expect(report.dataIdentifiers).toEqual([
      { name: "EmailAddress", count: 1, detections: [{ start: 9, end: 25 }] },
      { name: "Ssn-US", count: 1, detections: [{ start: 31, end: 42 }] },
    ]);
    expect(events[0]?.message).not.toContain("jane");
  });
});
