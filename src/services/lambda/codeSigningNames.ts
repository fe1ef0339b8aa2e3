import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Access } from "../../kit/service.ts";
import type { FunctionName } from "./names.ts";
import {
  type CodeSigningConfigRow,
  codeSigningConfigs,
  codeSigningUses,
  type FunctionRow,
} from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Code signing configurations by their ARNs, and the functions that have one. */

const form = /^arn:aws:lambda:([a-z0-9-]+):(\d{12}):code-signing-config:(csc-[a-z0-9]{17})$/;

type Home = Pick<Context, "account" | "region">;

export interface CodeSigningConfig {
  account: string;
  id: string;
  row: CodeSigningConfigRow;
}

export function codeSigningArn({ account, region }: Home, id: string): string {
  return `arn:aws:lambda:${region}:${account}:code-signing-config:${id}`;
}

export function isCodeSigningArn(arn: string): boolean {
  return form.test(arn);
}

export async function findCodeSigning(
  arn: string,
  ctx: Pick<Context, "tx" | "region">,
): Promise<CodeSigningConfig | undefined> {
  const [, region, account, id] = form.exec(arn) ?? [];
  if (account === undefined || id === undefined || region !== ctx.region) return undefined;
  const row = await codeSigningConfigs.get(ctx.tx, account, region, id);
  return row && { account, id, row };
}

export async function existingCodeSigning(arn: string, ctx: Context): Promise<CodeSigningConfig> {
  const found = await findCodeSigning(arn, ctx);
  // As recorded, it says nothing of whose fault that is.
  if (found === undefined) {
    throw new AwsError(
      "ResourceNotFoundException",
      `The Lambda code signing configuration ${arn} can not be found.`,
    );
  }
  return found;
}

/** A configuration as a resource of an access declaration. */
export async function codeSigningAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  const found = await findCodeSigning(arn, ctx);
  return {
    action: `lambda:${action}`,
    resource: arn,
    resourceAccount: form.exec(arn)?.[2] ?? ctx.account,
    resourceType: "AWS::Lambda::CodeSigningConfig",
    resourceTags: found?.row.tags ?? {},
  };
}

/** The configuration that a function of this account is to have. */
export async function codeSigningFor<Arn extends string | undefined>(
  { account }: Pick<FunctionName, "account">,
  arn: Arn,
  ctx: Context,
): Promise<CodeSigningConfig | (Arn extends string ? never : undefined)> {
  if (arn === undefined) return undefined as Arn extends string ? never : undefined;
  const found = await findCodeSigning(arn, ctx);
  if (found === undefined || found.account !== account) {
    throw new AwsError(
      "CodeSigningConfigNotFoundException",
      `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`,
      { members: { Type: "User" } },
    );
  }
  return found;
}

/** The configuration that a function has. */
export async function codeSigningOf(
  { account, region }: FunctionName,
  { codeSigning }: FunctionRow,
  ctx: Pick<Context, "tx">,
): Promise<CodeSigningConfigRow | undefined> {
  return codeSigning === undefined
    ? undefined
    : await codeSigningConfigs.get(ctx.tx, account, region, codeSigning);
}

/** Notes that a function has a configuration; its own row says so, too. */
export function linkCodeSigning({ account, region, name }: FunctionName, id: string, ctx: Context): void {
  codeSigningUses.put(ctx.tx, [account, region, id, name], {});
}

export function unlinkCodeSigning(
  { account, region, name }: FunctionName,
  { codeSigning }: FunctionRow,
  ctx: Context,
): void {
  if (codeSigning !== undefined) codeSigningUses.delete(ctx.tx, account, region, codeSigning, name);
}

export async function putCodeSigningTags(
  arn: string,
  by: (tags: Readonly<Record<string, string>>) => Record<string, string>,
  ctx: Context,
): Promise<void> {
  const { account, id, row } = await existingCodeSigning(arn, ctx);
  const tags = by(row.tags);
  checkTags(tags);
  codeSigningConfigs.put(ctx.tx, [account, ctx.region, id], { ...row, tags });
}
