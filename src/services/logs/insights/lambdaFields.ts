/**
 * Fields that AWS discovers in the lines that Lambda itself writes.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL_AnalyzeLogData-discoverable-fields.html
 */

const kinds = /^(START|END|REPORT) RequestId: ([0-9a-f-]{36})/;
const reported: Readonly<Record<string, RegExp>> = {
  "@duration": /\tDuration: ([\d.]+) ms/,
  "@billedDuration": /\tBilled Duration: ([\d.]+) ms/,
  "@initDuration": /\tInit Duration: ([\d.]+) ms/,
  "@memorySize": /\tMemory Size: (\d+) MB/,
  "@maxMemoryUsed": /\tMax Memory Used: (\d+) MB/,
};
const bytesPerMegabyte = 1_000_000;

export const lambdaFields: readonly string[] = ["@type", "@requestId", ...Object.keys(reported)];

export function lambdaField(name: string, message: string): string | number | undefined {
  const first = message.charCodeAt(0);
  // S, E or R: most lines are none of Lambda's.
  if (first !== 0x53 && first !== 0x45 && first !== 0x52) return undefined;
  const found = kinds.exec(message);
  if (found === null) return undefined;
  if (name === "@type") return found[1];
  if (name === "@requestId") return found[2];
  const value = reported[name]?.exec(message)?.[1];
  if (value === undefined) return undefined;
  // Memory is given in bytes.
  return name.includes("emory") ? Number(value) * bytesPerMegabyte : Number(value);
}
