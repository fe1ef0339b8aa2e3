import type { Processor } from "@aws-sdk/client-cloudwatch-logs";
import { compileRegex, type Regex } from "../patterns/regex.ts";
import { dateConverter } from "./dates.ts";
import { get, type Json, type JsonObject, put, remove, set } from "./event.ts";
import type { Step } from "./parsers.ts";

/**
 * Processors that change fields: of JSON, of texts, of types.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-JSONMutate.html
 */

type Mutators = {
  [Name in keyof Processor]?: (options: NonNullable<Processor[Name]>) => Step | Promise<Step | undefined>;
};

export const mutators: Mutators = {
  addKeys:
    ({ entries = [] }) =>
    (event) => {
      for (const { key = "", value = "", overwriteIfExists = false } of entries)
        set(event, key, value, overwriteIfExists);
    },

  deleteKeys:
    ({ withKeys = [] }) =>
    (event) => {
      for (const key of withKeys) remove(event, key);
    },

  moveKeys:
    ({ entries = [] }) =>
    (event) => {
      for (const { source = "", target = "", overwriteIfExists = false } of entries) {
        if (get(event, source) === undefined) continue;
        // "a.b" moves into the object at the target, under its own name.
        const name = source.slice(source.lastIndexOf(".") + 1);
        const value = remove(event, source) as Json;
        set(event, `${target}.${name}`, value, overwriteIfExists);
      }
    },

  renameKeys:
    ({ entries = [] }) =>
    (event) => {
      for (const { key = "", renameTo = "", overwriteIfExists = false } of entries) {
        const parent = key.slice(0, key.lastIndexOf(".") + 1);
        const target = parent + renameTo;
        if (get(event, key) === undefined || (get(event, target) !== undefined && !overwriteIfExists))
          continue;
        set(event, target, remove(event, key) as Json);
      }
    },

  copyValue:
    ({ entries = [] }) =>
    (event) => {
      for (const { source = "", target = "", overwriteIfExists = false } of entries) {
        const value = get(event, source);
        if (value !== undefined) set(event, target, structuredClone(value), overwriteIfExists);
      }
    },

  listToMap: (options) => (event) => {
    const { source = "", key = "", valueKey, target, flatten = false, flattenedElement } = options;
    const list = get(event, source);
    if (!Array.isArray(list)) return;
    const map: JsonObject = {};
    for (const item of list) {
      const name = get(item, key);
      if (typeof name !== "string") continue;
      const value = valueKey === undefined ? item : (get(item, valueKey) ?? null);
      const held = Object.hasOwn(map, name) ? map[name] : undefined;
      if (!flatten) put(map, name, [...(Array.isArray(held) ? held : []), value]);
      else if (held === undefined || flattenedElement === "last") put(map, name, value);
    }
    if (target !== undefined) set(event, target, map);
    else for (const [name, value] of Object.entries(map)) put(event, name, value);
  },

  lowerCaseString: ({ withKeys = [] }) => onTexts(withKeys, (text) => text.toLowerCase()),
  upperCaseString: ({ withKeys = [] }) => onTexts(withKeys, (text) => text.toUpperCase()),
  trimString: ({ withKeys = [] }) => onTexts(withKeys, (text) => text.trim()),

  splitString:
    ({ entries = [] }) =>
    (event) => {
      for (const { source = "", delimiter = "" } of entries)
        onTexts([source], (text) => text.split(delimiter))(event);
    },

  async substituteString({ entries = [] }) {
    const compiled: { source: string; regex: Regex; to: string }[] = [];
    for (const { source = "", from = "", to = "" } of entries) {
      const regex = await compileRegex(from).catch(() => undefined);
      if (regex === undefined) return undefined;
      // Java's "$1" ends where Rust's would go on: "$1_" is group 1 there, and group "1_" here.
      compiled.push({ source, regex, to: to.replace(/\$(\d+)/g, "${$1}") });
    }
    return (event) => {
      for (const { source, regex, to } of compiled)
        onTexts([source], (text) => regex.replaceAll(text, to))(event);
    };
  },

  typeConverter:
    ({ entries = [] }) =>
    (event) => {
      for (const { key = "", type = "string" } of entries) {
        const value = get(event, key);
        const converted = value === undefined ? undefined : conversions[type]?.(value);
        if (converted !== undefined) set(event, key, converted);
      }
    },

  dateTimeConverter: (options) => dateConverter(options),
};

function onTexts(keys: readonly string[], change: (text: string) => Json): Step {
  return (event) => {
    for (const key of keys) {
      const value = get(event, key);
      if (typeof value === "string") set(event, key, change(value));
    }
  };
}

/** Undefined where a value cannot be of the type: then it stays. */
const conversions: Readonly<Record<string, (value: Json) => Json | undefined>> = {
  string: (value) => (typeof value === "object" ? JSON.stringify(value) : String(value)),
  boolean: (value) => {
    const text = String(value).toLowerCase();
    return text === "true" ? true : text === "false" ? false : undefined;
  },
  integer: (value) => numeric(value, Math.trunc),
  double: (value) => numeric(value, (number) => number),
};

function numeric(value: Json, change: (number: number) => number): number | undefined {
  const isText = typeof value === "string" && value.trim() !== "";
  const number =
    isText || typeof value === "number" || typeof value === "boolean" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? change(number) : undefined;
}
