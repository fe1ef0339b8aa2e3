import type { Command } from "commander";
import type { Reason, Refusal, TrailEvent } from "../kit/record.ts";
import { callCloudkeep } from "./client.ts";
import { dataDirectory } from "./home.ts";
import { printable } from "./text.ts";

export function addExplain(program: Command): void {
  program
    .command("explain <request-id>")
    .description("tell why a request was allowed or denied, and what would have allowed it")
    .option("--data <directory>", "data directory")
    .action(async (requestId: string, { data }: { data?: string }) => {
      const answer = await callCloudkeep<Answer>(dataDirectory(data), "ExplainRequest", {
        RequestId: requestId,
      });
      const { EventJson, DecisionsJson, RefusalJson } = answer;
      const lines =
        EventJson === undefined
          ? refusalLines(JSON.parse(RefusalJson ?? "{}"))
          : explanation(JSON.parse(EventJson), JSON.parse(DecisionsJson ?? "[]"));
      for (const line of lines) process.stdout.write(`${printable(line)}\n`);
    });
}

interface Answer {
  EventJson?: string;
  DecisionsJson?: string;
  RefusalJson?: string;
}

/** The lines for a call that never reached a policy. */
export function refusalLines({ atMs, service, code, message, detail }: Refusal): string[] {
  return [
    `A request${service === undefined ? "" : ` to ${service}`} at ${new Date(atMs).toISOString()}`,
    "was refused at the gate, before any policy was asked, so it is in no event history.",
    `${code}: ${message}`,
    ...(detail === undefined ? [] : [`The check that failed: ${detail}`]),
  ];
}

/** The lines that `explain` prints. */
export function explanation(event: TrailEvent, reasons: Reason[]): string[] {
  const lines = [
    `${event.eventName} (${event.eventSource}) at ${event.eventTime} in ${event.awsRegion}`,
    `by ${String(event.userIdentity.arn ?? event.userIdentity.invokedBy ?? event.userIdentity.type)}`,
  ];
  if (event.errorCode) lines.push(`failed with ${event.errorCode}: ${event.errorMessage}`);
  if (reasons.length === 0)
    lines.push(
      "",
      "No policy was asked: AWS requires no permission for this operation, or it failed before.",
    );
  for (const reason of reasons) lines.push("", ...reasonLines(reason));
  return lines;
}

function reasonLines({ action, resource, allowed, decidedBy, lines, remedy }: Reason): string[] {
  const out = [`${action} on ${resource}: ${allowed ? "allowed" : "DENIED"}`];
  if (allowed && decidedBy) out.push(`  by ${JSON.stringify(decidedBy)}`);
  for (const line of lines ?? []) out.push(`  ${line}`);
  if (remedy !== undefined) {
    out.push("  What would have allowed it:");
    const text = typeof remedy === "string" ? remedy : JSON.stringify(remedy, null, 2);
    out.push(...text.split("\n").map((line) => `    ${line}`));
  }
  return out;
}
