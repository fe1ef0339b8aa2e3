import type { Context } from "../../kit/context.ts";
import { eventTime } from "../../kit/record.ts";
import type { Envelope } from "./transform.ts";

/** Entries of PutEvents and PutPartnerEvents. */

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-putevents.html#eb-putevent-size */
const maxRequestBytes = 256 * 1024;
const timeBytes = 14;

export interface Entry {
  Time?: Date | undefined;
  Source?: string | undefined;
  DetailType?: string | undefined;
  Detail?: string | undefined;
  Resources?: readonly string[] | undefined;
}

export interface Failure {
  ErrorCode: string;
  ErrorMessage: string;
}

export function failure(ErrorCode: string, ErrorMessage: string): Failure {
  return { ErrorCode, ErrorMessage };
}

export function checkSize(entries: readonly Entry[], ctx: Context<never>): void {
  const bytes = entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
  if (bytes > maxRequestBytes) {
    throw ctx.error("ValidationException", "Total size of the entries in the request is over the limit.");
  }
}

function sizeOf({ Time, Source = "", DetailType = "", Detail = "", Resources = [] }: Entry): number {
  const texts = [Source, DetailType, Detail, ...Resources];
  return texts.reduce((sum, text) => sum + Buffer.byteLength(text), Time ? timeBytes : 0);
}

/** The event that an entry says, or what is wrong with it. */
export function envelopeOf(
  entry: Entry,
  { id, account, region }: { id: string; account: string; region: string },
  ctx: Pick<Context, "clock">,
): Envelope | Failure {
  for (const name of ["Source", "DetailType", "Detail"] as const) {
    if (!entry[name]) {
      return failure(
        "InvalidArgument",
        `Parameter ${name} is not valid. Reason: ${name} is a required argument.`,
      );
    }
  }
  const { Source = "", DetailType = "", Detail = "", Resources = [], Time } = entry;
  const detail = parsedDetail(Detail);
  if (detail === undefined) return failure("MalformedDetail", "Detail is malformed.");
  return {
    version: "0",
    id,
    "detail-type": DetailType,
    source: Source,
    account,
    time: eventTime((Time ?? new Date(ctx.clock.now())).getTime()),
    region,
    resources: [...Resources],
    detail,
  };
}

function parsedDetail(text: string): Record<string, unknown> | undefined {
  try {
    const detail: unknown = JSON.parse(text);
    const isObject = typeof detail === "object" && detail !== null && !Array.isArray(detail);
    return isObject ? (detail as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
