import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../../test/harness.ts";
import { sendBytes } from "../../../../test/hostile/raw.ts";
import type { Cloudkeep } from "../../../start.ts";
import { codeTo, idpClient, newPool, newUser, password, signIn } from "../testing.ts";
import { endOfRecords, recordsOf } from "./csv.ts";

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

describe("a piece of a file", () => {
  it.each([
    ["a,b\n1,2\n3", 9, [8, 2]],
    ["a,b\n1,2\n3", 1, [4, 1]],
    ['"a\n","b""\n"\nc', 9, [12, 1]],
    ['a"b\nc\n', 9, [6, 2]],
    ['a""b\nc\n', 9, [7, 2]],
    ['"a""\n', 9, [0, 0]],
    ['"",""\n', 9, [6, 1]],
    ["\n\na\n", 9, [4, 1]],
    ["", 9, [0, 0]],
  ])("%j has %d records at most, which end at %j", (text, max, [end, records]) => {
    expect(endOfRecords(Buffer.from(text), max)).toEqual({ end, records });
  });
});

/** A job of a new pool, a line of its file, and what came of it once it has been started with a file. */
async function jobOf(PoolName: string) {
  const pool = await newPool(cloudkeep, { PoolName });
  const { idp, UserPoolId } = pool;
  const { CSVHeader = [] } = await idp.getCSVHeader({ UserPoolId });
  const { UserImportJob = {} } = await idp.createUserImportJob({
    UserPoolId,
    JobName: "job",
    CloudWatchLogsRoleArn: RoleArn,
  });
  const job = { UserPoolId, JobId: UserImportJob.JobId };
  const put = (body: string | Uint8Array) =>
    fetch(UserImportJob.PreSignedUrl ?? "", { method: "PUT", body: body as string });
  return {
    pool,
    job,
    put,
    header: CSVHeader.join(","),
    line: (values: Record<string, string>) => CSVHeader.map((name) => values[name] ?? "").join(","),
    async run(body: string | Uint8Array) {
      expect((await put(body)).status).toBe(200);
      await idp.startUserImportJob(job);
      return await vi.waitFor(
        async () => {
          const { UserImportJob: done = {} } = await idp.describeUserImportJob(job);
          expect(done.CompletionDate).toBeDefined();
          return done;
        },
        { timeout: 20_000 },
      );
    },
  };
}

const person = (name: string) => ({
  "cognito:username": name,
  email: `${name}@file.example`,
  email_verified: "true",
});

describe("a file that is read piece by piece", () => {
  it("may be larger than a piece, with fields over lines, letters of any kind and an end without a word", async () => {
    const { header, line, run, pool } = await jobOf("large");
    // Letters of two, three and four bytes fall on the ends of pieces; 2,000 lines are some 600 KB.
    const note = 'äöü, "漢字"\n😀'.repeat(8);
    const lines = Array.from({ length: 2_000 }, (_, i) =>
      line({ ...person(`user-${i}`), nickname: `"${note.replaceAll('"', '""')}"` }),
    );
    const done = await run([header, ...lines].join("\r\n"));
    expect(done).toMatchObject({ Status: "Succeeded", ImportedUsers: 2_000, FailedUsers: 0 });
    const { UserPoolId, idp } = pool;
    const { UserAttributes = [] } = await idp.adminGetUser({ UserPoolId, Username: "user-1999" });
    expect(UserAttributes.find(({ Name }) => Name === "nickname")?.Value).toBe(note);
  }, 60_000);

  it.each([
    ["has a quote without an end", (header: string) => `${header}\n"open`, /A quoted field has no end/],
    [
      "is not in UTF-8",
      (header: string) => Buffer.concat([Buffer.from(`${header}\n`), Buffer.of(0xff)]),
      /UTF-8/,
    ],
    ["has a line without an end", (header: string) => `${header}\n${"x".repeat(300_000)}\n`, /bytes/],
    ["has a column that the pool lacks", () => "cognito:username,strange\na,b\n", /strange/],
    ["has no column of names", () => "email\na@b.example\n", /cognito:username/],
  ])("ends its job where it %s", async (_, make, why) => {
    const { header, run } = await jobOf("bad");
    const done = await run(make(header));
    expect(done.Status).toBe("Failed");
    expect(done.CompletionMessage).toMatch(why);
  });

  it("keeps the users before a line that is no CSV", async () => {
    const { header, line, run } = await jobOf("half");
    const lines = Array.from({ length: 600 }, (_, i) => line(person(`user-${i}`)));
    const done = await run([header, ...lines, '"open'].join("\n"));
    expect(done).toMatchObject({ Status: "Failed", ImportedUsers: 500 });
  });

  it("takes the place of one before it, and is gone with its job's time", async () => {
    const { header, line, put, run, job, pool } = await jobOf("twice");
    expect((await put("nothing good")).status).toBe(200);
    expect((await put("")).status).toBe(400);
    const done = await run([header, line(person("ada"))].join("\n"));
    expect(done).toMatchObject({ Status: "Succeeded", ImportedUsers: 1 });
    const late = await jobOf("late");
    await late.put(header);
    await cloudkeep.clock.advance(25 * 3_600_000);
    expect((await late.put(header)).status).toBe(403);
    expect((await errorOf(late.pool.idp.startUserImportJob(late.job))).name).toBe(
      "PreconditionNotMetException",
    );
    await pool.idp.deleteUserPool({ UserPoolId: job.UserPoolId });
  });

  it("is refused unread where it is too large, or where whoever sends it has no address", async () => {
    const { job } = await jobOf("none");
    const head = (path: string, length: number) =>
      `PUT ${path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`;
    const { UserImportJob } = await idpClient(cloudkeep).describeUserImportJob(job);
    const { pathname } = new URL(UserImportJob?.PreSignedUrl ?? "");
    const answers = [
      await sendBytes(cloudkeep.port, [head(pathname, 100 * 2 ** 20 + 1)]),
      await sendBytes(cloudkeep.port, [head(`${pathname}x`, 100 * 2 ** 20)]),
    ];
    expect(answers.map((answer) => answer.slice(9, 12))).toEqual(["413", "403"]);
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
