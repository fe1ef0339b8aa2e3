import type { Context } from "../../kit/context.ts";
import { pageOf, pageOfList } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { accessTo, callKeys, keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { findKeyById, locate, notPendingDeletion } from "./find.ts";
import { putKey } from "./make.ts";
import { kmsPage } from "./pages.ts";
import { type AliasRow, aliases, type KeyRow, keys } from "./tables.ts";

const maxAliasesPerKey = 50;

function aliasArn(account: string, region: string, aliasName: string): string {
  return `arn:aws:kms:${region}:${account}:${aliasName}`;
}

/** An alias has no policy: identity policies decide about it, and the key's policy about the key. */
function aliasAccess(action: string, aliasName: string, ctx: Context): Access {
  return {
    action: `kms:${action}`,
    resource: aliasArn(ctx.account, ctx.region, aliasName),
    resourceType: "AWS::KMS::Alias",
    context: callKeys(ctx),
  };
}

function checkName(name: string, ctx: Context): void {
  if (!name.startsWith("alias/")) {
    throw ctx.error(
      "ValidationException",
      'Alias must start with the prefix "alias/". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html',
    );
  }
  if (name.startsWith("alias/aws/")) {
    throw ctx.error(
      "ValidationException",
      "Alias names that begin with alias/aws/ are reserved for AWS managed keys.",
    );
  }
}

function link(key: KeyRow, aliasName: string, row: AliasRow, ctx: Context<"LimitExceededException">): void {
  if (key.aliases.length >= maxAliasesPerKey) {
    throw ctx.error(
      "LimitExceededException",
      `Aliases per KMS key exceeded the quota of ${maxAliasesPerKey}.`,
    );
  }
  putKey({ ...key, aliases: [...key.aliases, aliasName] }, ctx);
  aliases.put(ctx.tx, [key.account, key.region, aliasName], row);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateAlias.html */
export const createAlias = kms.operation("CreateAlias", {
  access: async ({ AliasName, TargetKeyId }, ctx) => [
    aliasAccess("CreateAlias", AliasName, ctx),
    await keyAccess("CreateAlias", TargetKeyId, ctx),
  ],
  async handle({ AliasName, TargetKeyId }, ctx) {
    checkName(AliasName, ctx);
    const key = notPendingDeletion(await findKeyById(TargetKeyId, ctx as Context), ctx);
    if ((await aliases.get(ctx.tx, ctx.account, ctx.region, AliasName)) !== undefined) {
      const arn = aliasArn(ctx.account, ctx.region, AliasName);
      throw ctx.error("AlreadyExistsException", `An alias with the name ${arn} already exists`);
    }
    const now = ctx.clock.now();
    link(key, AliasName, { aliasName: AliasName, keyId: key.keyId, createDate: now, updateDate: now }, ctx);
    return {};
  },
});

async function findAlias(aliasName: string, ctx: Context<"NotFoundException">): Promise<AliasRow> {
  const row = await aliases.get(ctx.tx, ctx.account, ctx.region, aliasName);
  if (row === undefined) {
    throw ctx.error(
      "NotFoundException",
      `Alias ${aliasArn(ctx.account, ctx.region, aliasName)} is not found.`,
    );
  }
  return row;
}

async function unlink(row: AliasRow, ctx: Context): Promise<KeyRow | undefined> {
  const key = await keys.get(ctx.tx, ctx.account, ctx.region, row.keyId);
  if (key !== undefined)
    putKey({ ...key, aliases: key.aliases.filter((name) => name !== row.aliasName) }, ctx);
  return key;
}

/** The alias, and the key that it points to, if it exists. */
async function accessToBoth(action: string, aliasName: string, ctx: Context): Promise<Access[]> {
  const named = await locate(aliasName.startsWith("alias/") ? aliasName : `alias/${aliasName}`, ctx);
  const alias = aliasAccess(action, aliasName, ctx);
  return named.key === undefined ? [alias] : [alias, await accessTo(action, named, ctx)];
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateAlias.html */
export const updateAlias = kms.operation("UpdateAlias", {
  access: async ({ AliasName, TargetKeyId }, ctx) => [
    ...(await accessToBoth("UpdateAlias", AliasName, ctx)),
    await keyAccess("UpdateAlias", TargetKeyId, ctx),
  ],
  async handle({ AliasName, TargetKeyId }, ctx) {
    checkName(AliasName, ctx);
    const row = await findAlias(AliasName, ctx);
    const target = notPendingDeletion(await findKeyById(TargetKeyId, ctx as Context), ctx);
    const present = await keys.get(ctx.tx, ctx.account, ctx.region, row.keyId);
    if (present !== undefined && (present.usage !== target.usage || present.spec !== target.spec)) {
      throw ctx.error(
        "ValidationException",
        "The current and new KMS keys of an alias must have the same key type and key usage.",
      );
    }
    if (target.keyId === row.keyId) return {};
    await unlink(row, ctx);
    link(target, AliasName, { ...row, keyId: target.keyId, updateDate: ctx.clock.now() }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteAlias.html */
export const deleteAlias = kms.operation("DeleteAlias", {
  access: ({ AliasName }, ctx) => accessToBoth("DeleteAlias", AliasName, ctx),
  async handle({ AliasName }, ctx) {
    checkName(AliasName, ctx);
    const row = await findAlias(AliasName, ctx);
    await unlink(row, ctx);
    aliases.delete(ctx.tx, ctx.account, ctx.region, AliasName);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListAliases.html */
export const listAliases = kms.operation("ListAliases", {
  access: (_input, ctx) => ({ action: "kms:ListAliases", resource: "*", context: callKeys(ctx) }),
  async handle({ KeyId, Limit = 50, Marker }, ctx) {
    const key = KeyId === undefined ? undefined : await findKeyById(KeyId, ctx);
    const { items, end } = await kmsPage(ctx, async () =>
      key === undefined
        ? pageOf(aliases, ctx.tx, [ctx.account, ctx.region], { limit: Limit, marker: Marker })
        : pageOfList(await aliasesOf(key, ctx), Limit, Marker),
    );
    return {
      Aliases: items.map(({ aliasName, keyId, createDate, updateDate }) => ({
        AliasName: aliasName,
        AliasArn: aliasArn(ctx.account, ctx.region, aliasName),
        TargetKeyId: keyId,
        CreationDate: new Date(createDate),
        LastUpdatedDate: new Date(updateDate),
      })),
      ...end,
    };
  },
});

async function aliasesOf(key: KeyRow, ctx: Context): Promise<AliasRow[]> {
  const rows = await Promise.all(
    key.aliases.map((name) => aliases.get(ctx.tx, key.account, key.region, name)),
  );
  return rows.filter((row) => row !== undefined);
}
