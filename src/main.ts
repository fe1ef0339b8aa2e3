#!/usr/bin/env node
import { Command } from "commander";
import { addDelegation } from "./cli/delegation.ts";
import { addDemo } from "./cli/demo.ts";
import { addEnv } from "./cli/env.ts";
import { addExplain } from "./cli/explain.ts";
import { addMail } from "./cli/mail.ts";
import { addOperate } from "./cli/operate.ts";
import { addStart } from "./cli/start.ts";
import { addTrail } from "./cli/trail.ts";
import { version } from "./start.ts";

const program = new Command("cloudkeep")
  .description("AWS for secure data platforms, on your own machine.")
  .version(version);
for (const add of [addStart, addEnv, addOperate, addExplain, addTrail, addMail, addDelegation, addDemo])
  add(program);

program.parseAsync().catch((error: unknown) => {
  process.stderr.write(`cloudkeep: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
});
