import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { ownerOf } from "./encryption.ts";
import type { QueryFacts } from "./insights/compile.ts";
import { parseQuery } from "./insights/parser.ts";
import { compilePipeline, type Pipeline } from "./insights/pipeline.ts";
import { Row } from "./insights/record.ts";
import type { Command, Expression } from "./insights/syntax.ts";
import { expiredBefore } from "./limits.ts";
import { formatPointer } from "./pointers.ts";
import { readerOf } from "./protection/masker.ts";
import { scheduledHasEnded } from "./scheduledRuns.ts";
import { type FoundLine, scanLines } from "./store/scan.ts";
import {
  type GroupRow,
  groups,
  type QueryRow,
  type QueryStatistics,
  queries,
  queryResults,
} from "./tables.ts";
import { type TransformLine, transformOf } from "./transform/versions.ts";

/** Running a query: in the background, soon after it was started. */

/** Size of the texts that one row of an answer holds. */
const maxResultRowCharacters = 1_000_000;

export function factsOf({ startTime, endTime, createTime }: QueryRow): QueryFacts {
  return { startTime, endTime, nowMs: createTime };
}

/** The commands of a query over one group or several; throws QueryError. */
export function commandsOf(queryString: string, groupCount: number): Command[] {
  const commands = parseQuery(queryString);
  const ordered = commands.some(({ kind }) => kind === "sort" || kind === "stats");
  if (groupCount < 2 || ordered) return commands;
  // Lines of one group come newest first; those of several are brought into that order.
  const timestamp: Expression = { kind: "field", name: "@timestamp", path: ["@timestamp"] };
  const newestFirst: Command = { kind: "sort", keys: [{ expression: timestamp, descending: true }] };
  const before = commands.findIndex(({ kind }) => kind === "dedup" || kind === "limit");
  const at = before < 0 ? commands.length : before;
  return [...commands.slice(0, at), newestFirst, ...commands.slice(at)];
}

/** Delivery: runs a query that is scheduled, and keeps its answer. */
export async function runQuery({ queryId }: { queryId: string }, ctx: Context): Promise<void> {
  const { tx, account, region } = ctx;
  const query = await queries.get(tx, account, region, queryId);
  if (query?.status !== "Scheduled") return;
  try {
    const { statistics, answer } = await run(query, ctx);
    const pages = keep(query, answer, ctx);
    queries.put(tx, [account, region, queryId], {
      ...query,
      status: "Complete",
      endedTime: ctx.clock.now(),
      statistics,
      pages,
    });
    scheduledHasEnded(query, ctx);
  } catch (error) {
    // Its KMS key does not allow it any more.
    if (!(error instanceof AwsError)) throw error;
    queries.put(tx, [account, region, queryId], { ...query, status: "Failed", endedTime: ctx.clock.now() });
    scheduledHasEnded(query, ctx);
  }
}

type Answer = [field: string, value: string][][];

async function run(query: QueryRow, ctx: Context): Promise<{ statistics: QueryStatistics; answer: Answer }> {
  const commands = commandsOf(query.queryString, query.groups.length);
  const pipeline = await compilePipeline(commands, factsOf(query), query.limit);
  let recordsScanned = 0;
  let bytesScanned = 0;
  let logGroupsScanned = 0;
  for (const { name, groupId } of query.groups) {
    const group = await groups.get(ctx.tx, ctx.account, ctx.region, name);
    if (group?.groupId !== groupId) continue;
    logGroupsScanned += 1;
    bytesScanned += await scanGroup(group, query, pipeline, ctx, () => {
      recordsScanned += 1;
    });
  }
  const answer = pipeline.finish();
  const statistics = {
    recordsMatched: pipeline.matched,
    recordsScanned,
    bytesScanned,
    logGroupsScanned,
    resultCount: answer.length,
  };
  return { statistics, answer };
}

async function scanGroup(
  group: GroupRow,
  { startTime, endTime }: QueryRow,
  pipeline: Pipeline,
  ctx: Context,
  scanned: () => void,
): Promise<number> {
  const reader = await readerOf(group, {}, ctx);
  const transform = await transformOf(group, ctx.tx);
  let characters = 0;
  const scan = {
    from: Math.max(startTime, expiredBefore(group, ctx)),
    to: endTime,
    reverse: true,
    source: { ...ownerOf(group), groupId: group.groupId, groupName: group.name, wanted: () => true },
    open: (value: Uint8Array, at: string) => reader.open(value, at),
    opened: ({ text }: { text: string }) => {
      characters += text.length;
    },
  };
  for await (const { lines } of scanLines(scan, ctx)) {
    for (const line of lines) {
      scanned();
      pipeline.push(rowOf(line, group, transform));
    }
  }
  return characters;
}

/** A line as a query sees it. */
export function rowOf(
  { chunk, line, stream }: FoundLine,
  group: GroupRow,
  transform: TransformLine | undefined,
): Row {
  return new Row({
    transformed:
      transform &&
      ((message) => transform({ message, ingestedMs: chunk.ingestion(line), stream: stream.name })),
    chunk,
    line,
    streamName: stream.name,
    log: `${ownerOf(group).account}:${group.name}`,
    pointer: () =>
      formatPointer({
        groupName: group.name,
        groupId: group.groupId,
        streamName: stream.name,
        streamId: stream.streamId,
        key: chunk.key(line),
      }),
  });
}

/** Writes an answer in rows of bounded size; how many. */
function keep({ queryId }: QueryRow, answer: Answer, ctx: Context): number {
  const { tx, account, region } = ctx;
  let pages = 0;
  let rows: Answer = [];
  let characters = 0;
  const flush = () => {
    queryResults.put(tx, [account, region, queryId, String(pages).padStart(6, "0")], { rows });
    pages += 1;
    rows = [];
    characters = 0;
  };
  for (const row of answer) {
    rows.push(row);
    for (const [field, value] of row) characters += field.length + value.length;
    if (characters > maxResultRowCharacters) flush();
  }
  if (rows.length > 0) flush();
  return pages;
}
