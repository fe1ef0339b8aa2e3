import type { Lambda } from "@aws-sdk/client-lambda";
import { afterAll, beforeAll, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
// The functions that pools ask are Lambda's: its tests know how to make some.
import { lambdaClient, lambdaRole, makeFunction } from "../../lambda/testing.ts";
import { claimsOf, password } from "../testing.ts";
import { Browser, callback, hostedPool } from "./testing.ts";

let cloudkeep: Cloudkeep;
let lambda: Lambda;
let role: string;

beforeAll(async () => {
  cloudkeep = await startForTest();
  lambda = lambdaClient(cloudkeep);
  role = await lambdaRole(cloudkeep, "hosted");
});
afterAll(() => cloudkeep.stop());

/** A function that Cognito may invoke; its ARN. */
async function fn(name: string, body: string): Promise<string> {
  await makeFunction(lambda, name, role, `export const handler = async (event) => { ${body} };`);
  await lambda.addPermission({
    FunctionName: name,
    StatementId: "cognito",
    Action: "lambda:InvokeFunction",
    Principal: "cognito-idp.amazonaws.com",
  });
  return `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:${name}`;
}

it("a function of the pool confirms who signs up on the pages, and the app has its code at once", async () => {
  const PreSignUp = await fn("confirms", "event.response.autoConfirmUser = true; return event;");
  const pool = await hostedPool(cloudkeep, { LambdaConfig: { PreSignUp } });
  const query = new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid",
  });
  const browser = await new Browser().open(`${pool.base}/signup?${query}`);
  await browser.submit("signUp", { username: "eve", password, again: password });
  expect(browser.result.get("code")).toBeTruthy();
});

it("a function of the pool changes what tokens of clients say", async () => {
  const LambdaArn = await fn(
    "changes",
    `if (event.triggerSource !== "TokenGeneration_ClientCredentials") throw new Error(event.triggerSource);
     event.response.claimsAndScopeOverrideDetails = { accessTokenGeneration: {
       claimsToAddOrOverride: { tenant: event.request.clientMetadata.tenant, sub: "forged" },
       scopesToAdd: ["orders/write"] } };
     return event;`,
  );
  const PreTokenGenerationConfig = { LambdaArn, LambdaVersion: "V3_0" as const };
  const pool = await hostedPool(cloudkeep, { LambdaConfig: { PreTokenGenerationConfig } });
  await pool.idp.createResourceServer({
    UserPoolId: pool.UserPoolId,
    Identifier: "orders",
    Name: "orders",
    Scopes: [{ ScopeName: "read", ScopeDescription: "Reads orders" }],
  });
  const { UserPoolClient } = await pool.idp.createUserPoolClient({
    UserPoolId: pool.UserPoolId,
    ClientName: "machine",
    GenerateSecret: true,
    AllowedOAuthFlows: ["client_credentials"],
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthScopes: ["orders/read"],
  });
  const answer = await fetch(`${pool.base}/oauth2/token`, {
    method: "POST",
    body: new URLSearchParams({
      grant_type: "client_credentials",
      client_id: UserPoolClient?.ClientId ?? "",
      client_secret: UserPoolClient?.ClientSecret ?? "",
      aws_client_metadata: '{"tenant":"acme"}',
    }),
  });
  const { access_token } = (await answer.json()) as { access_token: string };
  expect(claimsOf(access_token)).toMatchObject({
    sub: UserPoolClient?.ClientId,
    tenant: "acme",
    scope: "orders/read orders/write",
  });
});
