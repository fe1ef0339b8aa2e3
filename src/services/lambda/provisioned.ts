import type { ProvisionedConcurrencyConfigListItem } from "@aws-sdk/client-lambda";
import type { Context, Host } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { changeProvisioned, provisionedTotal, reservedTotal } from "./accounts.ts";
import { lambda } from "./contract.ts";
import { checkExists, resolve } from "./find.ts";
import { keyedPageOf } from "./lists.ts";
import {
  existingFunction,
  type FunctionName,
  functionAccess,
  functionArn,
  isVersion,
  latest,
  nameOf,
} from "./names.ts";
import { conflict, invalid, notFound } from "./refusals.ts";
import { runnableOf } from "./runnable.ts";
import { accountConcurrency, minUnreserved } from "./runtime/concurrency.ts";
import { engineFor } from "./runtime/engine.ts";
import type { Runnable } from "./runtime/types.ts";
import { aliases, functions, type ProvisionedRow, provisioned } from "./tables.ts";

/**
 * Provisioned concurrency: environments of a version or an alias that are kept warm.
 * https://docs.aws.amazon.com/lambda/latest/dg/provisioned-concurrency.html
 */

type Key = [account: string, region: string, name: string, qualifier: string];

/** A version or an alias, as these operations want one named, which must be there. */
async function target(
  text: string,
  qualifier: string,
  unpublished: string,
  ctx: Context,
): Promise<{ named: FunctionName; key: Key }> {
  const named = nameOf(text, ctx, qualifier);
  const { account, region, name, qualifier: asked = latest } = named;
  if (asked === latest) throw invalid(unpublished);
  if (!isVersion(asked) && (await functions.get(ctx.tx, account, region, name)) === undefined)
    throw notFound(`Cannot find alias arn: ${functionArn(named, asked)}`);
  await checkExists(named, ctx);
  return { named, key: [account, region, name, asked] };
}

const notPublished = "The function resource provided must be an alias or a published version.";

function timeText(ms: number): string {
  return new Date(ms).toISOString().replace(/\.\d+Z$/, "+0000");
}

async function rowsOf({ account, region, name }: FunctionName, ctx: Pick<Context, "tx">) {
  return await provisioned.list(ctx.tx, [account, region, name]);
}

async function versionOf(named: FunctionName, qualifier: string, ctx: Pick<Context, "tx">): Promise<string> {
  return (await resolve({ ...named, qualifier }, ctx)).configuration.version;
}

/** One version is provisioned once, be it by its number or by an alias. */
async function checkOverlap(named: FunctionName, qualifier: string, ctx: Context): Promise<void> {
  const version = await versionOf(named, qualifier, ctx);
  for (const { key } of await rowsOf(named, ctx)) {
    const other = key[3];
    if (other === qualifier || (await versionOf(named, other, ctx)) !== version) continue;
    throw conflict(
      isVersion(other)
        ? "Alias can't be used for Provisioned Concurrency configuration on an already Provisioned version"
        : "Version is pointed by a Provisioned Concurrency alias",
    );
  }
}

async function checkRoom(named: FunctionName, wanted: number, before: number, ctx: Context): Promise<void> {
  const row = await existingFunction({ ...named, qualifier: undefined }, ctx);
  if (row.reserved !== undefined) {
    if ((row.provisioned ?? 0) - before + wanted <= row.reserved) return;
    throw invalid(
      "Requested Provisioned Concurrency should not be greater than the reservedConcurrentExecution for function",
    );
  }
  const others = (await provisionedTotal(ctx)) - before;
  const unreserved = accountConcurrency - (await reservedTotal(ctx)) - others;
  if (wanted > unreserved) {
    throw invalid(
      `Specified ConcurrentExecutions for function is greater than account's unreserved concurrency [${unreserved}].`,
    );
  }
  if (unreserved - wanted >= minUnreserved) return;
  throw invalid(
    `Specified ConcurrentExecutions for function decreases account's UnreservedConcurrentExecution below its minimum value of [${minUnreserved}].`,
  );
}

/** Changes what is provisioned under a qualifier, and with it the sums. */
async function change(key: Key, to: ProvisionedRow | undefined, ctx: Context): Promise<void> {
  const [account, region, name] = key;
  const before = (await provisioned.get(ctx.tx, ...key))?.requested ?? 0;
  const by = (to?.requested ?? 0) - before;
  if (to === undefined) provisioned.delete(ctx.tx, ...key);
  else provisioned.put(ctx.tx, key, to);
  const row = await functions.get(ctx.tx, account, region, name);
  if (row !== undefined)
    functions.put(ctx.tx, [account, region, name], { ...row, provisioned: (row.provisioned ?? 0) + by });
  await changeProvisioned(by, ctx);
}

/** Forgets what is provisioned under a qualifier that is deleted, or under all. */
export async function dropProvisioned(
  named: FunctionName,
  qualifier: string | undefined,
  ctx: Context,
): Promise<void> {
  const rows = await rowsOf(named, ctx);
  const dropped = rows.filter(({ key }) => qualifier === undefined || key[3] === qualifier);
  for (const { key } of dropped) await change(key, undefined, ctx);
  if (dropped.length > 0) await keepWarm(named, ctx);
}

/** What is to be kept warm of a function, by version. */
async function wantedOf(named: FunctionName, ctx: Pick<Context, "tx">) {
  const wanted = new Map<string, { runnable: Runnable; count: number }>();
  for (const { key, row } of await rowsOf(named, ctx)) {
    const runnable = runnableOf(named, await resolve({ ...named, qualifier: key[3] }, ctx));
    const { count = 0 } = wanted.get(runnable.key) ?? {};
    wanted.set(runnable.key, { runnable, count: count + row.requested });
  }
  return [...wanted.values()];
}

/** Has the engine keep warm what is provisioned now, once this transaction is on disk. */
export async function keepWarm(named: FunctionName, ctx: Context): Promise<void> {
  const wanted = await wantedOf(named, ctx);
  ctx.afterCommit(() => engineFor(ctx).keep(functionArn(named), wanted));
}

/** Warms, at the start, what is provisioned in all accounts. */
export async function startProvisioned(host: Host): Promise<void> {
  await host.act({ service: "lambda", ...host.home() }, async (ctx) => {
    const seen = new Set<string>();
    for (const { key } of await provisioned.list(ctx.tx, [])) {
      const [account, region, name] = key;
      const named = { account, region, name, qualifier: undefined };
      if (seen.has(functionArn(named))) continue;
      seen.add(functionArn(named));
      await keepWarm(named, ctx);
    }
  });
}

async function shown(
  named: FunctionName,
  qualifier: string,
  { requested, modifiedAt }: ProvisionedRow,
  ctx: Context,
): Promise<ProvisionedConcurrencyConfigListItem> {
  const runnable = runnableOf(named, await resolve({ ...named, qualifier }, ctx));
  const { warm, wanted, failure } = engineFor(ctx).warmth(runnable.key);
  const isReady = warm >= wanted && wanted > 0;
  const allocated = Math.min(warm, requested);
  return {
    RequestedProvisionedConcurrentExecutions: requested,
    AllocatedProvisionedConcurrentExecutions: allocated,
    AvailableProvisionedConcurrentExecutions: allocated,
    Status: isReady ? "READY" : failure === undefined ? "IN_PROGRESS" : "FAILED",
    ...(!isReady && failure !== undefined && { StatusReason: failure }),
    LastModified: timeText(modifiedAt),
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_PutProvisionedConcurrencyConfig.html */
export const putProvisionedConcurrencyConfig = lambda.operation("PutProvisionedConcurrencyConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("PutProvisionedConcurrencyConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier, ProvisionedConcurrentExecutions: requested }, ctx) {
    const unpublished = "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
    const { named, key } = await target(FunctionName, Qualifier, unpublished, ctx);
    if ((await versionOf(named, key[3], ctx)) === latest) throw invalid(unpublished);
    await checkOverlap(named, key[3], ctx);
    const before = (await provisioned.get(ctx.tx, ...key))?.requested ?? 0;
    await checkRoom(named, requested, before, ctx);
    const modifiedAt = ctx.clock.now();
    await change(key, { requested, modifiedAt }, ctx);
    await keepWarm(named, ctx);
    return {
      RequestedProvisionedConcurrentExecutions: requested,
      AllocatedProvisionedConcurrentExecutions: 0,
      AvailableProvisionedConcurrentExecutions: 0,
      Status: "IN_PROGRESS" as const,
      LastModified: timeText(modifiedAt),
    };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetProvisionedConcurrencyConfig.html */
export const getProvisionedConcurrencyConfig = lambda.operation("GetProvisionedConcurrencyConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetProvisionedConcurrencyConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const { named, key } = await target(FunctionName, Qualifier, notPublished, ctx);
    const row = await provisioned.get(ctx.tx, ...key);
    if (row === undefined) {
      throw new AwsError(
        "ProvisionedConcurrencyConfigNotFoundException",
        "No Provisioned Concurrency Config found for this function",
        { members: { Type: "User" } },
      );
    }
    return await shown(named, key[3], row, ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteProvisionedConcurrencyConfig.html */
export const deleteProvisionedConcurrencyConfig = lambda.operation("DeleteProvisionedConcurrencyConfig", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("DeleteProvisionedConcurrencyConfig", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const { named, key } = await target(FunctionName, Qualifier, notPublished, ctx);
    await dropProvisioned(named, key[3], ctx);
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListProvisionedConcurrencyConfigs.html */
export const listProvisionedConcurrencyConfigs = lambda.operation("ListProvisionedConcurrencyConfigs", {
  access: ({ FunctionName }, ctx) => functionAccess("ListProvisionedConcurrencyConfigs", FunctionName, ctx),
  async handle({ FunctionName, Marker, MaxItems = maxPage }, ctx) {
    const named = nameOf(FunctionName, ctx);
    await existingFunction(named, ctx);
    const page = await keyedPageOf(provisioned, ctx.tx, [named.account, named.region, named.name], {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
    });
    const configs = page.items.map(async ({ key, row }) => ({
      FunctionArn: functionArn(named, key[3]),
      ...(await shown(named, key[3], row, ctx)),
    }));
    return {
      ProvisionedConcurrencyConfigs: await Promise.all(configs),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});

/** An alias leads elsewhere now: what is provisioned for it goes with it. */
export async function aliasMoved(named: FunctionName, alias: string, ctx: Context): Promise<void> {
  const { account, region, name } = named;
  if ((await provisioned.get(ctx.tx, account, region, name, alias)) === undefined) return;
  if ((await aliases.get(ctx.tx, account, region, name, alias))?.version === latest)
    await dropProvisioned(named, alias, ctx);
  else await keepWarm(named, ctx);
}
