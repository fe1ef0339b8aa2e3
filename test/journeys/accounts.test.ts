import { CloudTrail, type Event } from "@aws-sdk/client-cloudtrail";
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { Organizations } from "@aws-sdk/client-organizations";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { type Credentials, credentialsOf, errorOf, newMember, optionsOf, startForTest } from "../harness.ts";

/** Two accounts of one organization, in two Regions: what each may see and do, and what each finds recorded. */

const management = "000000000000";
const allowing = (...statements: object[]) =>
  JSON.stringify({ Version: "2012-10-17", Statement: statements });

let cloudkeep: Cloudkeep;
let member: string;
let root: Credentials;
/** An administrator of the management account. */
let admin: Credentials;
/** The same, in the member account, with the role that Organizations made there. */
let inMember: Credentials;

const options = (credentials: Credentials, region?: string) => optionsOf(cloudkeep, credentials, region);

beforeAll(async () => {
  cloudkeep = await startForTest();
  root = cloudkeep.credentials;
  const iam = new IAM(options(root));
  await iam.createUser({ UserName: "admin" });
  await iam.attachUserPolicy({
    UserName: "admin",
    PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  });
  admin = credentialsOf((await iam.createAccessKey({ UserName: "admin" })).AccessKey);

  const organizations = new Organizations(options(admin));
  await organizations.createOrganization({});
  member = await newMember(organizations);
  const { Credentials: session } = await new STS(options(admin)).assumeRole({
    RoleArn: `arn:aws:iam::${member}:role/OrganizationAccountAccessRole`,
    RoleSessionName: "admin",
  });
  inMember = credentialsOf(session);
});
afterAll(() => cloudkeep.stop());

describe("two accounts", () => {
  it("have users of their own, by the same name", async () => {
    const here = new IAM(options(admin));
    const there = new IAM(options(inMember));
    const [one, other] = await Promise.all([
      here.createUser({ UserName: "ann" }),
      there.createUser({ UserName: "ann" }),
    ]);
    expect(one.User?.Arn).toBe(`arn:aws:iam::${management}:user/ann`);
    expect(other.User?.Arn).toBe(`arn:aws:iam::${member}:user/ann`);
    await there.deleteUser({ UserName: "ann" });
    expect((await here.getUser({ UserName: "ann" })).User?.UserId).toBe(one.User?.UserId);
  });

  it("share a key where its policy and the caller's both say so", async () => {
    const region = "eu-west-1";
    const owner = new KMS(options(inMember, region));
    const { KeyMetadata } = await owner.createKey({});
    const KeyId = KeyMetadata?.Arn ?? "";
    const user = new KMS(options(admin, region));
    const Plaintext = Buffer.from("across accounts");
    expect((await errorOf(user.encrypt({ KeyId, Plaintext }))).message).toContain(
      "because no resource-based policy allows the kms:Encrypt action",
    );
    const Policy = allowing(
      { Effect: "Allow", Principal: { AWS: `arn:aws:iam::${member}:root` }, Action: "kms:*", Resource: "*" },
      {
        Effect: "Allow",
        Principal: { AWS: management },
        Action: ["kms:Encrypt", "kms:Decrypt"],
        Resource: "*",
        Condition: { StringEquals: { "kms:EncryptionContext:team": "data" } },
      },
    );
    await owner.putKeyPolicy({ KeyId, PolicyName: "default", Policy });
    const EncryptionContext = { team: "data" };
    const { CiphertextBlob } = await user.encrypt({ KeyId, Plaintext, EncryptionContext });
    expect((await errorOf(user.encrypt({ KeyId, Plaintext }))).name).toBe("AccessDeniedException");
    const opened = await owner.decrypt({ CiphertextBlob, EncryptionContext });
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe("across accounts");
    const wrong = owner.decrypt({ CiphertextBlob, EncryptionContext: { team: "other" } });
    expect((await errorOf(wrong)).name).toBe("InvalidCiphertextException");

    // Both accounts find the call, as one event that they share.
    const find = async (credentials: Credentials) => {
      const trail = new CloudTrail(options(credentials, region));
      const { Events = [] } = await trail.lookupEvents({
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "Encrypt" }],
      });
      return Events.map(({ CloudTrailEvent = "{}" }: Event) => JSON.parse(CloudTrailEvent)).find(
        (event) => event.errorCode === undefined,
      );
    };
    const [callers, owners] = [await find(admin), await find(inMember)];
    expect(callers).toMatchObject({ recipientAccountId: management, awsRegion: region });
    expect(callers.userIdentity.arn).toBe(`arn:aws:iam::${management}:user/admin`);
    expect(owners).toMatchObject({ recipientAccountId: member, sharedEventID: callers.sharedEventID });
    expect(owners.sharedEventID).toBeDefined();
    expect(owners.userIdentity.arn).toBeUndefined();
  });

  it("keep to their Regions", async () => {
    const frankfurt = new KMS(options(inMember, "eu-central-1"));
    const ireland = new KMS(options(inMember, "eu-west-1"));
    const { KeyMetadata } = await ireland.createKey({ Description: "Ireland's" });
    const KeyId = KeyMetadata?.KeyId ?? "";
    expect((await errorOf(frankfurt.describeKey({ KeyId }))).name).toBe("NotFoundException");
    await ireland.createAlias({ AliasName: "alias/own", TargetKeyId: KeyId });
    await frankfurt.createAlias({
      AliasName: "alias/own",
      TargetKeyId: (await frankfurt.createKey({})).KeyMetadata?.KeyId ?? "",
    });
    expect((await frankfurt.describeKey({ KeyId: "alias/own" })).KeyMetadata?.Arn).toContain(
      ":eu-central-1:",
    );
  });

  it("are under the organization's guardrails, but for the one that manages it", async () => {
    const organizations = new Organizations(options(admin));
    const { Roots = [] } = await organizations.listRoots({});
    const RootId = Roots[0]?.Id ?? "";
    await organizations.enablePolicyType({ RootId, PolicyType: "SERVICE_CONTROL_POLICY" });
    const { Policy } = await organizations.createPolicy({
      Name: "keep-to-europe",
      Description: "",
      Type: "SERVICE_CONTROL_POLICY",
      Content: allowing({
        Effect: "Deny",
        NotAction: ["iam:*", "sts:*", "organizations:*"],
        Resource: "*",
        Condition: { StringNotLike: { "aws:RequestedRegion": "eu-*" } },
      }),
    });
    await organizations.attachPolicy({ PolicyId: Policy?.PolicySummary?.Id ?? "", TargetId: RootId });
    await new KMS(options(inMember, "eu-west-1")).listKeys({});
    const outside = new KMS(options(inMember, "us-east-1")).listKeys({});
    expect((await errorOf(outside)).message).toContain("with an explicit deny in a service control policy");
    await new KMS(options(admin, "us-east-1")).listKeys({});
  });
});
