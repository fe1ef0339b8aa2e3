import type { Context } from "../../../kit/context.ts";
import { table } from "../../../kit/table.ts";
import type { CustomExpression, Protection } from "./document.ts";

/**
 * Policies, and those that were before them: what came while a policy held stays masked by it, whatever became of the
 * policy. What came before it is not masked, as on AWS.
 */

export interface Version {
  fromMs: number;
  /** Left out, it holds still. */
  untilMs?: number;
  managed: string[];
  custom: CustomExpression[];
}

export interface ProtectionRow {
  /** The policy that holds; absent once it is deleted. */
  document?: string;
  destinations: string[];
  lastUpdatedTime: number;
  /** Oldest first. */
  versions: Version[];
}

/** Of a group by its id, and the account's by `ofAccount`. */
export const protections = table<ProtectionRow, [account: string, region: string, of: string]>(
  "logs",
  "protections",
);
export const ofAccount = "account";

/** Older ones are joined: their lines are masked by what any of them named. */
const maxVersions = 50;

function joined([first, second, ...rest]: Version[]): Version[] {
  if (first === undefined || second === undefined) return [];
  const managed = [...new Set([...first.managed, ...second.managed])];
  const custom = [...first.custom, ...second.custom];
  return [{ ...second, fromMs: first.fromMs, managed, custom }, ...rest];
}

function closed(held: ProtectionRow | undefined, nowMs: number): Version[] {
  return (held?.versions ?? []).map((one) => (one.untilMs === undefined ? { ...one, untilMs: nowMs } : one));
}

/** A new policy takes the place of the one before. */
export async function beginProtection(
  of: string,
  document: string,
  { managed, custom, destinations }: Protection,
  ctx: Context,
): Promise<ProtectionRow> {
  const { tx, account, region } = ctx;
  const nowMs = ctx.clock.now();
  const before = closed(await protections.get(tx, account, region, of), nowMs);
  const versions = [...before, { fromMs: nowMs, managed, custom }];
  const row: ProtectionRow = {
    document,
    destinations,
    lastUpdatedTime: nowMs,
    versions: versions.length > maxVersions ? joined(versions) : versions,
  };
  protections.put(tx, [account, region, of], row);
  return row;
}

/** False where there was none. */
export async function endProtection(of: string, ctx: Context): Promise<boolean> {
  const { tx, account, region } = ctx;
  const held = await protections.get(tx, account, region, of);
  if (held?.document === undefined) return false;
  const nowMs = ctx.clock.now();
  protections.put(tx, [account, region, of], {
    destinations: [],
    lastUpdatedTime: nowMs,
    versions: closed(held, nowMs),
  });
  return true;
}
