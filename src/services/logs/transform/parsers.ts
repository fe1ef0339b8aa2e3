import type { Processor } from "@aws-sdk/client-cloudwatch-logs";
import { get, type Json, type JsonObject, place, put, TransformFailure, textAt } from "./event.ts";
import { compileGrok } from "./grok.ts";

/**
 * Processors that make fields of a text.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Configurable.html
 */

export type Step = (event: JsonObject) => void;

const message = "@message";

export const parsers: {
  [Name in keyof Processor]?: (options: NonNullable<Processor[Name]>) => Step | Promise<Step | undefined>;
} = {
  parseJSON:
    ({ source = message, destination }) =>
    (event) => {
      place(event, objectIn(textAt(event, source)), destination);
    },

  parseKeyValue: (options) => (event) => {
    const { source = message, destination, keyPrefix = "", overwriteIfExists = false } = options;
    const found: JsonObject = {};
    for (const pair of textAt(event, source).split(options.fieldDelimiter ?? "&")) {
      const at = pair.indexOf(options.keyValueDelimiter ?? "=");
      const length = (options.keyValueDelimiter ?? "=").length;
      const key = (at < 0 ? pair : pair.slice(0, at)).trim();
      if (key === "") continue;
      put(found, keyPrefix + key, at < 0 ? (options.nonMatchValue ?? null) : pair.slice(at + length).trim());
    }
    if (destination !== undefined) return place(event, found, destination);
    for (const [key, value] of Object.entries(found)) {
      if (overwriteIfExists || !Object.hasOwn(event, key)) put(event, key, value);
    }
  },

  csv: (options) => (event) => {
    const { source = message, columns = [], quoteCharacter = '"', delimiter = "," } = options;
    const values = cellsOf(textAt(event, source), delimiter === "\\t" ? "\t" : delimiter, quoteCharacter);
    const found: JsonObject = {};
    for (const [i, value] of values.entries()) put(found, columns[i] ?? `column_${i + 1}`, value);
    place(event, found, options.destination);
  },

  async grok({ source = message, match }) {
    const grok = await compileGrok(match as string);
    return (
      grok &&
      ((event) => {
        const found = grok(textAt(event, source));
        if (found === undefined) throw new TransformFailure("The text does not match the grok pattern.");
        place(event, found, undefined);
      })
    );
  },

  parseVPC: ({ source = message }) => columnsParser(source, " ", vpcColumns),
  parseRoute53: ({ source = message }) => columnsParser(source, " ", route53Columns),
  parseCloudfront: ({ source = message }) => columnsParser(source, "\t", cloudfrontColumns),

  parsePostgres:
    ({ source = message }) =>
    (event) => {
      const found = postgres.exec(textAt(event, source))?.groups;
      if (found === undefined) throw new TransformFailure("The text is no line of PostgreSQL's log.");
      place(event, { ...found }, undefined);
    },
};

/** Those of AWS's own logs: such a processor comes first, and alone among the parsers. */
export const vendedParsers = new Set(["parseVPC", "parseRoute53", "parseCloudfront", "parsePostgres"]);

function objectIn(text: string): JsonObject {
  let value: Json;
  try {
    value = JSON.parse(text) as Json;
  } catch {
    throw new TransformFailure("The text is no JSON.");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new TransformFailure("The text is no JSON object.");
  }
  return value;
}

/** Cells between delimiters; within quotes a delimiter is none, and two quotes are one. */
function cellsOf(text: string, delimiter: string, quote: string): string[] {
  const cells: string[] = [];
  let cell = "";
  let quoted = false;
  for (let i = 0; i < text.length; i += 1) {
    if (quoted && text[i] === quote && text[i + 1] === quote) {
      cell += quote;
      i += 1;
    } else if (text[i] === quote) quoted = !quoted;
    else if (!quoted && text.startsWith(delimiter, i)) {
      cells.push(cell.trim());
      cell = "";
      i += delimiter.length - 1;
    } else cell += text[i];
  }
  return [...cells, cell.trim()];
}

type Column = [name: string, isNumber?: true];

function columnsParser(source: string, delimiter: string, columns: readonly Column[]): Step {
  return (event) => {
    const text = get(event, source);
    const values = typeof text === "string" ? text.trim().split(delimiter) : [];
    if (values.length !== columns.length) throw new TransformFailure("The text has other columns.");
    const found: JsonObject = {};
    for (const [i, [name, isNumber]] of columns.entries()) {
      const value = values[i] as string;
      const number = isNumber && value !== "-" ? Number(value) : Number.NaN;
      put(found, name, Number.isNaN(number) ? value : number);
    }
    place(event, found, undefined);
  };
}

/** https://docs.aws.amazon.com/vpc/latest/userguide/flow-log-records.html: version 2. */
const vpcColumns: readonly Column[] = [
  ["version", true],
  ["accountId"],
  ["interfaceId"],
  ["srcAddr"],
  ["dstAddr"],
  ["srcPort", true],
  ["dstPort", true],
  ["protocol", true],
  ["packets", true],
  ["bytes", true],
  ["start", true],
  ["end", true],
  ["action"],
  ["logStatus"],
];

/** https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/query-logs.html */
const route53Columns: readonly Column[] = [
  ["version", true],
  ["queryTimestamp"],
  ["hostZoneId"],
  ["queryName"],
  ["queryType"],
  ["responseCode"],
  ["protocol"],
  ["edgeLocation"],
  ["resolverIp"],
  ["ednsClientSubnet"],
];

const cloudfrontNames =
  "date time x-edge-location sc-bytes# c-ip cs-method cs(Host) cs-uri-stem sc-status# cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes# time-taken# x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port# time-to-first-byte# x-edge-detailed-result-type sc-content-type sc-content-len# sc-range-start sc-range-end";
const cloudfrontColumns: readonly Column[] = cloudfrontNames
  .split(" ")
  .map((name) => (name.endsWith("#") ? [name.slice(0, -1), true] : [name]));

/** "2019-03-10 03:54:59 UTC:10.0.0.123(52834):postgres@logtestdb:[20175]:ERROR: …", as RDS writes it. */
const postgres =
  /^(?<logTime>\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \w+):(?<srcIp>[^:]*):(?<userName>[^@:]*)@(?<dbName>[^:]*):\[(?<processId>\d+)\]:(?<logLevel>[A-Z0-9]+):/;
