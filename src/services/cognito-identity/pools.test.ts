import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import type { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { guestClient, identityClient } from "./testing.ts";

let cloudkeep: Cloudkeep;
let owner: CognitoIdentity;
let guest: CognitoIdentity;
beforeAll(async () => {
  cloudkeep = await startForTest();
  owner = identityClient(cloudkeep);
  guest = guestClient(cloudkeep);
});
afterAll(() => cloudkeep.stop());

async function newPool(more: object = {}): Promise<string> {
  const { IdentityPoolId = "" } = await owner.createIdentityPool({
    IdentityPoolName: "pool",
    AllowUnauthenticatedIdentities: true,
    AllowClassicFlow: true,
    DeveloperProviderName: "backend",
    ...more,
  });
  return IdentityPoolId;
}

const missing = { name: "ResourceNotFoundException" };
const badInput = { name: "InvalidParameterException" };

it("keeps what a pool is told, page by page, until it is deleted with its identities", async () => {
  const settings = {
    IdentityPoolName: "whole",
    AllowUnauthenticatedIdentities: true,
    SupportedLoginProviders: { "accounts.google.com": "app-id" },
    OpenIdConnectProviderARNs: ["arn:aws:iam::000000000000:oidc-provider/example.com"],
    SamlProviderARNs: ["arn:aws:iam::000000000000:saml-provider/example"],
    CognitoIdentityProviders: [
      {
        ProviderName: "cognito-idp.us-east-1.amazonaws.com/us-east-1_Aa",
        ClientId: "c",
        ServerSideTokenCheck: false,
      },
    ],
    IdentityPoolTags: { team: "one" },
  };
  const IdentityPoolId = await newPool(settings);
  const described = await owner.describeIdentityPool({ IdentityPoolId });
  expect(described).toMatchObject({ IdentityPoolId, ...settings });
  const { $metadata: _, SupportedLoginProviders: __, ...rest } = described;
  await owner.updateIdentityPool({
    ...rest,
    IdentityPoolId,
    IdentityPoolName: "other",
    AllowUnauthenticatedIdentities: true,
  });
  const updated = await owner.describeIdentityPool({ IdentityPoolId });
  expect(updated.SupportedLoginProviders).toBeUndefined();
  expect(updated.IdentityPoolName).toBe("other");
  await newPool();
  const first = await owner.listIdentityPools({ MaxResults: 1 });
  const second = await owner.listIdentityPools({ MaxResults: 1, NextToken: first.NextToken });
  expect([...(first.IdentityPools ?? []), ...(second.IdentityPools ?? [])]).toHaveLength(2);
  const { IdentityId } = await guest.getId({ IdentityPoolId });
  await owner.deleteIdentityPool({ IdentityPoolId });
  expect(await errorOf(owner.describeIdentityPool({ IdentityPoolId }))).toMatchObject(missing);
  expect(await errorOf(guest.getId({ IdentityPoolId }))).toMatchObject(missing);
  expect(await errorOf(guest.getCredentialsForIdentity({ IdentityId }))).toMatchObject(missing);
});

it("refuses what no pool can be", async () => {
  const refused = async (more: object) => expect(await errorOf(newPool(more))).toMatchObject(badInput);
  await refused({ SupportedLoginProviders: { "example.com": "x" } });
  await refused({ OpenIdConnectProviderARNs: ["arn:aws:iam::000000000000:role/example"] });
  await refused({ SamlProviderARNs: ["arn:aws:iam::000000000000:role/example"] });
  await refused({ CognitoIdentityProviders: [{ ProviderName: "example.com", ClientId: "c" }] });
  await refused({ IdentityPoolTags: { "aws:x": "y" } });
  const IdentityPoolId = await newPool();
  const renamed = { IdentityPoolId, IdentityPoolName: "pool", AllowUnauthenticatedIdentities: true };
  expect(await errorOf(owner.updateIdentityPool({ ...renamed, DeveloperProviderName: "x" }))).toMatchObject(
    badInput,
  );
  const Roles = { authenticated: "arn:aws:iam::000000000000:user/example" };
  expect(await errorOf(owner.setIdentityPoolRoles({ IdentityPoolId, Roles }))).toMatchObject(badInput);
});

it("tags pools", async () => {
  const id = await newPool();
  const ResourceArn = `arn:aws:cognito-identity:us-east-1:000000000000:identitypool/${id}`;
  await owner.tagResource({ ResourceArn, Tags: { a: "1", b: "2" } });
  await owner.untagResource({ ResourceArn, TagKeys: ["a"] });
  expect((await owner.listTagsForResource({ ResourceArn })).Tags).toEqual({ b: "2" });
  const elsewhere = ResourceArn.replace("us-east-1", "eu-west-1");
  expect(await errorOf(owner.listTagsForResource({ ResourceArn: elsewhere }))).toMatchObject(missing);
});

it("shows roles and their mappings as they were given", async () => {
  const IdentityPoolId = await newPool();
  const role = "arn:aws:iam::000000000000:role/example";
  const RoleMappings = {
    "graph.facebook.com": { Type: "Token" as const, AmbiguousRoleResolution: "Deny" as const },
    "accounts.google.com": {
      Type: "Rules" as const,
      AmbiguousRoleResolution: "AuthenticatedRole" as const,
      RulesConfiguration: {
        Rules: [{ Claim: "email", MatchType: "Equals" as const, Value: "a@example.com", RoleARN: role }],
      },
    },
  };
  await owner.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated: role }, RoleMappings });
  expect(await owner.getIdentityPoolRoles({ IdentityPoolId })).toMatchObject({
    IdentityPoolId,
    Roles: { authenticated: role },
    RoleMappings,
  });
});

it("lists, describes and deletes identities of its own account and Region only", async () => {
  const IdentityPoolId = await newPool();
  const { IdentityId = "" } = await guest.getId({ IdentityPoolId });
  const { IdentityId: named = "" } = await owner.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId,
    Logins: { backend: "alice" },
  });
  expect(await owner.describeIdentity({ IdentityId: named })).toMatchObject({ Logins: ["backend"] });
  const { Identities } = await owner.listIdentities({ IdentityPoolId, MaxResults: 10 });
  expect(Identities?.map((one) => one.IdentityId).sort()).toEqual([IdentityId, named].sort());
  const elsewhere = identityClient(cloudkeep, cloudkeep.credentials, "eu-west-1");
  expect(await errorOf(elsewhere.describeIdentity({ IdentityId }))).toMatchObject(missing);
  expect(await elsewhere.deleteIdentities({ IdentityIdsToDelete: [IdentityId] })).toMatchObject({
    UnprocessedIdentityIds: [{ IdentityId, ErrorCode: "AccessDenied" }],
  });
  expect(await owner.deleteIdentities({ IdentityIdsToDelete: [named] })).toMatchObject({
    UnprocessedIdentityIds: [],
  });
  expect(await errorOf(owner.describeIdentity({ IdentityId: named }))).toMatchObject(missing);
  // The name is free again, for another identity.
  const again = await owner.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId,
    Logins: { backend: "alice" },
  });
  expect(again.IdentityId).not.toBe(named);
});

it("lets an identity part with its logins, and the last one closes it", async () => {
  const IdentityPoolId = await newPool();
  const { IdentityId, Token = "" } = await owner.getOpenIdTokenForDeveloperIdentity({
    IdentityPoolId,
    Logins: { backend: "alice" },
  });
  const Logins = { "cognito-identity.amazonaws.com": Token };
  await guest.unlinkIdentity({ IdentityId, Logins, LoginsToRemove: ["backend"] });
  expect(await errorOf(guest.getOpenIdToken({ IdentityId }))).toMatchObject({
    message: `Access to Identity '${IdentityId}' is forbidden.`,
  });
  const hidden = await owner.listIdentities({ IdentityPoolId, MaxResults: 10, HideDisabled: true });
  expect(hidden.Identities).toEqual([]);
});

it("publishes the key that its tokens verify with", async () => {
  const IdentityPoolId = await newPool();
  const { IdentityId } = await guest.getId({ IdentityPoolId });
  const { Token = "" } = await guest.getOpenIdToken({ IdentityId });
  const answer = await fetch(`${cloudkeep.endpoint}/cognito-identity.amazonaws.com/.well-known/jwks_uri`);
  const keySet = createLocalJWKSet((await answer.json()) as JSONWebKeySet);
  const { payload } = await jwtVerify(Token, keySet, { currentDate: new Date(cloudkeep.clock.now()) });
  expect(payload).toMatchObject({ aud: IdentityPoolId, sub: IdentityId, amr: ["unauthenticated"] });
});

it("keeps tokens and logins out of the record of what the pool's owner did", async () => {
  const { cloudtrail } = clients(cloudkeep, cloudkeep.credentials);
  const { Events = [] } = await cloudtrail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: "EventSource", AttributeValue: "cognito-identity.amazonaws.com" }],
    }),
  );
  const text = Events.map(({ CloudTrailEvent }) => CloudTrailEvent).join();
  expect(text).toContain("CreateIdentityPool");
  expect(text).not.toMatch(/eyJ|alice/);
});
