import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { codeTo, newPool, newUser, password, signIn } from "../testing.ts";
import { recordsOf } from "./csv.ts";

let cloudkeep: Cloudkeep;
let RoleArn: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const trust = policyOf({ Principal: { Service: "cognito-idp.amazonaws.com" }, Action: "sts:AssumeRole" });
  const { Role } = await iam.send(
    new CreateRoleCommand({ RoleName: "import", AssumeRolePolicyDocument: trust }),
  );
  RoleArn = Role?.Arn ?? "";
  const PolicyDocument = policyOf({ Action: "logs:*", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName: "import", PolicyName: "p", PolicyDocument }));
});
afterAll(() => cloudkeep.stop());

describe("a file", () => {
  it.each([
    [
      "a,b\n1,2",
      [
        ["a", "b"],
        ["1", "2"],
      ],
    ],
    [
      "a,b\r\n1,\r\n",
      [
        ["a", "b"],
        ["1", ""],
      ],
    ],
    ['"x,y","say ""hi"""\n', [["x,y", 'say "hi"']]],
    ["\n\na\n", [["a"]]],
    ["", []],
  ])("%j is read", (text, records) => {
    expect(recordsOf(text)).toEqual(records);
  });

  it.each(['"open', '"a"b,c'])("%j is refused", (text) => {
    expect(() => recordsOf(text)).toThrow();
  });
});

describe("an import job", () => {
  it("brings users in, who then choose a password, and logs each line", async () => {
    const pool = await newPool(cloudkeep, { PoolName: "imported" });
    const { idp, UserPoolId, ClientId } = pool;
    await newUser(pool, "there");
    const { CSVHeader = [] } = await idp.getCSVHeader({ UserPoolId });
    const { UserImportJob } = await idp.createUserImportJob({
      UserPoolId,
      JobName: "job",
      CloudWatchLogsRoleArn: RoleArn,
    });
    const job = { UserPoolId, JobId: UserImportJob?.JobId };
    expect((await errorOf(idp.startUserImportJob(job))).name).toBe("PreconditionNotMetException");
    const line = (values: Record<string, string>) => CSVHeader.map((name) => values[name] ?? "").join(",");
    const user = (name: string, more: object = {}) =>
      line({
        "cognito:username": name,
        "cognito:mfa_enabled": "false",
        email: `${name}@import.example`,
        email_verified: "true",
        ...more,
      });
    const lines = [
      CSVHeader.join(","),
      user("one"),
      user("two", { email_verified: "false" }),
      user("there"),
      ...Array.from({ length: 120 }, (_, i) => user(`more-${i}`)),
    ];
    const url = UserImportJob?.PreSignedUrl ?? "";
    expect((await fetch(`${url}x`, { method: "PUT", body: "" })).status).toBe(403);
    expect((await fetch(url, { method: "PUT", body: lines.join("\n") })).status).toBe(200);
    await idp.startUserImportJob(job);
    await vi.waitFor(async () => {
      const { UserImportJob: done } = await idp.describeUserImportJob(job);
      expect(done).toMatchObject({
        Status: "Succeeded",
        ImportedUsers: 121,
        SkippedUsers: 1,
        FailedUsers: 1,
      });
    });
    expect((await fetch(url, { method: "PUT", body: "" })).status).toBe(403);
    const { logs } = clients(cloudkeep, cloudkeep.credentials);
    const { events = [] } = await logs.getLogEvents({
      logGroupName: `/aws/cognito/userpools/${UserPoolId}/imported`,
      logStreamName: job.JobId,
      startFromHead: true,
    });
    const said = events.map(({ message }) => message);
    expect(said).toEqual(
      expect.arrayContaining([
        "[SUCCEEDED] Line Number 2 - The import succeeded.",
        "[FAILED] Line Number 3 - The user has no verified email or phone number.",
        "[SKIPPED] Line Number 4 - The user already exists.",
      ]),
    );
    expect((await errorOf(signIn(pool, "one"))).name).toBe("PasswordResetRequiredException");
    await idp.forgotPassword({ ClientId, Username: "one" });
    const ConfirmationCode = await codeTo(cloudkeep, "one@import.example");
    await idp.confirmForgotPassword({ ClientId, Username: "one", ConfirmationCode, Password: password });
    expect((await signIn(pool, "one")).AuthenticationResult).toBeDefined();
    const { UserImportJobs = [] } = await idp.listUserImportJobs({ UserPoolId, MaxResults: 10 });
    expect(UserImportJobs).toHaveLength(1);
  });
});
