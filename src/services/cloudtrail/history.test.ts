import { CloudTrail, type LookupEventsCommandInput } from "@aws-sdk/client-cloudtrail";
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { credentialsOf, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const dayMs = 86_400_000;

let cloudkeep: Cloudkeep;
let trail: CloudTrail;
let keyId: string;
let keyArn: string;
let annsKey: string;

beforeAll(async () => {
  cloudkeep = await startForTest();
  const root = optionsOf(cloudkeep, cloudkeep.credentials);
  trail = new CloudTrail(root);
  const iam = new IAM(root);
  await iam.createUser({ UserName: "ann" });
  await iam.putUserPolicy({
    UserName: "ann",
    PolicyName: "own",
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Action: "kms:*", Resource: "*" },
    }),
  });
  const { AccessKey } = await iam.createAccessKey({ UserName: "ann" });
  annsKey = AccessKey?.AccessKeyId ?? "";
  const ann = new KMS(optionsOf(cloudkeep, credentialsOf(AccessKey)));
  const { KeyMetadata } = await ann.createKey({});
  keyId = KeyMetadata?.KeyId ?? "";
  keyArn = KeyMetadata?.Arn ?? "";
  for (let i = 0; i < 7; i += 1) await ann.encrypt({ KeyId: keyId, Plaintext: Buffer.from(`text ${i}`) });
});
afterAll(() => cloudkeep.stop());

async function names(input: LookupEventsCommandInput): Promise<(string | undefined)[]> {
  return ((await trail.lookupEvents(input)).Events ?? []).map(({ EventName }) => EventName);
}

describe("LookupEvents", () => {
  it("finds events by each attribute", async () => {
    const by = (AttributeKey: never | string, AttributeValue: string) =>
      names({ LookupAttributes: [{ AttributeKey: AttributeKey as "EventName", AttributeValue }] });
    const encrypts = Array.from({ length: 7 }, () => "Encrypt");
    expect(await by("EventName", "Encrypt")).toEqual(encrypts);
    expect(await by("Username", "ann")).toEqual([...encrypts, "CreateKey"]);
    expect(await by("AccessKeyId", annsKey)).toEqual([...encrypts, "CreateKey"]);
    expect(await by("ResourceName", keyArn)).toEqual([...encrypts, "CreateKey"]);
    expect(await by("ResourceType", "AWS::KMS::Key")).toEqual([...encrypts, "CreateKey"]);
    expect(await by("EventSource", "kms.amazonaws.com")).toEqual([...encrypts, "CreateKey"]);
    const changes = await by("ReadOnly", "false");
    expect(changes).toEqual(
      expect.arrayContaining(["CreateUser", "PutUserPolicy", "CreateAccessKey", "CreateKey"]),
    );
    expect(changes).not.toContain("Encrypt");
    const { Events = [] } = await trail.lookupEvents({ MaxResults: 1 });
    expect(await by("EventId", Events[0]?.EventId ?? "")).toEqual([Events[0]?.EventName]);
    expect(await by("EventName", "Nothing")).toEqual([]);
  });

  it("shows what CloudTrail shows of a new access key", async () => {
    const { Events = [] } = await trail.lookupEvents({
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateAccessKey" }],
    });
    const { responseElements } = JSON.parse(Events[0]?.CloudTrailEvent ?? "{}");
    expect(responseElements).toEqual({
      accessKey: {
        accessKeyId: annsKey,
        status: "Active",
        userName: "ann",
        createDate: expect.stringMatching(/^[A-Z][a-z]{2} \d/),
      },
    });
  });

  it("gives them newest first, page by page, none twice", async () => {
    const attributes: LookupEventsCommandInput = {
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "Encrypt" }],
      MaxResults: 3,
    };
    const ids: (string | undefined)[] = [];
    const sizes: number[] = [];
    let NextToken: string | undefined;
    do {
      const page = await trail.lookupEvents({ ...attributes, ...(NextToken && { NextToken }) });
      sizes.push(page.Events?.length ?? 0);
      ids.push(...(page.Events ?? []).map(({ EventId }) => EventId));
      ({ NextToken } = page);
    } while (NextToken !== undefined);
    expect(sizes).toEqual([3, 3, 1]);
    expect(new Set(ids).size).toBe(7);
  });

  it("takes a token for the request that it came from, and none that was made up", async () => {
    const first: LookupEventsCommandInput = {
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "Encrypt" }],
      MaxResults: 1,
    };
    const { NextToken = "" } = await trail.lookupEvents(first);
    const [, question] = JSON.parse(Buffer.from(NextToken, "base64url").toString());
    const made = (position: unknown) =>
      Buffer.from(JSON.stringify([position, question])).toString("base64url");
    const others: LookupEventsCommandInput[] = [
      { NextToken },
      { ...first, NextToken: "nonsense" },
      { ...first, NextToken: made("nowhere") },
      { ...first, NextToken: made(7) },
    ];
    for (const input of others)
      expect((await errorOf(trail.lookupEvents(input))).name).toBe("InvalidNextTokenException");
  });

  it("refuses what cannot be meant", async () => {
    const now = new Date(cloudkeep.clock.now());
    const earlier = new Date(now.getTime() - dayMs);
    const cases: [LookupEventsCommandInput, string][] = [
      [{ StartTime: now, EndTime: earlier }, "InvalidTimeRangeException"],
      [
        {
          LookupAttributes: [
            { AttributeKey: "EventName", AttributeValue: "a" },
            { AttributeKey: "Username", AttributeValue: "b" },
          ],
        },
        "InvalidLookupAttributesException",
      ],
      [{ MaxResults: 51 }, "ValidationException"],
      [{ MaxResults: 0 }, "ValidationException"],
    ];
    for (const [input, name] of cases) expect((await errorOf(trail.lookupEvents(input))).name).toBe(name);
  });

  it("shows global services' events in us-east-1, and others in their own Region", async () => {
    const elsewhere = new CloudTrail(optionsOf(cloudkeep, cloudkeep.credentials, "eu-west-1"));
    const { Events = [] } = await elsewhere.lookupEvents({});
    expect(Events.filter(({ EventSource }) => EventSource !== "cloudtrail.amazonaws.com")).toEqual([]);
    expect(await names({})).toEqual(expect.arrayContaining(["CreateUser", "Encrypt"]));
  });

  it("goes back 90 days", async () => {
    const lookup = () =>
      names({ LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateUser" }] });
    await cloudkeep.clock.advance(89 * dayMs);
    expect(await lookup()).toEqual(["CreateUser"]);
    const EndTime = new Date(cloudkeep.clock.now() - dayMs);
    expect((await names({ EndTime })).length).toBeGreaterThan(0);
    expect(await names({ StartTime: new Date(cloudkeep.clock.now() + dayMs) })).toEqual([]);
    await cloudkeep.clock.advance(2 * dayMs);
    expect(await lookup()).toEqual([]);
  });
});
