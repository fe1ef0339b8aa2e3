import type { Context } from "../../../kit/context.ts";
import {
  type CustomIdentifier,
  customIdentifier,
  type Finding,
  find,
  withoutFindings,
} from "../../../kit/dataIdentifiers.ts";
import type { Reads } from "../../../storage/store.ts";
import { groupAccess } from "../access.ts";
import { hasPolicies } from "../accountPolicyTables.ts";
import { GroupKeys, ownerOf } from "../encryption.ts";
import type { Chunk } from "../store/chunk.ts";
import type { GroupRow } from "../tables.ts";
import { ofAccount, type ProtectionRow, protections } from "./versions.ts";

/** What is masked of lines: what was looked for when they came, by the group's policy and by the account's. */

type Identifiers = readonly (string | CustomIdentifier)[];

interface Span {
  fromMs: number;
  untilMs: number;
  identifiers: Identifiers;
}

export class Masker {
  readonly #spans: readonly Span[];

  constructor(spans: readonly Span[]) {
    this.#spans = spans;
  }

  findings(message: string, ingestedMs: number): Finding[] {
    const holding = this.#spans.filter(({ fromMs, untilMs }) => fromMs <= ingestedMs && ingestedMs < untilMs);
    return holding.length === 0
      ? []
      : find(
          message,
          holding.flatMap(({ identifiers }) => identifiers),
        );
  }

  /** As many asterisks as characters: the message keeps its length. */
  masked(message: string, ingestedMs: number): string {
    const findings = this.findings(message, ingestedMs);
    return findings.length === 0 ? message : withoutFindings(message, findings, "*");
  }
}

async function spansOf(row: ProtectionRow): Promise<Span[]> {
  return await Promise.all(
    row.versions.map(async ({ fromMs, untilMs = Number.POSITIVE_INFINITY, managed, custom }) => {
      const compiled = await Promise.all(custom.map(({ name, regex }) => customIdentifier(name, regex)));
      const identifiers = [...managed, ...compiled.filter((one) => one !== undefined)];
      return { fromMs, untilMs, identifiers };
    }),
  );
}

/** The policies that hold for a group, or did: its own, and its account's. */
export async function protectionOf(group: GroupRow, tx: Reads): Promise<ProtectionRow[]> {
  const { account, region } = ownerOf(group);
  const rows = [
    (await hasPolicies({ account, region }, tx))
      ? await protections.get(tx, account, region, ofAccount)
      : undefined,
    group.isProtected ? await protections.get(tx, account, region, group.groupId) : undefined,
  ];
  return rows.filter((row) => row !== undefined);
}

/** Undefined where nothing was ever masked. */
export async function maskerOf(rows: readonly ProtectionRow[]): Promise<Masker | undefined> {
  return rows.length === 0 ? undefined : new Masker((await Promise.all(rows.map(spansOf))).flat());
}

export interface LineReader {
  open(value: Uint8Array, place: string): Promise<Chunk>;
}

/**
 * Opens a group's chunks for somebody to read: masked, unless they ask for the lines as they came and may have them.
 * What is searched is what is shown, so that no pattern finds out what a mask hides.
 */
export async function readerOf(
  group: GroupRow,
  { unmask = false }: { unmask?: boolean | undefined },
  ctx: Context,
): Promise<LineReader> {
  if (unmask) {
    const { account, region } = ownerOf(group);
    await ctx.authorize(
      await groupAccess("Unmask", { account, region, name: group.name, arn: group.arn }, ctx),
    );
  }
  const keys = new GroupKeys(group, ctx);
  const masker = unmask ? undefined : await maskerOf(await protectionOf(group, ctx.tx));
  if (masker === undefined) return keys;
  return {
    async open(value, place) {
      const chunk = await keys.open(value, place);
      return chunk.rewritten((message, line) => masker.masked(message, chunk.ingestion(line)));
    },
  };
}
