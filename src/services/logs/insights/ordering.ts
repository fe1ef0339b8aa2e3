import { compileExpression, type Evaluate, type QueryFacts } from "./compile.ts";
import type { Row } from "./record.ts";
import { type Before, maxGroups, maxLimit } from "./stage.ts";
import type { Expression } from "./syntax.ts";
import { sortOrder, textOf, type Value } from "./values.ts";

/** sort and dedup. */

/** `keep`: no more than this many rows are wanted behind. */
export async function sorting(
  keys: readonly { expression: Expression; descending: boolean }[],
  keep: number | undefined,
  facts: QueryFacts,
): Promise<Before> {
  const compiled: { of: Evaluate; sign: number }[] = [];
  for (const { expression, descending } of keys) {
    compiled.push({ of: await compileExpression(expression, facts), sign: descending ? -1 : 1 });
  }
  const compareRows = (a: { keys: Value[] }, b: { keys: Value[] }) => {
    for (const [i, { sign }] of compiled.entries()) {
      const order = sign * sortOrder(a.keys[i], b.keys[i]);
      if (order !== 0) return order;
    }
    return 0;
  };
  const wanted = Math.min(keep ?? maxLimit, maxLimit);
  return (next) => {
    let held: { row: Row; keys: Value[] }[] = [];
    const prune = () => {
      held.sort(compareRows);
      held = held.slice(0, wanted);
    };
    return {
      push: (row) => {
        held.push({ row, keys: compiled.map(({ of }) => of(row)) });
        // Sorted now and then, so that not all rows are held.
        if (held.length >= 2 * wanted + 1_000) prune();
      },
      end: () => {
        prune();
        for (const { row } of held) next.push(row);
        next.end();
      },
    };
  };
}

export async function withoutDuplicates(keys: readonly Expression[], facts: QueryFacts): Promise<Before> {
  const compiled: Evaluate[] = [];
  for (const key of keys) compiled.push(await compileExpression(key, facts));
  return (next) => {
    const seen = new Set<string>();
    return {
      push: (row) => {
        const values = compiled.map((of) => textOf(of(row)));
        // What is missing is no duplicate: AWS keeps such rows.
        if (!values.includes(undefined)) {
          const id = JSON.stringify(values);
          if (seen.has(id)) return;
          if (seen.size < maxGroups) seen.add(id);
        }
        next.push(row);
      },
      end: () => next.end(),
    };
  };
}
