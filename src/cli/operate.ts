import type { Command } from "commander";
import { callCloudkeep } from "./client.ts";
import { dataDirectory } from "./home.ts";

/** status, clock and reset: one call each. */

interface Status {
  Version: string;
  Account: string;
  Region: string;
  Now: number;
  Services: string[];
  StoreJson: string;
  RuntimesJson: string;
}

const unitsMs: Record<string, number> = { s: 1, m: 60, h: 3600, d: 86_400, w: 604_800 };

/** Seconds in "30d", "12h", "90m", "45s", or several: "1d12h". */
export function secondsOf(text: string): number {
  if (!/^(?:\d+[smhdw])+$/.test(text))
    throw new Error(`'${text}' is no duration; write 45s, 90m, 12h, 30d or 1d12h.`);
  let seconds = 0;
  for (const [, amount, unit] of text.matchAll(/(\d+)([smhdw])/g))
    seconds += Number(amount) * (unitsMs[unit as string] ?? 0);
  return seconds;
}

export function addOperate(program: Command): void {
  program
    .command("status")
    .description("tell whether Cloudkeep runs, and on what")
    .option("--data <directory>", "data directory")
    .action(async ({ data }: { data?: string }) => {
      const status = await callCloudkeep<Status>(dataDirectory(data), "GetStatus");
      const lines = {
        version: status.Version,
        account: status.Account,
        region: status.Region,
        clock: new Date(status.Now * 1000).toISOString(),
        services: status.Services.join(" "),
        store: status.StoreJson,
        runtimes: status.RuntimesJson,
      };
      for (const [name, value] of Object.entries(lines)) process.stdout.write(`${name.padEnd(10)}${value}\n`);
    });

  const clock = program.command("clock").description("Cloudkeep's clock");
  clock
    .command("advance <duration>")
    .description("move the clock forward: 45s, 90m, 12h, 30d")
    .option("--data <directory>", "data directory")
    .action(async (duration: string, { data }: { data?: string }) => {
      const { Now } = await callCloudkeep<{ Now: number }>(dataDirectory(data), "AdvanceClock", {
        Seconds: secondsOf(duration),
      });
      process.stdout.write(`${new Date(Now * 1000).toISOString()}\n`);
    });

  program
    .command("reset")
    .description("drop all state: every account's resources and the record")
    .option("--data <directory>", "data directory")
    .action(async ({ data }: { data?: string }) => {
      await callCloudkeep(dataDirectory(data), "ResetState");
      process.stdout.write("All state is dropped.\n");
    });
}
