import { createHmac, generateKeyPairSync } from "node:crypto";
import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CreateRoleCommand, ListRolesCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { AssumeRoleWithWebIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, optionsOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newPool, newUser, type TestPool, tokensOf } from "../cognito-idp/testing.ts";

/** Identities of users and visitors, and the credentials that they get. */

let cloudkeep: Cloudkeep;
let signed: CognitoIdentity;
/** What a page has: no credentials. */
let open: CognitoIdentity;
let users: TestPool;
let provider: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  signed = new CognitoIdentity(optionsOf(cloudkeep, cloudkeep.credentials));
  open = new CognitoIdentity({ endpoint: cloudkeep.endpoint, region: "us-east-1", maxAttempts: 1 });
  users = await newPool(cloudkeep);
  await newUser(users, "alice");
  await newUser(users, "bob");
  provider = `cognito-idp.us-east-1.amazonaws.com/${users.UserPoolId}`;
});
afterAll(() => cloudkeep.stop());

let serial = 0;

/** A role that identities of a pool may take on. */
async function newRole(
  poolId: string,
  allowed: Record<string, unknown>,
  amr = "authenticated",
): Promise<string> {
  serial += 1;
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const RoleName = `identity-${serial}`;
  const trust = policyOf({
    Principal: { Federated: "cognito-identity.amazonaws.com" },
    Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
    Condition: {
      StringEquals: { "cognito-identity.amazonaws.com:aud": poolId },
      "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": amr },
    },
  });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const PolicyDocument = policyOf(allowed);
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  return Role?.Arn ?? "";
}

const maySee = { Action: ["sqs:ListQueues", "firehose:ListDeliveryStreams", "iam:ListRoles"], Resource: "*" };

async function newIdentityPool(more: object = {}) {
  const { IdentityPoolId = "" } = await signed.createIdentityPool({
    IdentityPoolName: "app",
    AllowUnauthenticatedIdentities: true,
    AllowClassicFlow: true,
    CognitoIdentityProviders: [
      { ProviderName: provider, ClientId: users.ClientId, ServerSideTokenCheck: true },
    ],
    ...more,
  });
  const authenticated = await newRole(IdentityPoolId, maySee);
  const unauthenticated = await newRole(IdentityPoolId, maySee, "unauthenticated");
  await signed.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated, unauthenticated } });
  return { IdentityPoolId, authenticated, unauthenticated };
}

const loginOf = async (name: string) => ({ [provider]: (await tokensOf(users, name)).IdToken });

/** Clients with the credentials of an identity. */
async function as(IdentityId: string | undefined, Logins: Record<string, string> = {}) {
  const { Credentials } = await open.getCredentialsForIdentity({ IdentityId, Logins });
  return clients(cloudkeep, {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  });
}

describe("a pool", () => {
  it("is made, shown, changed, tagged, listed and deleted", async () => {
    const made = await signed.createIdentityPool({
      IdentityPoolName: "first",
      AllowUnauthenticatedIdentities: false,
      DeveloperProviderName: "login.example.com",
      IdentityPoolTags: { team: "data" },
    });
    const IdentityPoolId = made.IdentityPoolId ?? "";
    expect(IdentityPoolId).toMatch(/^us-east-1:[0-9a-f-]{36}$/);
    const shown = await signed.describeIdentityPool({ IdentityPoolId });
    expect(shown).toMatchObject({ IdentityPoolName: "first", DeveloperProviderName: "login.example.com" });
    await signed.updateIdentityPool({
      ...shown,
      IdentityPoolId,
      IdentityPoolName: "second",
      AllowUnauthenticatedIdentities: true,
    });
    const ResourceArn = `arn:aws:cognito-identity:us-east-1:${cloudkeep.accountId}:identitypool/${IdentityPoolId}`;
    await signed.tagResource({ ResourceArn, Tags: { stage: "test" } });
    await signed.untagResource({ ResourceArn, TagKeys: ["team"] });
    expect((await signed.listTagsForResource({ ResourceArn })).Tags).toEqual({ stage: "test" });
    const { IdentityPools } = await signed.listIdentityPools({ MaxResults: 60 });
    expect(IdentityPools).toContainEqual({ IdentityPoolId, IdentityPoolName: "second" });
    await signed.deleteIdentityPool({ IdentityPoolId });
    const error = await errorOf(signed.describeIdentityPool({ IdentityPoolId }));
    expect([error.name, error.message]).toEqual([
      "ResourceNotFoundException",
      `IdentityPool '${IdentityPoolId}' not found.`,
    ]);
  });
});

describe("a user of a user pool", () => {
  it("has one identity, whatever the sign-in, and gets credentials of the pool's role", async () => {
    const { IdentityPoolId, authenticated } = await newIdentityPool();
    const { IdentityId } = await open.getId({ IdentityPoolId, Logins: await loginOf("alice") });
    expect((await open.getId({ IdentityPoolId, Logins: await loginOf("alice") })).IdentityId).toBe(
      IdentityId,
    );
    expect((await open.getId({ IdentityPoolId, Logins: await loginOf("bob") })).IdentityId).not.toBe(
      IdentityId,
    );
    const { sts, sqs } = await as(IdentityId, await loginOf("alice"));
    const { Arn } = await sts.send(new (await import("@aws-sdk/client-sts")).GetCallerIdentityCommand({}));
    const roleName = authenticated.slice(authenticated.indexOf("/") + 1);
    expect(Arn).toBe(
      `arn:aws:sts::${cloudkeep.accountId}:assumed-role/${roleName}/CognitoIdentityCredentials`,
    );
    await sqs.send(new (await import("@aws-sdk/client-sqs")).ListQueuesCommand({}));
    const { Logins } = await signed.describeIdentity({ IdentityId });
    expect(Logins).toEqual([provider]);
  });

  it("does not get at the identity of another, nor without a login", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const { IdentityId } = await open.getId({ IdentityPoolId, Logins: await loginOf("alice") });
    const words = async (Logins: Record<string, string>) =>
      (await errorOf(open.getCredentialsForIdentity({ IdentityId, Logins }))).message;
    expect(await words(await loginOf("bob"))).toBe(
      "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    );
    expect(await words({})).toBe(`Access to Identity '${IdentityId}' is forbidden.`);
  });

  it("is refused where the role does not trust the pool, or there is none", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const elsewhere = await newRole("us-east-1:00000000-0000-4000-8000-000000000000", maySee);
    const Logins = await loginOf("alice");
    const { IdentityId } = await open.getId({ IdentityPoolId, Logins });
    for (const Roles of [{ authenticated: elsewhere }, {}] as Record<string, string>[]) {
      await signed.setIdentityPoolRoles({ IdentityPoolId, Roles });
      const error = await errorOf(open.getCredentialsForIdentity({ IdentityId, Logins }));
      expect(error.name).toBe("InvalidIdentityPoolConfigurationException");
    }
  });

  it("gets the role that a rule or its group names", async () => {
    const { IdentityPoolId, authenticated } = await newIdentityPool();
    const special = await newRole(IdentityPoolId, { Action: "sns:ListTopics", Resource: "*" });
    const mapped = `${provider}:${users.ClientId}`;
    const rule = {
      Claim: "cognito:username",
      MatchType: "Equals" as const,
      Value: "alice",
      RoleARN: special,
    };
    const use = async (mapping: object, name: string) => {
      const RoleMappings = { [mapped]: { AmbiguousRoleResolution: "Deny" as const, ...mapping } } as never;
      await signed.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated }, RoleMappings });
      const Logins = await loginOf(name);
      const { IdentityId } = await open.getId({ IdentityPoolId, Logins });
      return await as(IdentityId, Logins);
    };
    const rules = { Type: "Rules", RulesConfiguration: { Rules: [rule] } };
    const { sns } = await use(rules, "alice");
    await sns.listTopics({});
    expect((await errorOf(use(rules, "bob"))).name).toBe("NotAuthorizedException");
    const { idp, UserPoolId } = users;
    await idp.createGroup({ UserPoolId, GroupName: "special", RoleArn: special });
    await idp.adminAddUserToGroup({ UserPoolId, GroupName: "special", Username: "bob" });
    await (await use({ Type: "Token" }, "bob")).sns.listTopics({});
    expect((await signed.getIdentityPoolRoles({ IdentityPoolId })).RoleMappings?.[mapped]?.Type).toBe(
      "Token",
    );
  });

  it("carries claims as session tags", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const role = await newRole(IdentityPoolId, {
      Action: "sns:ListTopics",
      Resource: "*",
      Condition: { StringEquals: { "aws:PrincipalTag/who": "alice" } },
    });
    await signed.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated: role } });
    await signed.setPrincipalTagAttributeMap({
      IdentityPoolId,
      IdentityProviderName: provider,
      PrincipalTags: { who: "cognito:username" },
    });
    const map = await signed.getPrincipalTagAttributeMap({ IdentityPoolId, IdentityProviderName: provider });
    expect(map.PrincipalTags).toEqual({ who: "cognito:username" });
    for (const [name, isAllowed] of [
      ["alice", true],
      ["bob", false],
    ] as const) {
      const Logins = await loginOf(name);
      const { IdentityId } = await open.getId({ IdentityPoolId, Logins });
      const { sns } = await as(IdentityId, Logins);
      if (isAllowed) await sns.listTopics({});
      else expect((await errorOf(sns.listTopics({}))).name).toBe("AccessDenied");
    }
  });
});

describe("a visitor", () => {
  it("gets an identity and less than the role gives", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const { IdentityId } = await open.getId({ IdentityPoolId });
    const { iam } = await as(IdentityId);
    const refused = await errorOf(iam.send(new ListRolesCommand({})));
    expect(refused.message).toContain("because no session policy allows the iam:ListRoles action");
  });

  it("becomes a user by signing in, and is let in only where visitors are", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const { IdentityId } = await open.getId({ IdentityPoolId });
    const Logins = await loginOf("alice");
    await open.getCredentialsForIdentity({ IdentityId, Logins });
    expect((await open.getId({ IdentityPoolId, Logins })).IdentityId).toBe(IdentityId);
    expect((await errorOf(open.getCredentialsForIdentity({ IdentityId }))).name).toBe(
      "NotAuthorizedException",
    );
    const closed = await newIdentityPool({ AllowUnauthenticatedIdentities: false });
    expect((await errorOf(open.getId({ IdentityPoolId: closed.IdentityPoolId }))).message).toBe(
      "Unauthenticated access is not supported for this identity pool.",
    );
  });
});

describe("the basic flow", () => {
  it("takes the pool's token to STS, where the role's trust decides", async () => {
    const { IdentityPoolId, authenticated, unauthenticated } = await newIdentityPool();
    const Logins = await loginOf("alice");
    const { IdentityId } = await open.getId({ IdentityPoolId, Logins });
    const { Token: WebIdentityToken } = await open.getOpenIdToken({ IdentityId, Logins });
    const { sts } = clients(cloudkeep, cloudkeep.credentials);
    const assume = (RoleArn: string, token = WebIdentityToken) =>
      sts.send(
        new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "web", WebIdentityToken: token }),
      );
    const answer = await assume(authenticated);
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: IdentityId,
      Audience: IdentityPoolId,
      Provider: "cognito-identity.amazonaws.com",
    });
    expect((await errorOf(assume(unauthenticated))).name).toBe("AccessDenied");
    const [header = "", claims = "", signature = ""] = (WebIdentityToken ?? "").split(".");
    const flipped = `${header}.${claims}.${signature.startsWith("A") ? "B" : "A"}${signature.slice(1)}`;
    expect((await errorOf(assume(authenticated, flipped))).name).toBe("InvalidIdentityTokenException");
    await cloudkeep.clock.advance(601_000);
    expect((await errorOf(assume(authenticated))).name).toBe("ExpiredTokenException");
  });

  it("is off unless the pool has it", async () => {
    const { IdentityPoolId } = await newIdentityPool({ AllowClassicFlow: false });
    const { IdentityId } = await open.getId({ IdentityPoolId });
    expect((await errorOf(open.getOpenIdToken({ IdentityId }))).message).toBe(
      "Basic (classic) flow is not enabled, please use enhanced flow.",
    );
  });
});

describe("a developer's users", () => {
  const DeveloperProviderName = "login.example.com";

  it("are known by the developer's names, looked up, merged and unlinked", async () => {
    const { IdentityPoolId } = await newIdentityPool({ DeveloperProviderName });
    const tokenFor = (user: string) =>
      signed.getOpenIdTokenForDeveloperIdentity({
        IdentityPoolId,
        Logins: { [DeveloperProviderName]: user },
      });
    const { IdentityId, Token = "" } = await tokenFor("jane");
    expect((await tokenFor("jane")).IdentityId).toBe(IdentityId);
    await as(IdentityId, { "cognito-identity.amazonaws.com": Token });
    const look = (DeveloperUserIdentifier: string) =>
      signed.lookupDeveloperIdentity({ IdentityPoolId, DeveloperUserIdentifier });
    expect((await look("jane")).DeveloperUserIdentifierList).toEqual(["jane"]);
    const second = await tokenFor("jane.roe");
    const merged = await signed.mergeDeveloperIdentities({
      IdentityPoolId,
      DeveloperProviderName,
      SourceUserIdentifier: "jane.roe",
      DestinationUserIdentifier: "jane",
    });
    expect(merged.IdentityId).toBe(IdentityId);
    expect((await look("jane.roe")).DeveloperUserIdentifierList).toEqual(["jane", "jane.roe"]);
    const gone = open.getCredentialsForIdentity({
      IdentityId: second.IdentityId,
      Logins: { "cognito-identity.amazonaws.com": second.Token ?? "" },
    });
    expect((await errorOf(gone)).name).toBe("NotAuthorizedException");
    const one = { IdentityPoolId, IdentityId, DeveloperProviderName, DeveloperUserIdentifier: "jane.roe" };
    await signed.unlinkDeveloperIdentity(one);
    expect((await errorOf(look("jane.roe"))).name).toBe("ResourceNotFoundException");
  });
});

describe("identities", () => {
  it("are listed in pages, unlinked and deleted", async () => {
    const { IdentityPoolId } = await newIdentityPool();
    const Logins = await loginOf("alice");
    const { IdentityId = "" } = await open.getId({ IdentityPoolId, Logins });
    for (let i = 0; i < 4; i += 1) await open.getId({ IdentityPoolId });
    const first = await signed.listIdentities({ IdentityPoolId, MaxResults: 3 });
    const rest = await signed.listIdentities({ IdentityPoolId, MaxResults: 3, NextToken: first.NextToken });
    expect([first.Identities?.length, rest.Identities?.length, rest.NextToken]).toEqual([3, 2, undefined]);
    await open.unlinkIdentity({ IdentityId, Logins, LoginsToRemove: [provider] });
    expect((await signed.describeIdentity({ IdentityId })).Logins).toBeUndefined();
    expect((await open.getId({ IdentityPoolId, Logins })).IdentityId).not.toBe(IdentityId);
    const absent = "us-east-1:00000000-0000-4000-8000-000000000000";
    const { UnprocessedIdentityIds } = await signed.deleteIdentities({
      IdentityIdsToDelete: [IdentityId, absent],
    });
    expect(UnprocessedIdentityIds).toEqual([{ IdentityId: absent, ErrorCode: "AccessDenied" }]);
    expect((await errorOf(open.getCredentialsForIdentity({ IdentityId }))).name).toBe(
      "ResourceNotFoundException",
    );
  });
});

describe("a login", () => {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });
  const cases: [string, (good: { IdToken: string; AccessToken: string }) => Record<string, string>][] = [
    ["of nobody's provider", ({ IdToken }) => ({ "accounts.example.com": IdToken })],
    ["of another user pool", ({ IdToken }) => ({ [`${provider}x`]: IdToken })],
    ["that is an access token", ({ AccessToken }) => ({ [provider]: AccessToken })],
    ["that is no token", () => ({ [provider]: "token" })],
    ["without a signature", ({ IdToken }) => ({ [provider]: IdToken.replace(/[^.]+$/, "") })],
    [
      "with no algorithm",
      ({ IdToken }) => ({ [provider]: `${part({ alg: "none" })}.${IdToken.split(".")[1]}.` }),
    ],
    [
      "with HMAC under a public key",
      ({ IdToken }) => {
        const text = `${part({ alg: "HS256" })}.${IdToken.split(".")[1]}`;
        const pem = foreign.publicKey.export({ format: "pem", type: "spki" });
        return { [provider]: `${text}.${createHmac("sha256", pem).update(text).digest("base64url")}` };
      },
    ],
    [
      "that the pool is said to have issued itself",
      ({ IdToken }) => ({ "cognito-identity.amazonaws.com": IdToken }),
    ],
  ];
  it.each(cases)("%s is refused", async (_, make) => {
    const { IdentityPoolId } = await newIdentityPool();
    const error = await errorOf(open.getId({ IdentityPoolId, Logins: make(await tokensOf(users, "alice")) }));
    expect(error.name).toBe("NotAuthorizedException");
  });

  it("of somebody who signed out is refused where the pool asks the user pool, and an expired one everywhere", async () => {
    const asks = await newIdentityPool();
    const { UserPoolId, idp } = users;
    await newUser(users, "carol");
    const Logins = await loginOf("carol");
    await idp.adminUserGlobalSignOut({ UserPoolId, Username: "carol" });
    expect((await errorOf(open.getId({ IdentityPoolId: asks.IdentityPoolId, Logins }))).name).toBe(
      "NotAuthorizedException",
    );
    const trusts = await newIdentityPool({
      CognitoIdentityProviders: [{ ProviderName: provider, ClientId: users.ClientId }],
    });
    await open.getId({ IdentityPoolId: trusts.IdentityPoolId, Logins });
    await cloudkeep.clock.advance(3_600_000);
    expect((await errorOf(open.getId({ IdentityPoolId: trusts.IdentityPoolId, Logins }))).message).toMatch(
      /^Invalid login token\. Token expired/,
    );
  });
});
