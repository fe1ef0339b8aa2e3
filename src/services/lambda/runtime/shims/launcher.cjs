// First process of a sandbox whose function does not run on Node: hands the ports out, then runs the program.
"use strict";
const { spawn } = require("node:child_process");
const { handOut } = require("./listen.cjs");

handOut().then(() => {
  const [program, ...rest] = process.argv.slice(2);
  const child = spawn(program, rest, { stdio: "inherit" });
  child.on("error", (error) => {
    process.stderr.write(`${error.message}\n`);
    process.exit(error.code === "ENOENT" ? 127 : 126);
  });
  child.on("exit", (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    // Whoever waits for this process learns how the function ended.
    process.exit(128 + (require("node:os").constants.signals[signal] ?? 0));
  });
});
