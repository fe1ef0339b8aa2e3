import type { Context } from "../../../kit/context.ts";
import { customIdentifier, identifierPrefix, isManagedIdentifier } from "../../../kit/dataIdentifiers.ts";
import { parseArn } from "../../../kit/targets.ts";
import { groupArn } from "../access.ts";

/**
 * The document of a data protection policy.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/cloudwatch-logs-data-protection-policies.html
 */

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDataProtectionPolicy.html */
const maxDocumentCharacters = 30_720;
/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-custom-data-identifiers.html */
const maxCustomIdentifiers = 10;
const customName = /^[A-Za-z0-9_-]{1,128}$/;
const maxExpressionCharacters = 200;

export interface CustomExpression {
  name: string;
  regex: string;
}

/** What a document says. */
export interface Protection {
  /** ARNs of managed identifiers. */
  managed: string[];
  custom: CustomExpression[];
  /** ARNs of where findings go. */
  destinations: string[];
}

interface Statement {
  DataIdentifier?: unknown;
  Operation?: { Audit?: { FindingsDestination?: Findings }; Deidentify?: { MaskConfig?: object } };
}

interface Findings {
  CloudWatchLogs?: { LogGroup?: string };
  Firehose?: { DeliveryStream?: string };
  S3?: { Bucket?: string };
}

interface Document {
  Name?: unknown;
  Version?: unknown;
  Statement?: Statement[];
  Configuration?: { CustomDataIdentifier?: { Name?: unknown; Regex?: unknown }[] };
}

type Errors = "InvalidParameterException";

/** Throws where a document is none, or says what CloudWatch Logs does not do. */
export async function readDocument(text: string, ctx: Context<Errors>): Promise<Protection> {
  const invalid = (reason: string) =>
    ctx.error("InvalidParameterException", `Invalid data protection policy: ${reason}`);
  if (text.length > maxDocumentCharacters) {
    throw invalid(`it is longer than ${maxDocumentCharacters} characters.`);
  }
  const document = parsed(text);
  if (document === undefined) throw invalid("it is no JSON object.");
  if (typeof document.Name !== "string" || document.Version !== "2021-06-01") {
    throw invalid("it needs a Name and the Version 2021-06-01.");
  }
  const statements = Array.isArray(document.Statement) ? document.Statement : [];
  const [audit, mask, ...more] = statements;
  const findings = audit?.Operation?.Audit?.FindingsDestination;
  if (
    audit === undefined ||
    findings === undefined ||
    mask?.Operation?.Deidentify?.MaskConfig === undefined ||
    more.length > 0
  ) {
    throw invalid("it needs a statement with an Audit operation, and one with a Deidentify operation.");
  }
  const named = identifiersOf(audit);
  if (named.length === 0 || named.join("\n") !== identifiersOf(mask).join("\n")) {
    throw invalid("the DataIdentifier lists of both statements must be the same.");
  }
  const custom = await customIn(document, invalid);
  const known = new Set(custom.map(({ name }) => name));
  const unknown = named.find((one) => !known.has(one) && !isManagedIdentifier(one));
  if (unknown !== undefined) throw invalid(`the data identifier ${unknown} is not supported.`);
  return {
    managed: named.filter((one) => one.startsWith(identifierPrefix)),
    custom: custom.filter(({ name }) => named.includes(name)),
    destinations: destinationsIn(findings, ctx),
  };
}

function parsed(text: string): Document | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function identifiersOf({ DataIdentifier }: Statement): string[] {
  if (!Array.isArray(DataIdentifier)) return [];
  return DataIdentifier.filter((one) => typeof one === "string").sort();
}

async function customIn(
  { Configuration }: Document,
  invalid: (reason: string) => Error,
): Promise<CustomExpression[]> {
  const listed = Configuration?.CustomDataIdentifier ?? [];
  if (!Array.isArray(listed) || listed.length > maxCustomIdentifiers) {
    throw invalid(`it may hold at most ${maxCustomIdentifiers} custom data identifiers.`);
  }
  const custom: CustomExpression[] = [];
  for (const { Name, Regex } of listed) {
    if (typeof Name !== "string" || !customName.test(Name)) throw invalid("a custom data identifier's name.");
    const isExpression =
      typeof Regex === "string" &&
      Regex.length <= maxExpressionCharacters &&
      (await customIdentifier(Name, Regex)) !== undefined;
    if (!isExpression) throw invalid(`the expression of the custom data identifier ${Name}.`);
    custom.push({ name: Name, regex: Regex as string });
  }
  return custom;
}

function destinationsIn({ CloudWatchLogs, Firehose, S3 }: Findings, ctx: Context): string[] {
  const { account, region } = ctx;
  const stream = Firehose?.DeliveryStream;
  return [
    CloudWatchLogs?.LogGroup && groupArn(ctx, CloudWatchLogs.LogGroup),
    stream && (parseArn(stream) ? stream : `arn:aws:firehose:${region}:${account}:deliverystream/${stream}`),
    S3?.Bucket && `arn:aws:s3:::${S3.Bucket}`,
  ].filter((arn) => typeof arn === "string" && arn !== "") as string[];
}
