import { IAM } from "@aws-sdk/client-iam";
import { STS } from "@aws-sdk/client-sts";
import { createLocalJWKSet, jwtVerify } from "jose";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Credentials, credentialsOf, errorOf, optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let iam: IAM;
let sts: STS;
const options = (credentials: Credentials) => optionsOf(cloudkeep, credentials);
beforeAll(async () => {
  cloudkeep = await startForTest();
  iam = new IAM(options(cloudkeep.credentials));
  sts = new STS(options(cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

it("is for accounts that have switched it on", async () => {
  const asked = sts.getWebIdentityToken({ Audience: ["https://api.example.com"], SigningAlgorithm: "ES384" });
  expect((await errorOf(asked)).name).toBe("OutboundWebIdentityFederationDisabledException");
  expect((await errorOf(iam.getOutboundWebIdentityFederationInfo({}))).name).toBe("FeatureDisabledException");
  const { IssuerIdentifier } = await iam.enableOutboundWebIdentityFederation({});
  expect(IssuerIdentifier).toMatch(/^https:\/\/[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws$/);
  expect((await errorOf(iam.enableOutboundWebIdentityFederation({}))).name).toBe("FeatureEnabledException");
  await iam.disableOutboundWebIdentityFederation({});
  expect((await errorOf(iam.disableOutboundWebIdentityFederation({}))).name).toBe("FeatureDisabledException");
  await iam.enableOutboundWebIdentityFederation({});
  expect(await iam.getOutboundWebIdentityFederationInfo({})).toMatchObject({
    IssuerIdentifier,
    JwtVendingEnabled: true,
  });
});

it.each(["RS256", "ES384"])(
  "signs with %s what the issuer's published keys verify",
  async (SigningAlgorithm) => {
    await iam.createUser({ UserName: `user-${SigningAlgorithm}`, Tags: [{ Key: "team", Value: "red" }] });
    await iam.putUserPolicy({
      UserName: `user-${SigningAlgorithm}`,
      PolicyName: "own",
      PolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: {
          Effect: "Allow",
          Action: "sts:GetWebIdentityToken",
          Resource: "*",
          Condition: {
            "ForAllValues:StringEquals": { "sts:IdentityTokenAudience": "https://api.example.com" },
          },
        },
      }),
    });
    const { AccessKey } = await iam.createAccessKey({ UserName: `user-${SigningAlgorithm}` });
    const own = new STS(options(credentialsOf(AccessKey)));
    const { WebIdentityToken = "" } = await own.getWebIdentityToken({
      Audience: ["https://api.example.com"],
      SigningAlgorithm,
      Tags: [{ Key: "job", Value: "1" }],
    });
    const { IssuerIdentifier = "" } = await iam.getOutboundWebIdentityFederationInfo({});
    const host = IssuerIdentifier.slice("https://".length);
    const read = async (path: string) => (await fetch(`${cloudkeep.endpoint}/${host}${path}`)).json();
    const configuration = (await read("/.well-known/openid-configuration")) as Record<string, string>;
    expect(configuration.jwks_uri).toBe(`${IssuerIdentifier}/.well-known/jwks.json`);
    const keys = await read("/.well-known/jwks.json");
    expect(JSON.stringify(keys)).not.toContain('"d"');
    const { payload } = await jwtVerify(WebIdentityToken, createLocalJWKSet(keys as never), {
      issuer: IssuerIdentifier,
      audience: "https://api.example.com",
      algorithms: [SigningAlgorithm],
      currentDate: new Date(cloudkeep.clock.now()),
    });
    expect(payload.sub).toBe(`arn:aws:iam::000000000000:user/user-${SigningAlgorithm}`);
    expect(payload["https://sts.amazonaws.com/"]).toMatchObject({
      aws_account: "000000000000",
      principal_tags: { team: "red" },
      request_tags: { job: "1" },
    });
    const elsewhere = own.getWebIdentityToken({ Audience: ["https://evil.example.com"], SigningAlgorithm });
    expect((await errorOf(elsewhere)).name).toBe("AccessDenied");
  },
);

it("publishes nothing of issuers that there are none of", async () => {
  const host = "00000000-0000-4000-8000-000000000000.tokens.sts.global.api.aws";
  expect((await fetch(`${cloudkeep.endpoint}/${host}/.well-known/jwks.json`)).status).toBe(404);
});

it("gives a session no token that outlives it", async () => {
  await iam.createUser({ UserName: "taker" });
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await iam.attachUserPolicy({ UserName: "taker", PolicyArn });
  await iam.createRole({
    RoleName: "short",
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: { Effect: "Allow", Principal: { AWS: "000000000000" }, Action: "sts:AssumeRole" },
    }),
  });
  await iam.attachRolePolicy({ RoleName: "short", PolicyArn });
  const taker = new STS(options(credentialsOf((await iam.createAccessKey({ UserName: "taker" })).AccessKey)));
  const { Credentials: session } = await taker.assumeRole({
    RoleArn: "arn:aws:iam::000000000000:role/short",
    RoleSessionName: "s1",
    DurationSeconds: 900,
  });
  const inside = new STS(options(credentialsOf(session)));
  const ask = (DurationSeconds: number) =>
    inside.getWebIdentityToken({
      Audience: ["https://api.example.com"],
      SigningAlgorithm: "ES384",
      DurationSeconds,
    });
  await ask(300);
  expect((await errorOf(ask(3600))).name).toBe("SessionDurationEscalationException");
});
