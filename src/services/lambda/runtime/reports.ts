import type { InvokeRequest, Runnable } from "./types.ts";

/**
 * The lines that Lambda itself writes into a function's log, as text or as JSON.
 * https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-logformat.html
 */

export type PlatformLog = string;

/** Runtimes run on what the machine has; of which release that is, its ARN says nothing. */
export function runtimeVersionArn({ region, runtime }: Pick<Runnable, "region" | "runtime">): string {
  const digest = Buffer.from(runtime).toString("hex").padEnd(64, "0").slice(0, 64);
  return `arn:aws:lambda:${region}::runtime:${digest}`;
}

export interface ReportFacts {
  durationMs: number;
  peakMb: number;
  /** Only of the first invocation. */
  initMs: number | undefined;
  status: "error" | "timeout" | undefined;
}

function json(type: string, record: Record<string, unknown>): PlatformLog {
  return `${JSON.stringify({ time: new Date().toISOString(), type, record })}\n`;
}

/** Whether lines of a level are wanted; those of the platform are of level INFO. */
function wantsInfo({ logFormat, systemLogLevel }: Runnable): boolean {
  return logFormat === "Text" || systemLogLevel !== "WARN";
}

export function initLine(runnable: Runnable): PlatformLog | undefined {
  if (!wantsInfo(runnable)) return undefined;
  const [, name = "", version = ""] = /^([a-z]+)([\d.a-z]*)$/.exec(runnable.runtime) ?? [];
  const runtimeVersion = `${name}:${version.replace(/^\./, "").replace(/\.x$/, "")}.v1`;
  const arn = runtimeVersionArn(runnable);
  if (runnable.logFormat === "JSON") {
    return json("platform.initStart", {
      initializationType: "on-demand",
      phase: "init",
      runtimeVersion,
      runtimeVersionArn: arn,
      functionName: runnable.functionName,
      functionVersion: runnable.version,
    });
  }
  return `INIT_START Runtime Version: ${runtimeVersion}\tRuntime Version ARN: ${arn}\n`;
}

export function startLine(runnable: Runnable, { id }: InvokeRequest): PlatformLog | undefined {
  if (!wantsInfo(runnable)) return undefined;
  if (runnable.logFormat === "JSON")
    return json("platform.start", {
      requestId: id,
      functionArn: runnable.functionArn,
      version: runnable.version,
    });
  return `START RequestId: ${id} Version: ${runnable.version}\n`;
}

export function endLine({ id }: InvokeRequest, runnable?: Runnable): PlatformLog | undefined {
  return runnable?.logFormat === "JSON" ? undefined : `END RequestId: ${id}\n`;
}

export function timeoutLine({ timeoutSeconds }: Runnable, { id }: InvokeRequest): PlatformLog {
  return `${new Date().toISOString()} ${id} Task timed out after ${timeoutSeconds.toFixed(2)} seconds\n\n`;
}

export function reportLine(
  runnable: Runnable,
  { id }: InvokeRequest,
  { durationMs, peakMb, initMs, status }: ReportFacts,
): PlatformLog | undefined {
  if (!wantsInfo(runnable)) return undefined;
  const billedMs = Math.ceil(durationMs);
  const usedMb = Math.min(peakMb, runnable.memoryMb);
  if (runnable.logFormat === "JSON") {
    return json("platform.report", {
      requestId: id,
      metrics: {
        durationMs: rounded(durationMs),
        billedDurationMs: billedMs,
        memorySizeMB: runnable.memoryMb,
        maxMemoryUsedMB: usedMb,
        ...(initMs !== undefined && { initDurationMs: rounded(initMs) }),
      },
      status: status === "error" ? "error" : (status ?? "success"),
    });
  }
  const parts = [
    `REPORT RequestId: ${id}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs} ms`,
    `Memory Size: ${runnable.memoryMb} MB`,
    `Max Memory Used: ${usedMb} MB`,
  ];
  if (initMs !== undefined) parts.push(`Init Duration: ${initMs.toFixed(2)} ms`);
  if (status === "timeout") parts.push("Status: timeout");
  return `${parts.join("\t")}\t\n`;
}

function rounded(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
