import { createHmac } from "node:crypto";
import {
  CognitoIdentityProvider,
  type CreateUserPoolClientCommandInput,
  type CreateUserPoolCommandInput,
} from "@aws-sdk/client-cognito-identity-provider";
import {
  CreateAccessKeyCommand,
  CreateRoleCommand,
  CreateUserCommand,
  PutRolePolicyCommand,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { expect, vi } from "vitest";
import {
  type Credentials,
  clients,
  credentialsOf,
  optionsOf,
  policyOf,
  type Reached,
} from "../../../test/harness.ts";
import { send } from "../../../test/hostile/raw.ts";
import { signed } from "../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../start.ts";

/** What tests of user pools share. */

export function idpClient(
  cloudkeep: Cloudkeep,
  credentials: Credentials = cloudkeep.credentials,
  region?: string,
): CognitoIdentityProvider {
  return new CognitoIdentityProvider(optionsOf(cloudkeep, credentials, region));
}

export interface TestPool {
  idp: CognitoIdentityProvider;
  UserPoolId: string;
  ClientId: string;
  ClientSecret: string | undefined;
}

export const everyFlow: CreateUserPoolClientCommandInput["ExplicitAuthFlows"] = [
  "ALLOW_USER_PASSWORD_AUTH",
  "ALLOW_USER_SRP_AUTH",
  "ALLOW_ADMIN_USER_PASSWORD_AUTH",
  "ALLOW_REFRESH_TOKEN_AUTH",
  "ALLOW_CUSTOM_AUTH",
  "ALLOW_USER_AUTH",
];

let serial = 0;

/** A pool with a client that may do everything. */
export async function newPool(
  cloudkeep: Cloudkeep,
  pool: Partial<CreateUserPoolCommandInput> = {},
  client: Partial<CreateUserPoolClientCommandInput> = {},
): Promise<TestPool> {
  const idp = idpClient(cloudkeep);
  serial += 1;
  const { UserPool } = await idp.createUserPool({ PoolName: `pool-${serial}`, ...pool });
  const UserPoolId = UserPool?.Id ?? "";
  const { UserPoolClient } = await idp.createUserPoolClient({
    UserPoolId,
    ClientName: "app",
    ExplicitAuthFlows: everyFlow,
    ...client,
  });
  return {
    idp,
    UserPoolId,
    ClientId: UserPoolClient?.ClientId ?? "",
    ClientSecret: UserPoolClient?.ClientSecret,
  };
}

export const password = "Correct-horse-1";

/** A user who has a password and can sign in. */
export async function newUser(
  { idp, UserPoolId }: TestPool,
  Username: string,
  attributes: Record<string, string> = {},
): Promise<void> {
  await idp.adminCreateUser({
    UserPoolId,
    Username,
    MessageAction: "SUPPRESS",
    UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
  });
  await idp.adminSetUserPassword({ UserPoolId, Username, Password: password, Permanent: true });
}

export async function signIn({ idp, ClientId }: TestPool, USERNAME: string, PASSWORD = password) {
  return await idp.initiateAuth({
    AuthFlow: "USER_PASSWORD_AUTH",
    ClientId,
    AuthParameters: { USERNAME, PASSWORD },
  });
}

export async function tokensOf(pool: TestPool, username: string) {
  const { AuthenticationResult } = await signIn(pool, username);
  const { AccessToken = "", IdToken = "", RefreshToken = "" } = AuthenticationResult ?? {};
  return { AccessToken, IdToken, RefreshToken };
}

export function secretHash({ ClientId, ClientSecret = "" }: TestPool, username: string): string {
  return createHmac("sha256", ClientSecret).update(`${username}${ClientId}`).digest("base64");
}

/** What a token says. */
export function claimsOf(token: string | undefined): Record<string, unknown> {
  return JSON.parse(Buffer.from((token ?? "").split(".")[1] ?? "", "base64url").toString()) as Record<
    string,
    unknown
  >;
}

interface Mail {
  To: string;
  Channel: string;
  Subject?: string;
  Body: string;
}

/** What has come into the mailbox for somebody, oldest first. */
export async function mailsTo(cloudkeep: Cloudkeep & Reached, to: string): Promise<Mail[]> {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const draft = {
    method: "POST",
    path: "/",
    query: "",
    headers: { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Cloudkeep.ListMail" },
    body: JSON.stringify({ To: to, MaxResults: 100 }),
  };
  const options = { credentials: cloudkeep.credentials, service: "cloudkeep", host };
  const request = signed("header", draft, options);
  const { body } = await send(cloudkeep.port, { ...request, ...(cloudkeep.ca && { ca: cloudkeep.ca }) });
  return (JSON.parse(body) as { Mails: Mail[] }).Mails;
}

/** The code in the last of so many messages to somebody; text messages take a moment. */
export async function codeTo(cloudkeep: Cloudkeep, to: string, messages = 1): Promise<string> {
  const last = await vi.waitFor(async () => {
    const mails = await mailsTo(cloudkeep, to);
    expect(mails.length).toBeGreaterThanOrEqual(messages);
    return mails.at(-1);
  });
  return /\d{6,8}/.exec(last?.Body ?? "")?.[0] ?? "";
}

/** A role under which Cognito may send text messages. */
export async function smsRole(cloudkeep: Cloudkeep, RoleName = "sms"): Promise<string> {
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const trust = policyOf({ Principal: { Service: "cognito-idp.amazonaws.com" }, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(new CreateRoleCommand({ RoleName, AssumeRolePolicyDocument: trust }));
  const PolicyDocument = policyOf({ Action: "sns:Publish", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "own", PolicyDocument }));
  return Role?.Arn ?? "";
}

/** Keys of an IAM user who may do what one statement says. */
export async function iamUser(
  cloudkeep: Cloudkeep,
  UserName: string,
  statement: Record<string, unknown>,
): Promise<Credentials> {
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  await iam.send(new CreateUserCommand({ UserName }));
  const PolicyDocument = policyOf(statement);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return credentialsOf(AccessKey);
}
