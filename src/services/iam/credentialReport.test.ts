import { afterAll, beforeAll, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { account, type Bench, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

/** The report's lines, by user and column. */
async function report(): Promise<Record<string, Record<string, string>>> {
  const { Content, ReportFormat } = await bench.root.getCredentialReport({});
  expect(ReportFormat).toBe("text/csv");
  const [header = [], ...lines] = Buffer.from(Content ?? [])
    .toString()
    .split("\n")
    .map((line) => line.split(","));
  return Object.fromEntries(
    lines.map((line) => [line[0], Object.fromEntries(header.map((name, i) => [name, line[i] ?? ""]))]),
  );
}

it("tells of every user's credentials, once in four hours", async () => {
  expect((await errorOf(bench.root.getCredentialReport({}))).name).toBe(
    "CredentialReportNotPresentException",
  );
  await bench.root.updateAccountPasswordPolicy({ MaxPasswordAge: 10, MinimumPasswordLength: 8 });
  const { iam, credentials } = await bench.userWho("ann", { Effect: "Allow", Action: "*", Resource: "*" });
  await iam.listUsers({});
  await bench.root.createLoginProfile({ UserName: "ann", Password: "correct-horse-1" });
  await bench.root.updateAccessKey({
    UserName: "ann",
    AccessKeyId: (await bench.root.createAccessKey({ UserName: "ann" })).AccessKey?.AccessKeyId ?? "",
    Status: "Inactive",
  });
  await bench.root.createUser({ UserName: "bare" });

  expect(await bench.root.generateCredentialReport({})).toMatchObject({ State: "STARTED" });
  expect(await bench.root.generateCredentialReport({})).toMatchObject({ State: "COMPLETE" });
  const { ann, bare, "<root_account>": root } = await report();
  expect(root).toMatchObject({
    arn: `arn:aws:iam::${account}:root`,
    password_enabled: "not_supported",
    access_key_1_active: "true",
    access_key_1_last_used_service: "iam",
    access_key_2_active: "false",
  });
  const keys = [1, 2].map((i) => ({
    active: ann?.[`access_key_${i}_active`],
    used: ann?.[`access_key_${i}_last_used_service`],
    region: ann?.[`access_key_${i}_last_used_region`],
  }));
  expect(keys).toContainEqual({ active: "true", used: "iam", region: "us-east-1" });
  expect(keys).toContainEqual({ active: "false", used: "N/A", region: "N/A" });
  expect(ann).toMatchObject({ password_enabled: "true", mfa_active: "false", cert_1_active: "false" });
  const changed = Date.parse(ann?.password_last_changed ?? "");
  expect(Date.parse(ann?.password_next_rotation ?? "")).toBe(changed + 10 * 24 * 3_600_000);
  expect(bare).toMatchObject({
    password_enabled: "false",
    password_last_changed: "N/A",
    access_key_1_active: "false",
    access_key_1_last_rotated: "N/A",
  });
  expect(credentials.accessKeyId).not.toBe("");

  await bench.root.createUser({ UserName: "later" });
  expect((await report()).later).toBeUndefined();
  await bench.cloudkeep.clock.advance(4 * 3_600_000);
  expect((await errorOf(bench.root.getCredentialReport({}))).name).toBe("CredentialReportExpiredException");
  expect(await bench.root.generateCredentialReport({})).toMatchObject({ State: "STARTED" });
  expect((await report()).later).toBeDefined();
});

it("keeps the version of tokens of the global endpoint", async () => {
  const version = async () => (await bench.root.getAccountSummary({})).SummaryMap?.GlobalEndpointTokenVersion;
  expect(await version()).toBe(1);
  await bench.root.setSecurityTokenServicePreferences({ GlobalEndpointTokenVersion: "v2Token" });
  expect(await version()).toBe(2);
});
