// First process of a sandbox whose function needs one of its own, begun with its variables: hands the ports out, then
// runs the program.
"use strict";
const { spawn } = require("node:child_process");
const { handOut } = require("./listen.cjs");

handOut().then(() => {
  const [program, ...rest] = process.argv.slice(2);
  const telemetry = process.env._LAMBDA_TELEMETRY_LOG_FD;
  const stdio = telemetry === undefined ? "inherit" : [0, 1, 2, "ignore", Number(telemetry)];
  const child = spawn(program, rest, { stdio });
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
