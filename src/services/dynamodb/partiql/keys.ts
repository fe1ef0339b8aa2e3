import type { Condition, Operand } from "../expressions/nodes.ts";
import { type KeyRange, rangeOf } from "../keyConditions.ts";
import { checkedKey } from "../keys.ts";
import type { KeyAttribute, KeySchema, TableRow } from "../tables.ts";
import { type Item, typeOf, type Value } from "../values.ts";
import { validation } from "../words.ts";

/** What the WHERE of a statement says of the key. */

/** Conditions all of which must hold. */
function partsOf(where: Condition | undefined): readonly Condition[] {
  if (where === undefined) return [];
  return where.kind === "and" ? where.parts.flatMap(partsOf) : [where];
}

function isOn(operand: Operand, name: string): boolean {
  return operand.kind === "path" && operand.path.length === 1 && operand.path[0] === name;
}

/** The values that an attribute must be one of. */
function equalTo(parts: readonly Condition[], { name, type }: KeyAttribute): Value[] | undefined {
  const fits = (value: Value) => typeOf(value) === type;
  for (const part of parts) {
    if (part.kind === "compare" && part.operator === "=") {
      for (const [path, other] of [
        [part.left, part.right],
        [part.right, part.left],
      ] as const) {
        if (isOn(path, name) && other.kind === "value" && fits(other.value)) return [other.value];
      }
    }
    if (part.kind === "in" && isOn(part.operand, name)) {
      const values = part.list.flatMap((one) => (one.kind === "value" ? [one.value] : []));
      if (values.length === part.list.length && values.every(fits)) return values;
    }
  }
  return undefined;
}

/** Partitions of which a statement reads, with what it asks of the sort key; undefined where it reads them all. */
export function rangesOf(where: Condition | undefined, schema: KeySchema): KeyRange[] | undefined {
  const parts = partsOf(where);
  const [hash, ...more] = schema.hash.map((attribute) => equalTo(parts, attribute));
  if (hash === undefined || more.some((values) => values?.length !== 1)) return undefined;
  const rest = more.map((values, i) => equality(schema.hash[i + 1]?.name ?? "", values?.[0] as Value));
  const sort: Condition[] = [];
  for (const { name, type } of schema.range) {
    const found = parts.find(
      (part) =>
        (part.kind === "compare" &&
          part.operator !== "<>" &&
          isOn(part.left, name) &&
          isValue(part.right, type)) ||
        (part.kind === "between" &&
          isOn(part.operand, name) &&
          isValue(part.low, type) &&
          isValue(part.high, type)) ||
        (part.kind === "begins_with" && isOn(part.operand, name) && isValue(part.start, type)),
    );
    if (found === undefined) break;
    sort.push(found);
    if (found.kind !== "compare" || found.operator !== "=") break;
  }
  const first = schema.hash[0]?.name ?? "";
  return hash.map((value) =>
    rangeOf({ kind: "and", parts: [equality(first, value), ...rest, ...sort] }, schema),
  );
}

function isValue(operand: Operand, type: string): boolean {
  return operand.kind === "value" && typeOf(operand.value) === type;
}

function equality(name: string, value: Value): Condition {
  return {
    kind: "compare",
    operator: "=",
    left: { kind: "path", path: [name] },
    right: { kind: "value", value },
  };
}

/** The one item that a write is about. */
export function keyIn(where: Condition | undefined, { key }: TableRow): Item {
  const parts = partsOf(where);
  const found: Item = {};
  for (const attribute of [...key.hash, ...key.range]) {
    const values = equalTo(parts, attribute);
    if (values?.length !== 1)
      throw validation("Where clause does not contain a mandatory equality on all key attributes");
    found[attribute.name] = values[0] as Value;
  }
  return checkedKey(key, found);
}
