import type { DateTimeConverter } from "@aws-sdk/client-cloudwatch-logs";
import { formatDate, parseDate } from "../datePatterns.ts";
import { get, type JsonObject, set } from "./event.ts";

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation-Datatype.html */

const defaultFormat = "yyyy-MM-dd'T'HH:mm:ss.SSS'Z'";
/** Seconds reach this number in the year 5138. */
const firstMilliseconds = 10 ** 11;

export function dateConverter(options: DateTimeConverter): (event: JsonObject) => void {
  const { source = "", target = "", matchPatterns = [], targetFormat = defaultFormat } = options;
  const { sourceTimezone = "UTC", targetTimezone = "UTC" } = options;
  return (event) => {
    const value = get(event, source);
    if (typeof value !== "string" && typeof value !== "number") return;
    for (const pattern of matchPatterns) {
      const ms = pattern === "epoch" ? fromEpoch(value) : parseDate(String(value), pattern, sourceTimezone);
      if (ms === undefined) continue;
      const text = formatDate(ms, targetFormat, targetTimezone);
      if (text !== undefined) set(event, target, text);
      return;
    }
  };
}

function fromEpoch(value: string | number): number | undefined {
  const number = value === "" ? Number.NaN : Number(value);
  if (!Number.isFinite(number)) return undefined;
  return Math.abs(number) < firstMilliseconds ? number * 1000 : number;
}
