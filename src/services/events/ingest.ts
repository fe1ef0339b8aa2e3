import type { Context } from "../../kit/context.ts";
import { fieldsOf, parsePattern } from "../../kit/patterns/pattern.ts";
import { PatternIndex } from "../../kit/patterns/patternIndex.ts";
import { peerOf } from "./apiCalls.ts";
import { type BusName, busArn } from "./names.ts";
import { archives, busVersions, type RuleRow, rules, targets } from "./tables.ts";
import type { Envelope } from "./transform.ts";

/** What comes onto a bus: matched against its rules, handed to their targets, kept in its archives. */

/** What a bus does with events, compiled. Good for one version of the bus. */
interface Compiled {
  version: string;
  rules: PatternIndex<CompiledRule>;
  archives: PatternIndex<string>;
  /** Archives that keep everything. */
  wholeArchives: string[];
}

interface CompiledRule {
  name: string;
  state: RuleRow["state"];
  targets: CompiledTarget[];
}

interface CompiledTarget {
  id: string;
  peer?: string;
}

const compiled = new Map<string, Compiled>();
const maxCompiledBuses = 1_000;

async function compiledBus(bus: BusName, ctx: Context): Promise<Compiled | undefined> {
  const { account, region, name } = bus;
  const version = (await busVersions.get(ctx.tx, account, region, name))?.version;
  if (version === undefined) return undefined;
  const key = `${account}/${region}/${name}`;
  const known = compiled.get(key);
  if (known?.version === version) return known;
  const made = await compile(bus, version, ctx);
  compiled.delete(key);
  compiled.set(key, made);
  if (compiled.size > maxCompiledBuses) compiled.delete(compiled.keys().next().value as string);
  return made;
}

async function compile(bus: BusName, version: string, ctx: Context): Promise<Compiled> {
  const { account, region, name } = bus;
  const byRule = new Map<string, CompiledTarget[]>();
  for (const { key, row } of await targets.list(ctx.tx, [account, region, name])) {
    const known = byRule.get(key[3]) ?? [];
    known.push({ id: key[4], ...peerOf(row) });
    byRule.set(key[3], known);
  }
  const active = (await rules.list(ctx.tx, [account, region, name])).filter(
    ({ row }) => row.state !== "DISABLED" && row.pattern !== undefined,
  );
  const kept = (await archives.list(ctx.tx, [account, region])).filter(
    ({ row }) => row.busArn === busArn(bus),
  );
  return {
    version,
    rules: new PatternIndex(
      active.map(({ key, row }) => [
        { name: key[3], state: row.state, targets: byRule.get(key[3]) ?? [] },
        parsePattern(row.pattern as string),
      ]),
    ),
    archives: new PatternIndex(
      kept.flatMap(({ row }) => (row.pattern ? [[row.log, parsePattern(row.pattern)] as const] : [])),
    ),
    wholeArchives: kept.flatMap(({ row }) => (row.pattern ? [] : [row.log])),
  };
}

export interface IngestOptions {
  /** A replay goes to these rules only, and into no archive. */
  replay?: { ruleNames: readonly string[] | undefined };
}

/** Takes an event onto a bus: work for each target that gets it is put into the outbox. */
export async function ingest(
  event: Envelope,
  bus: BusName,
  ctx: Context,
  { replay }: IngestOptions = {},
): Promise<void> {
  const known = await compiledBus(bus, ctx);
  if (known === undefined) return;
  const fields = fieldsOf(event);
  const { account, region } = bus;
  for (const rule of known.rules.match(fields)) {
    if (isReadOnlyCall(event) && rule.state !== "ENABLED_WITH_ALL_CLOUDTRAIL_MANAGEMENT_EVENTS") continue;
    if (replay?.ruleNames !== undefined && !replay.ruleNames.includes(rule.name)) continue;
    const dimensions = ruleDimensions(bus, rule.name);
    for (const name of ["MatchedEvents", "TriggeredRules"])
      ctx.metric({ namespace: "AWS/Events", name, dimensions, value: 1, account, region });
    for (const { id: targetId, ...peer } of rule.targets) {
      const payload = { bus: bus.name, rule: rule.name, targetId, event, ingestedAtMs: ctx.clock.now() };
      ctx.outbox.put("invoke", payload, { account, region, ...peer });
    }
  }
  if (replay !== undefined) return;
  const text = JSON.stringify(event);
  for (const log of [...known.wholeArchives, ...known.archives.match(fields)]) {
    ctx.tx.append(log, { at: ctx.clock.now(), text });
  }
}

/** Calls that change nothing go only to rules that ask for them. */
function isReadOnlyCall(event: Envelope): boolean {
  return event["detail-type"] === "AWS API Call via CloudTrail" && event.detail.readOnly === true;
}

export function ruleDimensions(bus: BusName, rule: string): Record<string, string> {
  return bus.name === "default" ? { RuleName: rule } : { EventBusName: bus.name, RuleName: rule };
}
