import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { type _Record, Kinesis } from "@aws-sdk/client-kinesis";
import type { Page } from "puppeteer-core";
import { codeAt, fromBase32, stepAt } from "../../../src/kit/totp.ts";
import { newPool, type TestPool } from "../../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../../src/start.ts";
import { clients, optionsOf, policyOf, type Reached, startForTest, startTlsForTest } from "../../harness.ts";
import { launchBrowser, type Site, serveSite } from "./site.ts";

/** An app in a browser, and what it needs: a pool of users, one of identities, roles, a stream. */

export const stream = "clicks";
const domain = "clicks-of-example";

export interface App {
  cloudkeep: Cloudkeep & Reached;
  pool: TestPool;
  site: Site;
  page: Page;
  /** What the browser has sent, and to what. */
  sent: string[];
  streamArn: string;
  /** A role that the pool's users may take on. */
  role(name: string, allowed: Record<string, unknown>): Promise<string>;
  /** What users are from now on. */
  give(role: string): Promise<unknown>;
  /** What is in the stream. */
  records(): Promise<_Record[]>;
  stop(): Promise<void>;
}

async function identityPool(identity: CognitoIdentity, { UserPoolId, ClientId }: TestPool): Promise<string> {
  const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`;
  const { IdentityPoolId = "" } = await identity.createIdentityPool({
    IdentityPoolName: "app",
    AllowUnauthenticatedIdentities: false,
    CognitoIdentityProviders: [{ ProviderName, ClientId, ServerSideTokenCheck: true }],
  });
  return IdentityPoolId;
}

async function userPool(cloudkeep: Cloudkeep, url: string): Promise<TestPool> {
  const pool = await newPool(
    cloudkeep,
    { AutoVerifiedAttributes: ["email"], UsernameAttributes: ["email"] },
    {
      ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid", "email", "aws.cognito.signin.user.admin"],
      CallbackURLs: [url],
      LogoutURLs: [url],
      SupportedIdentityProviders: ["COGNITO"],
    },
  );
  const { idp, UserPoolId } = pool;
  await idp.createUserPoolDomain({ UserPoolId, Domain: domain });
  await idp.setUserPoolMfaConfig({
    UserPoolId,
    MfaConfiguration: "OPTIONAL",
    SoftwareTokenMfaConfiguration: { Enabled: true },
  });
  return pool;
}

/** Under TLS where the app asks for the hosted pages, as Amplify does by https alone. */
export async function startApp(script: string, executablePath = "", tls = false): Promise<App> {
  const cloudkeep: Cloudkeep & Reached = await (tls ? startTlsForTest() : startForTest());
  const { endpoint, port, accountId } = cloudkeep;
  let ids = {};
  const site = await serveSite(script, () => ({ endpoint, region: "us-east-1", ...ids, stream }));
  const pool = await userPool(cloudkeep, site.url);
  const options = optionsOf(cloudkeep, cloudkeep.credentials);
  const identity = new CognitoIdentity(options);
  const kinesis = new Kinesis(options);
  await kinesis.createStream({ StreamName: stream, ShardCount: 1 });
  const IdentityPoolId = await identityPool(identity, pool);
  ids = {
    userPoolId: pool.UserPoolId,
    clientId: pool.ClientId,
    identityPoolId: IdentityPoolId,
    domain: `${domain}.auth.us-east-1.localhost:${port}`,
  };
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const browser = await launchBrowser(executablePath);
  const page = await browser.newPage();
  const sent: string[] = [];
  page.on("request", (request) => {
    sent.push(`${request.headers()["x-amz-target"] ?? request.url()} ${request.postData() ?? ""}`);
  });
  return {
    cloudkeep,
    pool,
    site,
    page,
    sent,
    streamArn: `arn:aws:kinesis:us-east-1:${accountId}:stream/${stream}`,
    async role(RoleName, allowed) {
      const trust = policyOf({
        Principal: { Federated: "cognito-identity.amazonaws.com" },
        Action: "sts:AssumeRoleWithWebIdentity",
        Condition: {
          StringEquals: { "cognito-identity.amazonaws.com:aud": IdentityPoolId },
          "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
        },
      });
      const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
      const PolicyDocument = policyOf(allowed);
      await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
      return Role?.Arn ?? "";
    },
    give: (authenticated) => identity.setIdentityPoolRoles({ IdentityPoolId, Roles: { authenticated } }),
    async records() {
      const from = { StreamName: stream, ShardId: "shardId-000000000000" };
      const { ShardIterator } = await kinesis.getShardIterator({
        ...from,
        ShardIteratorType: "TRIM_HORIZON",
      });
      return (await kinesis.getRecords({ ShardIterator })).Records ?? [];
    },
    async stop() {
      await browser.close();
      site.close();
      await cloudkeep.stop();
    },
  };
}

/** Codes are good once: after one, that of the next step is shown. */
export function codeOf(secret: string, later = 0): string {
  return codeAt(fromBase32(secret), stepAt(Date.now()) + later);
}
