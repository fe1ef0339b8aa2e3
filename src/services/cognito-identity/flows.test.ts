import type { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CreateOpenIDConnectProviderCommand } from "@aws-sdk/client-iam";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { decodeJwt, exportJWK, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { newPool, newUser, tokensOf } from "../cognito-idp/testing.ts";
import { guestClient, identityClient, poolRole, startIssuer, type TestIssuer } from "./testing.ts";

let cloudkeep: Cloudkeep;
let owner: CognitoIdentity;
let guest: CognitoIdentity;
let issuer: TestIssuer;
let poolId: string;
let oidcArn: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  owner = identityClient(cloudkeep);
  guest = guestClient(cloudkeep);
  issuer = await startIssuer(() => cloudkeep.clock.now());
  const root = clients(cloudkeep, cloudkeep.credentials);
  const { OpenIDConnectProviderArn = "" } = await root.iam.send(
    new CreateOpenIDConnectProviderCommand({ Url: issuer.issuer, ClientIDList: ["app"] }),
  );
  oidcArn = OpenIDConnectProviderArn;
  const { IdentityPoolId = "" } = await owner.createIdentityPool({
    IdentityPoolName: "app",
    AllowUnauthenticatedIdentities: true,
    AllowClassicFlow: true,
    DeveloperProviderName: "backend",
    OpenIdConnectProviderARNs: [oidcArn],
  });
  poolId = IdentityPoolId;
  const authenticated = await poolRole(cloudkeep, "member", poolId, "authenticated", {
    Action: "s3:PutObject",
    Resource: "arn:aws:s3:::homes/${cognito-identity.amazonaws.com:sub}/*",
  });
  const unauthenticated = await poolRole(cloudkeep, "guest", poolId, "unauthenticated", {
    Action: ["s3:PutObject", "iam:ListRoles"],
    Resource: "*",
  });
  await owner.setIdentityPoolRoles({ IdentityPoolId: poolId, Roles: { authenticated, unauthenticated } });
  await root.s3.send(new CreateBucketCommand({ Bucket: "homes" }));
});
afterAll(async () => {
  await issuer.stop();
  await cloudkeep.stop();
});

async function logins(sub: string, more: Record<string, unknown> = {}) {
  return { [issuer.name]: await issuer.token({ sub, ...more }) };
}

async function signIn(Logins?: Record<string, string>) {
  const { IdentityId = "" } = await guest.getId({ IdentityPoolId: poolId, ...(Logins && { Logins }) });
  const { Credentials } = await guest.getCredentialsForIdentity({ IdentityId, ...(Logins && { Logins }) });
  const credentials = {
    accessKeyId: Credentials?.AccessKeyId ?? "",
    secretAccessKey: Credentials?.SecretKey ?? "",
    sessionToken: Credentials?.SessionToken ?? "",
  };
  return { IdentityId, aws: clients(cloudkeep, credentials) };
}

describe("credentials", () => {
  it("of a member reach what is theirs, and no more", async () => {
    const { IdentityId, aws } = await signIn(await logins("alice"));
    const put = (Key: string) => aws.s3.send(new PutObjectCommand({ Bucket: "homes", Key, Body: "x" }));
    await put(`${IdentityId}/note`);
    expect(await errorOf(put("somebody/note"))).toMatchObject({ name: "AccessDenied" });
    const { Arn } = await aws.sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).toMatch(/assumed-role\/member\/CognitoIdentityCredentials$/);
    expect((await signIn(await logins("alice"))).IdentityId).toBe(IdentityId);
    expect((await signIn(await logins("bob"))).IdentityId).not.toBe(IdentityId);
  });

  it("of a guest are scoped down", async () => {
    const { aws, IdentityId } = await signIn();
    await aws.s3.send(new PutObjectCommand({ Bucket: "homes", Key: "guest", Body: "x" }));
    const { ListRolesCommand } = await import("@aws-sdk/client-iam");
    expect(await errorOf(aws.iam.send(new ListRolesCommand({})))).toMatchObject({ name: "AccessDenied" });
    // A guest who signs in stays the same identity; then the id alone opens nothing.
    const Logins = await logins("carol");
    expect(await guest.getCredentialsForIdentity({ IdentityId, Logins })).toMatchObject({ IdentityId });
    expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId }))).toMatchObject({
      name: "NotAuthorizedException",
      message: `Access to Identity '${IdentityId}' is forbidden.`,
    });
    const Strangers = await logins("mallory");
    expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId, Logins: Strangers }))).toMatchObject({
      message:
        "Logins don't match. Please include at least one valid login for this identity or identity pool.",
    });
  });

  it("need a role that trusts the pool", async () => {
    const { IdentityPoolId = "" } = await owner.createIdentityPool({
      IdentityPoolName: "none",
      AllowUnauthenticatedIdentities: true,
    });
    const { IdentityId } = await guest.getId({ IdentityPoolId });
    const misconfigured = { name: "InvalidIdentityPoolConfigurationException" };
    expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId }))).toMatchObject(misconfigured);
    const unauthenticated = "arn:aws:iam::000000000000:role/guest";
    await owner.setIdentityPoolRoles({ IdentityPoolId, Roles: { unauthenticated } });
    expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId }))).toMatchObject(misconfigured);
    expect(await errorOf(guest.getOpenIdToken({ IdentityId }))).toMatchObject({
      message: "Basic (classic) flow is not enabled, please use enhanced flow.",
    });
  });

  it("come in the basic flow from STS itself", async () => {
    const Logins = await logins("dora");
    const { IdentityId } = await guest.getId({ IdentityPoolId: poolId, Logins });
    const { Token = "" } = await guest.getOpenIdToken({ IdentityId, Logins });
    expect(decodeJwt(Token)).toMatchObject({
      sub: IdentityId,
      aud: poolId,
      iss: "https://cognito-identity.amazonaws.com",
    });
    const { sts } = clients(cloudkeep, { accessKeyId: "", secretAccessKey: "" });
    const assume = (role: string, WebIdentityToken = Token) =>
      sts.send(
        new AssumeRoleWithWebIdentityCommand({
          RoleArn: `arn:aws:iam::000000000000:role/${role}`,
          RoleSessionName: "app",
          WebIdentityToken,
        }),
      );
    expect(await assume("member")).toMatchObject({
      SubjectFromWebIdentityToken: IdentityId,
      Audience: poolId,
    });
    expect(await errorOf(assume("guest"))).toMatchObject({ name: "AccessDenied" });
    expect(await errorOf(assume("member", `${Token.slice(0, -8)}AAAAAAAA`))).toMatchObject({
      name: "InvalidIdentityTokenException",
    });
    await cloudkeep.clock.advance(600_000);
    expect(await errorOf(assume("member"))).toMatchObject({ name: "ExpiredTokenException" });
  });
});

it("takes users of user pools, by role mapping and tags, until they are signed out", async () => {
  const users = await newPool(cloudkeep);
  await newUser(users, "erin", { email: "erin@example.com" });
  const provider = `cognito-idp.us-east-1.amazonaws.com/${users.UserPoolId}`;
  const { IdentityPoolId = "" } = await owner.createIdentityPool({
    IdentityPoolName: "users",
    AllowUnauthenticatedIdentities: false,
    CognitoIdentityProviders: [
      { ProviderName: provider, ClientId: users.ClientId, ServerSideTokenCheck: true },
    ],
  });
  const mapped = await poolRole(cloudkeep, "mapped", IdentityPoolId, "authenticated");
  const rule = { Claim: "email", MatchType: "StartsWith" as const, Value: "erin@", RoleARN: mapped };
  await owner.setIdentityPoolRoles({
    IdentityPoolId,
    Roles: {},
    RoleMappings: {
      [`${provider}:${users.ClientId}`]: {
        Type: "Rules",
        AmbiguousRoleResolution: "Deny",
        RulesConfiguration: { Rules: [rule] },
      },
    },
  });
  await owner.setPrincipalTagAttributeMap({
    IdentityPoolId,
    IdentityProviderName: provider,
    PrincipalTags: { mail: "email" },
  });
  const { IdToken, AccessToken } = await tokensOf(users, "erin");
  const Logins = { [provider]: IdToken };
  expect(await errorOf(guest.getId({ IdentityPoolId }))).toMatchObject({
    message: "Unauthenticated access is not supported for this identity pool.",
  });
  const { IdentityId } = await guest.getId({ IdentityPoolId, Logins });
  const { Credentials } = await guest.getCredentialsForIdentity({ IdentityId, Logins });
  expect(Credentials?.AccessKeyId).toMatch(/^ASIA/);
  expect(await errorOf(guest.getId({ IdentityPoolId, Logins: { [provider]: AccessToken } }))).toMatchObject({
    message: "Invalid login token. Missing a required claim: aud",
  });
  await users.idp.adminUserGlobalSignOut({ UserPoolId: users.UserPoolId, Username: "erin" });
  expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId, Logins }))).toMatchObject({
    name: "NotAuthorizedException",
  });
});

describe("a bad token", () => {
  const now = () => Math.floor(cloudkeep.clock.now() / 1000);
  const claims = () => ({ iss: issuer.issuer, aud: "app", sub: "eve", iat: now(), exp: now() + 600 });
  const bad: Record<string, () => Promise<string> | string> = {
    "no token at all": () => "nothing",
    "alg none": () => new UnsecuredJWT(claims()).encode(),
    "HS256 with the public key": async () =>
      await new SignJWT(claims())
        .setProtectedHeader({ alg: "HS256", kid: "one" })
        .sign(new TextEncoder().encode(JSON.stringify(await exportJWK(issuer.publicKey)))),
    "a foreign kid": () => issuer.token({ sub: "eve" }, { kid: "two" }),
    "a wrong audience": () => issuer.token({ sub: "eve", aud: "another" }),
    "a wrong issuer": () => issuer.token({ sub: "eve", iss: "http://127.0.0.1:1" }),
    "no subject": () => issuer.token({}),
    expired: () => issuer.token({ sub: "eve", iat: now() - 900, exp: now() - 1 }),
    "not yet valid": () => issuer.token({ sub: "eve", nbf: now() + 3_600 }),
    "a changed signature": async () => `${(await issuer.token({ sub: "eve" })).slice(0, -8)}AAAAAAAA`,
  };
  for (const header of ["jwk", "jku", "x5u"]) {
    bad[`a key of its own in ${header}`] = async () => {
      const other = await startIssuer(() => cloudkeep.clock.now());
      const value = header === "jwk" ? await exportJWK(other.publicKey) : `${other.issuer}/keys`;
      const token = await other.token({ ...claims() }, { [header]: value });
      await other.stop();
      return token;
    };
  }

  it.each(Object.entries(bad))("is refused: %s", async (_, make) => {
    const Logins = { [issuer.name]: await make() };
    const refused = await errorOf(guest.getId({ IdentityPoolId: poolId, Logins }));
    expect(refused).toMatchObject({ name: "NotAuthorizedException" });
    expect(refused.message).toMatch(/^Invalid login token\. /);
  });

  it("is one of another provider, or of a pool for a guest", async () => {
    const unsupported = { message: "Token is not from a supported provider of this identity pool." };
    const named = { "other.example.com": await issuer.token({ sub: "eve" }) };
    expect(await errorOf(guest.getId({ IdentityPoolId: poolId, Logins: named }))).toMatchObject(unsupported);
    const { IdentityId } = await guest.getId({ IdentityPoolId: poolId });
    const { Token = "" } = await guest.getOpenIdToken({ IdentityId });
    const Logins = { "cognito-identity.amazonaws.com": Token };
    expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId, Logins }))).toMatchObject(unsupported);
  });
});

describe("developers' users", () => {
  const vouch = (user: string, more: object = {}) =>
    owner.getOpenIdTokenForDeveloperIdentity({ IdentityPoolId: poolId, Logins: { backend: user }, ...more });

  it("get credentials with the token that their backend asked for", async () => {
    const { IdentityId, Token = "" } = await vouch("frank");
    expect(await vouch("frank")).toMatchObject({ IdentityId });
    const Logins = { "cognito-identity.amazonaws.com": Token };
    expect(await guest.getCredentialsForIdentity({ IdentityId, Logins })).toMatchObject({ IdentityId });
    const other = await vouch("grace");
    expect(
      await errorOf(guest.getCredentialsForIdentity({ IdentityId: other.IdentityId, Logins })),
    ).toMatchObject({ name: "NotAuthorizedException" });
    expect(await errorOf(vouch("frank", { IdentityId: other.IdentityId }))).toMatchObject({
      name: "DeveloperUserAlreadyRegisteredException",
    });
  });

  it("are looked up, merged and unlinked", async () => {
    const { IdentityId: first } = await vouch("heidi");
    const { IdentityId: second } = await vouch("ivan");
    const lookup = (DeveloperUserIdentifier: string) =>
      owner.lookupDeveloperIdentity({ IdentityPoolId: poolId, DeveloperUserIdentifier, MaxResults: 10 });
    expect(await lookup("heidi")).toMatchObject({
      IdentityId: first,
      DeveloperUserIdentifierList: ["heidi"],
    });
    const merge = await owner.mergeDeveloperIdentities({
      IdentityPoolId: poolId,
      DeveloperProviderName: "backend",
      SourceUserIdentifier: "heidi",
      DestinationUserIdentifier: "ivan",
    });
    expect(merge).toMatchObject({ IdentityId: second });
    expect(await lookup("heidi")).toMatchObject({ DeveloperUserIdentifierList: ["heidi", "ivan"] });
    await owner.unlinkDeveloperIdentity({
      IdentityPoolId: poolId,
      IdentityId: second,
      DeveloperProviderName: "backend",
      DeveloperUserIdentifier: "heidi",
    });
    expect(await errorOf(lookup("heidi"))).toMatchObject({ name: "ResourceNotFoundException" });
  });
});
