import type { Processor } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../../kit/context.ts";
import { table } from "../../../kit/table.ts";
import type { Reads } from "../../../storage/store.ts";
import { hasPolicies, isSelected, type Selection } from "../accountPolicyTables.ts";
import { ownerOf } from "../encryption.ts";
import type { GroupRow } from "../tables.ts";
import { compileTransformer, type Transform } from "./compile.ts";
import type { JsonObject } from "./event.ts";

/**
 * Transformers of groups and accounts, and those before them. A line is kept as it came; what it was transformed to is
 * made again when it is read, by what held when it came: so a transformer costs nothing but where it is looked at.
 */

export interface TransformerVersion {
  fromMs: number;
  /** Left out, it holds still. */
  untilMs?: number;
  config: Processor[];
  /** Of an account's policy: which, and for which groups. */
  policyName?: string;
  selection?: Selection;
}

export interface TransformerRow {
  /** Newest first. */
  versions: TransformerVersion[];
  creationTime: number;
}

/** Of a group by its id, and the account's by `ofAccount`. */
export const transformers = table<TransformerRow, [account: string, region: string, of: string]>(
  "logs",
  "transformers",
);
export const ofAccount = "account";

/** Beyond, the oldest are forgotten: their lines are shown as they came. */
const maxVersions = 100;

function ended(version: TransformerVersion, policyName: string | undefined, nowMs: number) {
  const ends = version.untilMs === undefined && version.policyName === policyName;
  return ends ? { ...version, untilMs: nowMs } : version;
}

export async function beginTransformer(
  of: string,
  version: Omit<TransformerVersion, "fromMs">,
  ctx: Context,
): Promise<void> {
  const { tx, account, region } = ctx;
  const nowMs = ctx.clock.now();
  const held = await transformers.get(tx, account, region, of);
  const before = (held?.versions ?? []).map((one) => ended(one, version.policyName, nowMs));
  const wasHolding = held?.versions.some(({ untilMs }) => untilMs === undefined) ?? false;
  transformers.put(tx, [account, region, of], {
    versions: [{ ...version, fromMs: nowMs }, ...before].slice(0, maxVersions),
    creationTime: wasHolding ? (held?.creationTime ?? nowMs) : nowMs,
  });
}

/** False where there was none. */
export async function endTransformer(
  of: string,
  policyName: string | undefined,
  ctx: Context,
): Promise<boolean> {
  const { tx, account, region } = ctx;
  const held = await transformers.get(tx, account, region, of);
  const nowMs = ctx.clock.now();
  const versions = held?.versions.map((one) => ended(one, policyName, nowMs)) ?? [];
  if (held === undefined || versions.every((one, i) => one === held.versions[i])) return false;
  transformers.put(tx, [account, region, of], { ...held, versions });
  return true;
}

/** A line as its group's transformer makes it; undefined where none held when it came, or it cannot be transformed. */
export type TransformLine = (line: {
  message: string;
  ingestedMs: number;
  stream: string;
}) => JsonObject | undefined;

/** Undefined for a group that never had a transformer. */
export async function transformOf(group: GroupRow, tx: Reads): Promise<TransformLine | undefined> {
  const { account, region } = ownerOf(group);
  const own = group.isTransformed ? await transformers.get(tx, account, region, group.groupId) : undefined;
  const shared = (await hasPolicies({ account, region }, tx))
    ? await transformers.get(tx, account, region, ofAccount)
    : undefined;
  // A group's own comes before its account's.
  const versions = [
    ...(own?.versions ?? []),
    ...(shared?.versions ?? []).filter(({ selection = {} }) => isSelected(selection, group.name)),
  ];
  if (versions.length === 0) return undefined;
  const compiled = await Promise.all(
    versions.map(async ({ fromMs, untilMs = Number.POSITIVE_INFINITY, config }) => ({
      fromMs,
      untilMs,
      transform: await compiledOnce(config),
    })),
  );
  return ({ message, ingestedMs, stream }) =>
    compiled
      .find(({ fromMs, untilMs }) => fromMs <= ingestedMs && ingestedMs < untilMs)
      ?.transform(message, { group: group.name, stream, account, region });
}

/** By the configuration itself: rows are shared and frozen. */
const kept = new WeakMap<readonly Processor[], Promise<Transform>>();

function compiledOnce(config: readonly Processor[]): Promise<Transform> {
  let known = kept.get(config);
  if (known === undefined) {
    known = compileTransformer(config);
    kept.set(config, known);
  }
  return known;
}
