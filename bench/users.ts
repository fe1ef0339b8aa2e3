import { CognitoIdentityProvider, type UserImportJobType } from "@aws-sdk/client-cognito-identity-provider";
import { IAM } from "@aws-sdk/client-iam";
import { runLoad } from "./load.ts";
import type { CloudkeepServer } from "./processes.ts";
import { requestMaker } from "./signed.ts";

/** A pool of users, loaded as a customer loads one: from files, or call by call. */

export const region = "us-east-1";
export const password = "Correct-horse-1";
/** What AWS takes in one job. https://docs.aws.amazon.com/cognito/latest/developerguide/limits.html */
const usersPerJob = 500_000;
const maxFileBytes = 100 * 1024 * 1024;

export interface Pool {
  idp: CognitoIdentityProvider;
  UserPoolId: string;
  ClientId: string;
  roleArn: string;
}

export function optionsOf({ port, credentials }: CloudkeepServer) {
  return { endpoint: `http://127.0.0.1:${port}`, region, credentials };
}

export async function makePool(server: CloudkeepServer): Promise<Pool> {
  const idp = new CognitoIdentityProvider(optionsOf(server));
  const { UserPool } = await idp.createUserPool({ PoolName: "bench" });
  const UserPoolId = UserPool?.Id ?? "";
  const { UserPoolClient } = await idp.createUserPoolClient({
    UserPoolId,
    ClientName: "bench",
    ExplicitAuthFlows: ["ALLOW_USER_SRP_AUTH", "ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"],
  });
  const iam = new IAM(optionsOf(server));
  const policy = (statement: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const trust = policy({ Principal: { Service: "cognito-idp.amazonaws.com" }, Action: "sts:AssumeRole" });
  const { Role } = await iam.createRole({ RoleName: "import", AssumeRolePolicyDocument: trust });
  const PolicyDocument = policy({ Action: "logs:*", Resource: "*" });
  await iam.putRolePolicy({ RoleName: "import", PolicyName: "logs", PolicyDocument });
  return { idp, UserPoolId, ClientId: UserPoolClient?.ClientId ?? "", roleArn: Role?.Arn ?? "" };
}

export function emailOf(i: number): string {
  return `${i.toString(36)}-person@example.com`;
}

/** Files of users from `from` on, as large as one request may be. */
function* files(header: string[], from: number, to: number): Generator<string> {
  let lines = [header.join(",")];
  let bytes = 0;
  for (let i = from; i < to; i += 1) {
    const values: Record<string, string> = {
      "cognito:username": `loaded-${i}`,
      "cognito:mfa_enabled": "false",
      email: emailOf(i),
      email_verified: "true",
    };
    const line = header.map((name) => values[name] ?? "").join(",");
    bytes += line.length + 1;
    lines.push(line);
    if (bytes < maxFileBytes - 4_096 && lines.length < usersPerJob + 1 && i < to - 1) continue;
    yield lines.join("\n");
    lines = [header.join(",")];
    bytes = 0;
  }
}

export interface Loaded {
  users: number;
  seconds: number;
  jobs: number;
}

/** Loads users by jobs, one after the other; each user is there when its job has ended. */
export async function loadByFiles({ idp, UserPoolId, roleArn }: Pool, count: number): Promise<Loaded> {
  const { CSVHeader = [] } = await idp.getCSVHeader({ UserPoolId });
  const begun = performance.now();
  let users = 0;
  let jobs = 0;
  for (const file of files(CSVHeader, 0, count)) {
    const { UserImportJob } = await idp.createUserImportJob({
      UserPoolId,
      JobName: `job-${jobs}`,
      CloudWatchLogsRoleArn: roleArn,
    });
    const job = { UserPoolId, JobId: UserImportJob?.JobId };
    const answer = await fetch(UserImportJob?.PreSignedUrl ?? "", { method: "PUT", body: file });
    if (!answer.ok) throw new Error(`The file was refused: ${await answer.text()}`);
    await idp.startUserImportJob(job);
    users += (await ended(idp, job)).ImportedUsers ?? 0;
    jobs += 1;
  }
  return { users, seconds: (performance.now() - begun) / 1_000, jobs };
}

async function ended(
  idp: CognitoIdentityProvider,
  job: { UserPoolId: string; JobId: string | undefined },
): Promise<UserImportJobType> {
  for (;;) {
    const { UserImportJob = {} } = await idp.describeUserImportJob(job);
    if (UserImportJob.Status === "Succeeded") return UserImportJob;
    if (!/^(?:Pending|InProgress)$/.test(UserImportJob.Status ?? ""))
      throw new Error(`The job has ended: ${UserImportJob.Status} ${UserImportJob.CompletionMessage}`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}

/** Makes users call by call, over 64 connections. */
export async function loadByCalls(
  server: CloudkeepServer,
  pool: Pool,
  count: number,
  first = 0,
): Promise<Loaded> {
  const perRound = 5_000;
  let seconds = 0;
  for (let from = first; from < first + count; from += perRound) {
    // A maker signs with the time at which it was made.
    const make = requestMaker({ port: server.port, service: "cognito-idp", credentials: server.credentials });
    const some = Math.min(perRound, first + count - from);
    // Signing is not what is measured.
    const requests = Array.from({ length: some }, (_, i) =>
      make.json("AWSCognitoIdentityProviderService.AdminCreateUser", {
        UserPoolId: pool.UserPoolId,
        Username: `made-${from + i}`,
        TemporaryPassword: password,
        MessageAction: "SUPPRESS",
        UserAttributes: [
          { Name: "email", Value: `made-${emailOf(from + i)}` },
          { Name: "email_verified", Value: "true" },
        ],
      }),
    );
    const { perSecond, failed, firstFailure } = await runLoad({
      port: server.port,
      connections: 64,
      requests,
      count: some,
    });
    if (failed > 0) throw new Error(`${failed} calls failed: ${firstFailure}`);
    seconds += some / perSecond;
  }
  return { users: count, seconds, jobs: 0 };
}
