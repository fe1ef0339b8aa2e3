import type { Context } from "../../../kit/context.ts";
import { type Finding, identifierPrefix } from "../../../kit/dataIdentifiers.ts";
import { eventTime } from "../../../kit/record.ts";
import { maxHops } from "../../../kit/targets.ts";
import type { GroupRow } from "../tables.ts";
import { leaveVended } from "../vended.ts";
import { maskerOf, protectionOf } from "./masker.ts";

/**
 * A batch on its way in: what is found in it is reported, and what looks on (filters, live tails) sees it masked.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/mask-sensitive-log-data-audit-findings.html
 */

interface Event {
  timestamp: number;
  message: string;
}

/** The batch as others than its readers see it. */
export async function protectedEvents(
  group: GroupRow,
  events: readonly Event[],
  ctx: Context,
): Promise<readonly Event[]> {
  const rows = await protectionOf(group, ctx.tx);
  const masker = await maskerOf(rows.filter(({ document }) => document !== undefined));
  if (masker === undefined) return events;
  const nowMs = ctx.clock.now();
  const reports: string[] = [];
  const seen = events.map((event) => {
    const findings = masker.findings(event.message, nowMs);
    if (findings.length === 0) return event;
    reports.push(reportOf(group, findings, nowMs));
    return { ...event, message: masker.masked(event.message, nowMs) };
  });
  if (reports.length > 0) tell(group, reports, new Set(rows.flatMap((row) => row.destinations)), ctx);
  return seen;
}

function reportOf({ arn }: GroupRow, findings: readonly Finding[], nowMs: number): string {
  const byName = new Map<string, Finding[]>();
  for (const one of findings) byName.set(one.identifier, [...(byName.get(one.identifier) ?? []), one]);
  return JSON.stringify({
    auditTimestamp: eventTime(nowMs),
    resourceArn: `${arn}:*`,
    dataIdentifiers: [...byName].map(([identifier, of]) => ({
      name: identifier.replace(identifierPrefix, ""),
      count: of.length,
      detections: of.map(({ start, end }) => ({ start, end })),
    })),
  });
}

function tell(group: GroupRow, reports: string[], destinations: ReadonlySet<string>, ctx: Context): void {
  const dimensions = { LogGroupName: group.name };
  const name = "LogEventsWithFindings";
  ctx.metric({ namespace: "AWS/Logs", name, dimensions, value: reports.length });
  // Findings that lead to findings would never end.
  if (ctx.hops >= maxHops) return;
  for (const arn of destinations) {
    leaveVended(
      { arn, records: reports, sourceArn: group.arn, stream: "data-protection", folder: "DataProtection" },
      ctx,
    );
  }
}
