import type { Command } from "commander";
import { callCloudkeep } from "./client.ts";
import { playV1 } from "./demo/v1.ts";
import { playV2 } from "./demo/v2.ts";
import { dataDirectory, runningInstance } from "./home.ts";

const demos = { v1: playV1, v2: playV2 };

/** Plays one of the architectures that Cloudkeep is for, on the running instance, and narrates it. */
export function addDemo(program: Command): void {
  program
    .command("demo <name>")
    .description(
      "play an architecture and narrate it: v1, every change to identity is announced; v2, logs are enriched and land in S3",
    )
    .option("--data <directory>", "data directory")
    .action(async (name: string, { data }: { data?: string }) => {
      if (!Object.hasOwn(demos, name))
        throw new Error(`There is no demo ${name}; there is: ${Object.keys(demos).join(", ")}.`);
      const directory = dataDirectory(data);
      const { endpoint, credentials } = runningInstance(directory);
      const { Account: account } = await callCloudkeep<{ Account: string }>(directory, "GetStatus");
      const say = (text: string) => void process.stdout.write(`• ${text}\n`);
      await demos[name as keyof typeof demos]({ aws: { endpoint, account, credentials }, say });
    });
}
