import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { type AssumeRoleCommandInput, STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Credentials, credentialsOf, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const account = "000000000000";
const hourMs = 3_600_000;

let cloudkeep: Cloudkeep;
let iam: IAM;
beforeAll(async () => {
  cloudkeep = await startForTest();
  iam = new IAM(options(cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const options = (credentials: Credentials) => optionsOf(cloudkeep, credentials);

function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}
const allowAll = policyOf({ Effect: "Allow", Action: "*", Resource: "*" });
const arnOf = (role: string) => `arn:aws:iam::${account}:role/${role}`;

/** A user who may do everything, or what the statements say. */
async function user(UserName: string, policy = allowAll): Promise<Credentials> {
  await iam.createUser({ UserName });
  await iam.putUserPolicy({ UserName, PolicyName: "own", PolicyDocument: policy });
  return credentialsOf((await iam.createAccessKey({ UserName })).AccessKey);
}

interface RoleOptions {
  trust?: object;
  policy?: string;
  maxSeconds?: number;
}

/** A role that the account's principals may take, and do everything with, unless told otherwise. */
async function role(RoleName: string, { trust = {}, policy = allowAll, maxSeconds }: RoleOptions = {}) {
  await iam.createRole({
    RoleName,
    AssumeRolePolicyDocument: policyOf({
      Effect: "Allow",
      Principal: { AWS: account },
      Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
      ...trust,
    }),
    ...(maxSeconds !== undefined && { MaxSessionDuration: maxSeconds }),
  });
  await iam.putRolePolicy({ RoleName, PolicyName: "own", PolicyDocument: policy });
}

function assume(credentials: Credentials, input: Omit<AssumeRoleCommandInput, "RoleSessionName">) {
  return new STS(options(credentials)).assumeRole({ RoleSessionName: "s1", ...input });
}

async function assumed(credentials: Credentials, input: Omit<AssumeRoleCommandInput, "RoleSessionName">) {
  return credentialsOf((await assume(credentials, input)).Credentials);
}

describe("AssumeRole", () => {
  let ann: Credentials;
  beforeAll(async () => {
    ann = await user("ann");
    await role("plain");
  });

  it("gives credentials that are the role", async () => {
    const { AssumedRoleUser, Credentials: given } = await assume(ann, { RoleArn: arnOf("plain") });
    expect(AssumedRoleUser?.Arn).toBe(`arn:aws:sts::${account}:assumed-role/plain/s1`);
    const identity = await new STS(options(credentialsOf(given))).getCallerIdentity({});
    expect(identity.Arn).toBe(AssumedRoleUser?.Arn);
    expect(identity.UserId).toBe(AssumedRoleUser?.AssumedRoleId);
  });

  it("is refused to the root, for a role that is not there and without trust, in the same words", async () => {
    const root = assume(cloudkeep.credentials, { RoleArn: arnOf("plain") });
    expect(await errorOf(root)).toMatchObject({
      name: "AccessDenied",
      message: "Roles may not be assumed by root accounts.",
    });
    await role("foreign", { trust: { Principal: { AWS: "111122223333" } } });
    const words = (name: string) =>
      `User: arn:aws:iam::${account}:user/ann is not authorized to perform: sts:AssumeRole on resource: ${arnOf(name)}`;
    for (const name of ["foreign", "nowhere"]) {
      const error = await errorOf(assume(ann, { RoleArn: arnOf(name) }));
      expect(error).toMatchObject({ name: "AccessDenied", message: words(name) });
    }
  });

  it("asks for the external id that the role's trust names", async () => {
    const Condition = { StringEquals: { "sts:ExternalId": "one-two" } };
    await role("partner", { trust: { Condition } });
    const RoleArn = arnOf("partner");
    expect((await errorOf(assume(ann, { RoleArn }))).name).toBe("AccessDenied");
    expect((await errorOf(assume(ann, { RoleArn, ExternalId: "three" }))).name).toBe("AccessDenied");
    await assumed(ann, { RoleArn, ExternalId: "one-two" });
  });

  it("never gives more than the session policy allows", async () => {
    const Policy = policyOf({ Effect: "Allow", Action: "iam:ListUsers", Resource: "*" });
    const credentials = await assumed(ann, { RoleArn: arnOf("plain"), Policy });
    const session = new IAM(options(credentials));
    await session.listUsers({});
    expect((await errorOf(session.listRoles({}))).message).toContain(
      "because no session policy allows the iam:ListRoles action",
    );
    const PolicyArns = [{ arn: "arn:aws:iam::aws:policy/IAMReadOnlyAccess" }];
    const reader = new IAM(options(await assumed(ann, { RoleArn: arnOf("plain"), PolicyArns })));
    await reader.listRoles({});
    expect((await errorOf(reader.createUser({ UserName: "x" }))).name).toBe("AccessDenied");
  });

  it("refuses a session policy that is malformed, too large, or not there", async () => {
    const RoleArn = arnOf("plain");
    const malformed = assume(ann, { RoleArn, Policy: "{}" });
    expect((await errorOf(malformed)).name).toBe("MalformedPolicyDocumentException");
    const PolicyArns = [{ arn: "arn:aws:iam::aws:policy/NoSuchPolicy" }];
    expect((await errorOf(assume(ann, { RoleArn, PolicyArns }))).name).toBe(
      "MalformedPolicyDocumentException",
    );
    const Policy = policyOf({ Effect: "Allow", Action: "*", Resource: "*" });
    const { PackedPolicySize } = await assume(ann, { RoleArn, Policy });
    expect(PackedPolicySize).toBeGreaterThan(0);
    const Tags = Array.from({ length: 40 }, (_, i) => ({ Key: `key-${i}`, Value: "v".repeat(200) }));
    expect(await errorOf(assume(ann, { RoleArn, Tags }))).toMatchObject({
      name: "PackedPolicyTooLargeException",
    });
  });

  it("tags the session, for policies to ask, and hands transitive tags on", async () => {
    const Condition = { StringEquals: { "aws:PrincipalTag/team": "red" } };
    const policy = policyOf(
      { Effect: "Allow", Action: "iam:ListUsers", Resource: "*", Condition },
      { Effect: "Allow", Action: "sts:*", Resource: "*" },
    );
    await role("tagged", { policy });
    await role("next", { policy });
    const lists = async (credentials: Credentials) =>
      new IAM(options(credentials)).listUsers({}).then(
        () => true,
        () => false,
      );
    const Tags = [{ Key: "team", Value: "red" }];
    const RoleArn = arnOf("tagged");
    expect(await lists(await assumed(ann, { RoleArn }))).toBe(false);
    const local = await assumed(ann, { RoleArn, Tags });
    expect(await lists(local)).toBe(true);
    expect(await lists(await assumed(local, { RoleArn: arnOf("next") }))).toBe(false);
    const handing = await assumed(ann, { RoleArn, Tags, TransitiveTagKeys: ["team"] });
    expect(await lists(await assumed(handing, { RoleArn: arnOf("next") }))).toBe(true);
  });

  it("needs the role's trust for tags and for a source identity", async () => {
    await role("bare", { trust: { Action: "sts:AssumeRole" } });
    const RoleArn = arnOf("bare");
    await assumed(ann, { RoleArn });
    const tagging = errorOf(assume(ann, { RoleArn, Tags: [{ Key: "a", Value: "b" }] }));
    expect((await tagging).message).toContain("sts:TagSession");
    const naming = errorOf(assume(ann, { RoleArn, SourceIdentity: "ann" }));
    expect((await naming).message).toContain("sts:SetSourceIdentity");
  });

  it("keeps a source identity through the chain", async () => {
    const RoleArn = arnOf("plain");
    const first = await assume(ann, { RoleArn, SourceIdentity: "ann-herself" });
    expect(first.SourceIdentity).toBe("ann-herself");
    const session = credentialsOf(first.Credentials);
    const second = await assume(session, { RoleArn });
    expect(second.SourceIdentity).toBe("ann-herself");
    const other = assume(session, { RoleArn, SourceIdentity: "somebody" });
    expect((await errorOf(other)).name).toBe("AccessDenied");
    const Condition = { StringEquals: { "aws:SourceIdentity": "ann-herself" } };
    await role("sourced", { trust: { Condition } });
    await assumed(session, { RoleArn: arnOf("sourced") });
    expect((await errorOf(assume(ann, { RoleArn: arnOf("sourced") }))).name).toBe("AccessDenied");
  });

  it("limits how long a session lives, to an hour in a chain", async () => {
    await role("long", { maxSeconds: 7200 });
    const RoleArn = arnOf("long");
    const { Credentials: given } = await assume(ann, { RoleArn, DurationSeconds: 7200 });
    const lives = (given?.Expiration?.getTime() ?? 0) - cloudkeep.clock.now();
    expect(lives).toBeGreaterThan(7190_000);
    expect(lives).toBeLessThanOrEqual(7200_000);
    expect(await errorOf(assume(ann, { RoleArn, DurationSeconds: 7201 }))).toMatchObject({
      name: "ValidationError",
      message: "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
    });
    const chained = assume(credentialsOf(given), { RoleArn, DurationSeconds: 3601 });
    expect(await errorOf(chained)).toMatchObject({
      name: "ValidationError",
      message:
        "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining.",
    });
    const short = assume(ann, { RoleArn, DurationSeconds: 899 });
    expect((await errorOf(short)).message).toContain("'durationSeconds' failed to satisfy constraint");
  });

  it("ends with its time, and with its role", async () => {
    await role("brief");
    const credentials = await assumed(ann, { RoleArn: arnOf("brief") });
    const session = new IAM(options(credentials));
    await session.listUsers({});
    await iam.deleteRolePolicy({ RoleName: "brief", PolicyName: "own" });
    await iam.deleteRole({ RoleName: "brief" });
    await role("brief");
    expect((await errorOf(session.listUsers({}))).name).toBe("AccessDenied");
    await cloudkeep.clock.advance(hourMs + 1000);
    expect(await errorOf(session.listUsers({}))).toMatchObject({
      name: "ExpiredToken",
      message: "The security token included in the request is expired",
    });
  });

  it("takes a code of the caller's own MFA device, for the role that asks for one", async () => {
    await role("careful", { trust: { Condition: { Bool: { "aws:MultiFactorAuthPresent": "true" } } } });
    const RoleArn = arnOf("careful");
    expect((await errorOf(assume(ann, { RoleArn }))).name).toBe("AccessDenied");
    const wrong = assume(ann, {
      RoleArn,
      SerialNumber: `arn:aws:iam::${account}:mfa/nobodys`,
      TokenCode: "123456",
    });
    expect(await errorOf(wrong)).toMatchObject({
      name: "AccessDenied",
      message: "MultiFactorAuthentication failed with invalid MFA one time pass code. ",
    });
  });
});

describe("a user's own session", () => {
  it("without MFA asks IAM nothing, and STS little", async () => {
    const ben = await user("ben");
    const { Credentials: given } = await new STS(options(ben)).getSessionToken({});
    const session = credentialsOf(given);
    expect(await errorOf(new IAM(options(session)).listUsers({}))).toMatchObject({
      name: "InvalidClientTokenId",
      message: "The security token included in the request is invalid",
      $metadata: { httpStatusCode: 403 },
    });
    const sts = new STS(options(session));
    expect((await sts.getCallerIdentity({})).Arn).toBe(`arn:aws:iam::${account}:user/ben`);
    expect((await errorOf(sts.getFederationToken({ Name: "fed" }))).message).toBe(
      "Cannot call GetFederationToken with session credentials",
    );
    expect((await errorOf(sts.getAccessKeyInfo({ AccessKeyId: "AKIAIOSFODNN7EXAMPLE" }))).name).toBe(
      "InvalidClientTokenId",
    );
    await role("reachable");
    await assumed(session, { RoleArn: arnOf("reachable") });
    await new KMS(options(session)).listKeys({});
  });

  it("lives twelve hours, the root's one", async () => {
    const cleo = await user("cleo");
    const hours = async (credentials: Credentials) => {
      const { Credentials: given } = await new STS(options(credentials)).getSessionToken({});
      return Math.ceil(((given?.Expiration?.getTime() ?? 0) - cloudkeep.clock.now()) / hourMs);
    };
    expect(await hours(cleo)).toBe(12);
    expect(await hours(cloudkeep.credentials)).toBe(1);
  });
});

describe("a federated user", () => {
  it("may do what both its maker and its session policy allow, and nothing of IAM's or STS's", async () => {
    const dan = await user("dan");
    const sts = new STS(options(dan));
    const bare = await sts.getFederationToken({ Name: "bare" });
    expect((await errorOf(new KMS(options(credentialsOf(bare.Credentials))).listKeys({}))).name).toBe(
      "AccessDeniedException",
    );
    const Policy = policyOf({ Effect: "Allow", Action: ["kms:ListKeys", "iam:*"], Resource: "*" });
    const { Credentials: given, FederatedUser } = await sts.getFederationToken({ Name: "fed", Policy });
    const session = credentialsOf(given);
    await new KMS(options(session)).listKeys({});
    expect((await errorOf(new KMS(options(session)).listAliases({}))).name).toBe("AccessDeniedException");
    expect((await errorOf(new IAM(options(session)).listUsers({}))).name).toBe("InvalidClientTokenId");
    const own = new STS(options(session));
    expect((await own.getCallerIdentity({})).Arn).toBe(FederatedUser?.Arn);
    const taking = own.assumeRole({ RoleArn: arnOf("plain"), RoleSessionName: "s1" });
    expect((await errorOf(taking)).name).toBe("InvalidClientTokenId");
    await iam.putUserPolicy({
      UserName: "dan",
      PolicyName: "own",
      PolicyDocument: policyOf({ Effect: "Allow", Action: "sts:*", Resource: "*" }),
    });
    expect((await errorOf(new KMS(options(session)).listKeys({}))).name).toBe("AccessDeniedException");
  });
});
