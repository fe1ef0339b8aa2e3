import type { Context } from "../../kit/context.ts";
import { eventTime } from "../../kit/record.ts";
import { table } from "../../kit/table.ts";
import { iam } from "./contract.ts";
import { loginProfiles, ownedDevices, signingCertificates } from "./credentialTables.ts";
import { lastUseOfKey } from "./lastUse.ts";
import { passwordPolicyOf } from "./passwordPolicy.ts";
import { seconds } from "./shared.ts";
import { accessKeys, type UserRow, userKeys, users } from "./tables.ts";

/**
 * Every user's credentials, in one table of comma-separated values.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_getting-report.html
 */

interface ReportRow {
  content: string;
  generatedTime: number;
}

const reports = table<ReportRow, [account: string]>("iam", "credential-reports");
/** A report counts for so long; until then, asking for another gives the same. */
const validMs = 4 * 60 * 60_000;
const dayMs = 24 * 60 * 60_000;

const notApplicable = "N/A";
const notSupported = "not_supported";
const noInformation = "no_information";

const columns = [
  "user",
  "arn",
  "user_creation_time",
  "password_enabled",
  "password_last_used",
  "password_last_changed",
  "password_next_rotation",
  "mfa_active",
  ...["access_key_1", "access_key_2"].flatMap((key) => [
    `${key}_active`,
    `${key}_last_rotated`,
    `${key}_last_used_date`,
    `${key}_last_used_region`,
    `${key}_last_used_service`,
  ]),
  ...["cert_1", "cert_2"].flatMap((certificate) => [`${certificate}_active`, `${certificate}_last_rotated`]),
];

/** The columns of two access keys; "" stands for the root. */
async function keyColumns(name: string, ctx: Context): Promise<string[]> {
  const held = await userKeys.list(ctx.tx, [ctx.account, name], { limit: 2 });
  const columnsOf = await Promise.all(
    [0, 1].map(async (i) => {
      const id = held[i]?.key[2];
      const row = id === undefined ? undefined : await accessKeys.get(ctx.tx, id);
      if (row === undefined) return ["false", notApplicable, notApplicable, notApplicable, notApplicable];
      const used = await lastUseOfKey(row.accessKeyId, ctx);
      return [
        String(row.status === "Active"),
        eventTime(row.createDate),
        ...(used === undefined
          ? [notApplicable, notApplicable, notApplicable]
          : [eventTime(used.atMs), used.region, used.service]),
      ];
    }),
  );
  return columnsOf.flat();
}

async function certificateColumns(owner: string, ctx: Context): Promise<string[]> {
  const held = await signingCertificates.list(ctx.tx, [ctx.account, owner], { limit: 2 });
  return [0, 1].flatMap((i) => {
    const row = held[i]?.row;
    return row === undefined
      ? ["false", notApplicable]
      : [String(row.status === "Active"), eventTime(row.uploadDate)];
  });
}

async function hasMfa(owner: string, ctx: Context): Promise<string> {
  return String((await ownedDevices.list(ctx.tx, [ctx.account, owner], { limit: 1 })).length > 0);
}

async function rootLine(ctx: Context): Promise<string[]> {
  const [firstKey] = await userKeys.list(ctx.tx, [ctx.account, ""], { limit: 1 });
  return [
    "<root_account>",
    `arn:aws:iam::${ctx.account}:root`,
    firstKey === undefined ? noInformation : eventTime(firstKey.row.createDate),
    notSupported,
    noInformation,
    notSupported,
    notSupported,
    await hasMfa(ctx.account, ctx),
    ...(await keyColumns("", ctx)),
    ...(await certificateColumns(ctx.account, ctx)),
  ];
}

async function userLine(user: UserRow, maxAgeDays: number | undefined, ctx: Context): Promise<string[]> {
  const profile = await loginProfiles.get(ctx.tx, ctx.account, user.userId);
  const changed = profile?.changedDate;
  const password =
    changed === undefined
      ? ["false", notApplicable, notApplicable, notApplicable]
      : [
          "true",
          user.passwordLastUsed === undefined ? noInformation : eventTime(user.passwordLastUsed),
          eventTime(changed),
          maxAgeDays === undefined ? notApplicable : eventTime(changed + maxAgeDays * dayMs),
        ];
  return [
    user.userName,
    user.arn,
    eventTime(user.createDate),
    ...password,
    await hasMfa(user.userId, ctx),
    ...(await keyColumns(user.userName.toLowerCase(), ctx)),
    ...(await certificateColumns(user.userId, ctx)),
  ];
}

async function reportOf(ctx: Context): Promise<string> {
  const { maxAgeDays } = await passwordPolicyOf(ctx.account, ctx);
  const lines = [columns, await rootLine(ctx)];
  for (const { row } of await users.list(ctx.tx, [ctx.account]))
    lines.push(await userLine(row, maxAgeDays, ctx));
  // Names of users may hold commas.
  const cell = (text: string) => (text.includes(",") ? `"${text}"` : text);
  return lines.map((line) => line.map(cell).join(",")).join("\n");
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateCredentialReport.html */
export const generateCredentialReport = iam.operation("GenerateCredentialReport", {
  access: () => ({ action: "iam:GenerateCredentialReport", resource: "*" }),
  async handle(_input, ctx) {
    const generatedTime = ctx.clock.now();
    const last = await reports.get(ctx.tx, ctx.account);
    if (last !== undefined && generatedTime < last.generatedTime + validMs) return { State: "COMPLETE" };
    reports.put(ctx.tx, [ctx.account], { content: await reportOf(ctx), generatedTime });
    return {
      State: "STARTED",
      Description:
        last === undefined
          ? "No report exists. Starting a new report generation task"
          : "The last report has expired. Starting a new report generation task",
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetCredentialReport.html */
export const getCredentialReport = iam.operation("GetCredentialReport", {
  access: () => ({ action: "iam:GetCredentialReport", resource: "*" }),
  async handle(_input, ctx) {
    const report = await reports.get(ctx.tx, ctx.account);
    if (report === undefined) {
      throw ctx.error("CredentialReportNotPresentException", "No report is present, please generate one");
    }
    if (ctx.clock.now() >= report.generatedTime + validMs) {
      throw ctx.error("CredentialReportExpiredException", "The last report has expired, please generate one");
    }
    return {
      Content: Buffer.from(report.content),
      ReportFormat: "text/csv",
      GeneratedTime: seconds(report.generatedTime),
    };
  },
});
