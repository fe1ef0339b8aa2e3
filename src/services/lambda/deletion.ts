import type { Context } from "../../kit/context.ts";
import { changeReserved } from "./accounts.ts";
import { unlinkCodeSigning } from "./codeSigningNames.ts";
import { findVersion } from "./find.ts";
import { existingFunction, type FunctionName, functionArn, isVersion, latest } from "./names.ts";
import { dropProvisioned } from "./provisioned.ts";
import { conflict, invalid } from "./refusals.ts";
import { engineFor } from "./runtime/engine.ts";
import {
  aliases,
  type ConfigurationRow,
  eventInvokes,
  functions,
  policies,
  urlIds,
  urls,
  versionKey,
  versions,
} from "./tables.ts";

/** What goes with a function, and with a version. */

async function removePackages(row: ConfigurationRow, ctx: Context): Promise<void> {
  for (const { bodyId } of [row.code, ...row.layers]) await ctx.bytes.remove(bodyId);
}

export async function removeFunction(named: FunctionName, ctx: Context): Promise<void> {
  const row = await existingFunction(named, ctx);
  const key = [named.account, named.region, named.name] as const;
  await dropProvisioned(named, undefined, ctx);
  await removePackages(row.latest, ctx);
  for (const { key: one, row: version } of await versions.list(ctx.tx, key)) {
    await removePackages(version, ctx);
    versions.delete(ctx.tx, ...one);
  }
  for (const qualified of [aliases, policies, eventInvokes]) {
    for (const { key: one } of await qualified.list(ctx.tx, key)) qualified.delete(ctx.tx, ...one);
  }
  for (const { key: one, row: url } of await urls.list(ctx.tx, key)) {
    urls.delete(ctx.tx, ...one);
    urlIds.delete(ctx.tx, url.urlId);
  }
  unlinkCodeSigning(named, row, ctx);
  if (row.reserved !== undefined) await changeReserved(-row.reserved, ctx);
  functions.delete(ctx.tx, ...key);
  ctx.afterCommit(() => engineFor(ctx).retire(functionArn(named)));
}

export async function removeVersion(named: FunctionName, version: string, ctx: Context): Promise<void> {
  if (version === latest) throw invalid("$LATEST version cannot be deleted without deleting the function.");
  await existingFunction({ ...named, qualifier: undefined }, ctx);
  if (!isVersion(version)) throw invalid("Deletion of aliases is not currently supported.");
  const { account, region, name } = named;
  const row = await findVersion(named, version, ctx);
  // What is not there is as good as deleted, as on AWS.
  if (row === undefined) return;
  const pointing = (await aliases.list(ctx.tx, [account, region, name]))
    .map(({ row: alias }) => alias)
    .filter((alias) => alias.version === version || version in alias.weights);
  if (pointing.length > 0) {
    const names = pointing.map((alias) => alias.name).join(", ");
    throw conflict(`Function version ${functionArn(named, version)} is referenced by alias: ${names}`);
  }
  await dropProvisioned(named, version, ctx);
  await removePackages(row, ctx);
  versions.delete(ctx.tx, account, region, name, versionKey(version));
  policies.delete(ctx.tx, account, region, name, version);
  eventInvokes.delete(ctx.tx, account, region, name, version);
}
