import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { buildDirectory } from "../../../kit/buildFiles.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { riskSettings } from "./configuration.ts";

/** Passwords that everybody knows: the 30,000 most common of those that became public. */

let common: Promise<ReadonlySet<string>> | undefined;

/** Read when a pool first asks. */
function commonPasswords(): Promise<ReadonlySet<string>> {
  common ??= readFile(join(buildDirectory, "common-passwords.txt"), "utf8").then(
    (text) => new Set(text.split("\n").filter((line) => line !== "")),
  );
  return common;
}

/** Letters' case, and digits and symbols at the end, are what policies ask for: "Password1!" is "password". */
export async function isCommon(password: string): Promise<boolean> {
  const known = await commonPasswords();
  const lower = password.toLowerCase();
  return known.has(lower) || known.has(lower.replace(/[^a-z]+$/, ""));
}

export type Occasion = "SIGN_IN" | "SIGN_UP" | "PASSWORD_CHANGE";

/**
 * Refuses a password that everybody knows, where the pool says so; true where the pool only watches.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pool-settings-compromised-credentials.html
 */
export async function checkCompromised(
  pool: PoolRow,
  clientId: string | undefined,
  password: string,
  occasion: Occasion,
  ctx: Context,
): Promise<boolean> {
  const risk = (await riskSettings(pool, clientId, ctx))?.CompromisedCredentialsRiskConfiguration;
  const isAsked =
    risk !== undefined && (risk.EventFilter === undefined || risk.EventFilter.includes(occasion));
  if (!isAsked || !(await isCommon(password))) return false;
  const isEnforced = pool.settings.UserPoolAddOns?.AdvancedSecurityMode === "ENFORCED";
  if (!isEnforced || risk.Actions?.EventAction !== "BLOCK") return true;
  if (occasion === "SIGN_IN")
    throw new AwsError(
      "PasswordResetRequiredException",
      "Password reset required for the user due to security reasons",
    );
  throw new AwsError("InvalidPasswordException", "Provided password cannot be used for security reasons.");
}
