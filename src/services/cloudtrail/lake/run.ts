import type { Context } from "../../../kit/context.ts";
import { dayMs, type LakeQueryRow, lakeAnswers, lakeQueries, logOf, stores } from "./rows.ts";
import { parseSelect } from "./sql/parser.ts";
import { type AnswerRow, type Plan, planOf } from "./sql/plan.ts";
import { SqlError } from "./sql/syntax.ts";
import type { Event } from "./sql/values.ts";

/** Running a query: in the background, over the store's own log, in order of time. */

const pageEvents = 1_000;
/** Events that one query goes through. */
const maxEvents = 10_000_000;
/** Size of the texts that one row of an answer holds. */
const maxPageCharacters = 500_000;
/** Rows of a page: the most that one call of GetQueryResults shows. */
const maxPageRows = 1_000;

/** Delivery: runs a query that is queued, and keeps its answer. */
export async function runLakeQuery({ queryId }: { queryId: string }, ctx: Context): Promise<void> {
  const key = [ctx.account, ctx.region, queryId] as const;
  const query = await lakeQueries.get(ctx.tx, ...key);
  if (query?.status !== "QUEUED") return;
  lakeQueries.put(ctx.tx, [...key], { ...query, ...(await outcomeOf(query, ctx)) });
}

async function outcomeOf(query: LakeQueryRow, ctx: Context): Promise<Partial<LakeQueryRow>> {
  const began = performance.now();
  try {
    const plan = planOf(parseSelect(query.statement, query.parameters));
    const { scanned, bytes, isWhole } = await scan(query, plan, ctx);
    const answer = plan.finish();
    const ms = Math.round(performance.now() - began);
    const statistics = { matched: plan.matched, scanned, bytes, ms, rows: answer.length };
    if (!isWhole) return { status: "TIMED_OUT", statistics: { ...statistics, rows: 0 } };
    return { status: "FINISHED", statistics, pages: keep(query, answer, ctx) };
  } catch (error) {
    if (!(error instanceof SqlError)) throw error;
    return { status: "FAILED", error: error.message };
  }
}

async function scan({ storeId }: LakeQueryRow, plan: Plan, ctx: Context) {
  const store = await stores.get(ctx.tx, ctx.account, ctx.region, storeId);
  let [scanned, bytes] = [0, 0];
  if (store === undefined) return { scanned, bytes, isWhole: true };
  const from = ctx.clock.now() - store.retentionDays * dayMs;
  let after: string | undefined;
  do {
    const options = { from, limit: pageEvents, ...(after !== undefined && { after }) };
    const page = await ctx.log(logOf(store)).read(options);
    for (const { text } of page.entries) {
      scanned += 1;
      bytes += text.length;
      plan.push(JSON.parse(text) as Event);
    }
    after = page.next;
  } while (after !== undefined && !plan.isFull && scanned < maxEvents);
  return { scanned, bytes, isWhole: after === undefined || plan.isFull };
}

/** Writes an answer in rows of bounded size; how many. */
function keep({ queryId }: LakeQueryRow, answer: readonly AnswerRow[], ctx: Context): number {
  let [pages, characters] = [0, 0];
  let rows: AnswerRow[] = [];
  const flush = () => {
    const page = String(pages).padStart(6, "0");
    lakeAnswers.put(ctx.tx, [ctx.account, ctx.region, queryId, page], { rows });
    pages += 1;
    rows = [];
    characters = 0;
  };
  for (const row of answer) {
    rows.push(row);
    for (const [name, value] of row) characters += name.length + value.length;
    if (characters > maxPageCharacters || rows.length === maxPageRows) flush();
  }
  if (rows.length > 0) flush();
  return pages;
}
