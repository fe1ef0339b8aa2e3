import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { Kinesis } from "@aws-sdk/client-kinesis";
import type { Browser, Page } from "puppeteer-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { codeAt, fromBase32, stepAt } from "../../src/kit/totp.ts";
import { codeTo, newPool, type TestPool } from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, optionsOf, policyOf, startForTest } from "../harness.ts";
import { browserPath, launchBrowser, type Site, serveSite, submit, textOf } from "./browser/site.ts";

/** A browser app signs its users up and writes straight into Kinesis. */

const executablePath = browserPath();
const email = "jane.roe@example.com";
const password = "Correct-horse-battery-1";

describe.skipIf(executablePath === undefined)("an app in a browser", () => {
  let cloudkeep: Cloudkeep;
  let pool: TestPool;
  let site: Site;
  let browser: Browser;
  let page: Page;
  const sent: string[] = [];

  let identityPoolId: string;
  let identity: CognitoIdentity;
  let kinesis: Kinesis;
  const stream = "clicks";

  /** A role that the pool's users may take on. */
  async function role(RoleName: string, allowed: Record<string, unknown>): Promise<string> {
    const { iam } = clients(cloudkeep, cloudkeep.credentials);
    const trust = policyOf({
      Principal: { Federated: "cognito-identity.amazonaws.com" },
      Action: "sts:AssumeRoleWithWebIdentity",
      Condition: {
        StringEquals: { "cognito-identity.amazonaws.com:aud": identityPoolId },
        "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": "authenticated" },
      },
    });
    const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
    const PolicyDocument = policyOf(allowed);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
    return Role?.Arn ?? "";
  }

  const give = (authenticated: string) =>
    identity.setIdentityPoolRoles({ IdentityPoolId: identityPoolId, Roles: { authenticated } });

  beforeAll(async () => {
    cloudkeep = await startForTest();
    pool = await newPool(
      cloudkeep,
      { AutoVerifiedAttributes: ["email"], UsernameAttributes: ["email"] },
      { ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"] },
    );
    const { idp, UserPoolId } = pool;
    await idp.setUserPoolMfaConfig({
      UserPoolId,
      MfaConfiguration: "OPTIONAL",
      SoftwareTokenMfaConfiguration: { Enabled: true },
    });
    const options = optionsOf(cloudkeep, cloudkeep.credentials);
    identity = new CognitoIdentity(options);
    kinesis = new Kinesis(options);
    await kinesis.createStream({ StreamName: stream, ShardCount: 1 });
    const ProviderName = `cognito-idp.us-east-1.amazonaws.com/${UserPoolId}`;
    const made = await identity.createIdentityPool({
      IdentityPoolName: "app",
      AllowUnauthenticatedIdentities: false,
      CognitoIdentityProviders: [{ ProviderName, ClientId: pool.ClientId, ServerSideTokenCheck: true }],
    });
    identityPoolId = made.IdentityPoolId ?? "";
    const { endpoint } = cloudkeep;
    const { ClientId: clientId } = pool;
    const ids = { userPoolId: UserPoolId, clientId, identityPoolId };
    site = await serveSite(() => ({ endpoint, region: "us-east-1", ...ids, stream }));
    browser = await launchBrowser(executablePath ?? "");
    page = await browser.newPage();
    page.on("request", (request) => {
      sent.push(`${request.headers()["x-amz-target"]} ${request.postData() ?? ""}`);
    });
    await page.goto(site.url);
    expect(await textOf(page, "state")).toBe("ready");
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    site?.close();
    await cloudkeep?.stop();
  });

  /** Codes are good once: after one, that of the next step is shown. */
  const codeOf = (secret: string, later = 0) => codeAt(fromBase32(secret), stepAt(Date.now()) + later);
  let secret = "";

  it("signs a person up, who confirms with the code in the mailbox", async () => {
    expect(await submit(page, "sign-up", { email, password })).toBe("signed up");
    expect(await submit(page, "confirm", { code: "000000" })).toContain("CodeMismatchException");
    expect(await submit(page, "confirm", { code: await codeTo(cloudkeep, email) })).toBe("confirmed");
  });

  it("signs in by SRP: the password never crosses the wire", async () => {
    const before = sent.length;
    expect(await submit(page, "sign-in", { email, password: "Wrong-horse-battery-1" })).toBe(
      "NotAuthorizedException: Incorrect username or password.",
    );
    expect(await submit(page, "sign-in", { email, password })).toBe("signed in, no second factor yet");
    const crossed = sent.slice(before).filter((request) => request.includes("Auth"));
    expect(crossed.length).toBeGreaterThanOrEqual(4);
    for (const request of crossed) expect(request).not.toMatch(/-horse-battery/);
  });

  it("takes on an authenticator, and asks for its code from then on", async () => {
    secret = await textOf(page, "secret");
    expect(await submit(page, "enroll", { code: codeOf(secret) })).toBe("enrolled");
    expect(await submit(page, "sign-in", { email, password })).toBe("code wanted");
    expect(await submit(page, "prove", { code: codeOf(secret, 1) })).toBe("signed in");
  });

  it("writes straight into the stream with credentials of its own role", async () => {
    const Resource = `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/${stream}`;
    await give(await role("writers", { Action: "kinesis:PutRecord", Resource }));
    expect(await submit(page, "write", { text: "a click on the map" })).toMatch(/^written \d{56}$/);
    const from = { StreamName: stream, ShardId: "shardId-000000000000" };
    const { ShardIterator } = await kinesis.getShardIterator({ ...from, ShardIteratorType: "TRIM_HORIZON" });
    const { Records = [] } = await kinesis.getRecords({ ShardIterator });
    expect(Records.map(({ Data }) => Buffer.from(Data ?? []).toString())).toEqual(["a click on the map"]);
    // The identity is the record's partition, and nobody signed in with a key that lasts.
    expect(Records[0]?.PartitionKey).toMatch(/^us-east-1:/);
  });

  it("is refused in AWS's words where its role may not", async () => {
    const action = "kinesis:PutRecord";
    const Resource = `arn:aws:kinesis:us-east-1:${cloudkeep.accountId}:stream/${stream}`;
    const refused = (name: string) =>
      `AccessDeniedException: User: arn:aws:sts::${cloudkeep.accountId}:assumed-role/${name}/CognitoIdentityCredentials is not authorized to perform: ${action} on resource: ${Resource} because no identity-based policy allows the ${action} action`;
    await give(await role("readers", { Action: "kinesis:GetRecords", Resource }));
    expect(await submit(page, "write", { text: "no" })).toBe(refused("readers"));
    const own = `${Resource}-${"${cognito-identity.amazonaws.com:sub}"}`;
    await give(await role("owners", { Action: action, Resource: own }));
    expect(await submit(page, "write", { text: "no" })).toBe(refused("owners"));
  });
});
