// What functions print, as AWS's runtime writes it: with time, request id and level, or as JSON.
// https://docs.aws.amazon.com/lambda/latest/dg/nodejs-logging.html
import { writeSync } from "node:fs";
import { format } from "node:util";

let requestId;

export function setRequestId(id) {
  requestId = id;
}

const levels = ["TRACE", "DEBUG", "INFO", "WARN", "ERROR", "FATAL"];

let telemetryFd = 0;

/** One message as one frame, so that its lines stay together: type, length, microseconds, text. */
function writeFrame(text) {
  const bytes = Buffer.from(text);
  const head = Buffer.alloc(16);
  head.writeUInt32BE(0xa55a0003, 0);
  head.writeUInt32BE(bytes.length, 4);
  head.writeBigUInt64BE(BigInt(Date.now()) * 1000n, 8);
  writeAll(telemetryFd, Buffer.concat([head, bytes]));
}

function writeAll(fd, bytes) {
  for (let at = 0; at < bytes.length; ) {
    try {
      at += writeSync(fd, bytes, at);
    } catch (error) {
      if (error.code !== "EAGAIN") return;
    }
  }
}

function write(text) {
  if (telemetryFd > 0) writeFrame(text);
  else writeAll(1, Buffer.from(`${text.replaceAll("\n", "\r")}\n`));
}

function jsonLine(level, args) {
  const line = { timestamp: new Date().toISOString(), level };
  if (requestId !== undefined) line.requestId = requestId;
  const [first] = args;
  const isOnly = args.length === 1;
  if (isOnly && first instanceof Error) {
    line.message = first.message;
    line.errorType = first.name;
    line.errorMessage = first.message;
    line.stackTrace = (first.stack ?? "").split("\n");
  } else line.message = isOnly && typeof first === "object" && first !== null ? first : format(...args);
  try {
    return JSON.stringify(line);
  } catch {
    return JSON.stringify({ ...line, message: format(...args) });
  }
}

export function patchConsole(isJson, minimum = "TRACE") {
  // Not sooner: the variables come once the sandbox is closed.
  telemetryFd = Number(process.env._LAMBDA_TELEMETRY_LOG_FD ?? "");
  delete process.env._LAMBDA_TELEMETRY_LOG_FD;
  const from = isJson ? levels.indexOf(minimum) : -1;
  const printer =
    (level) =>
    (...args) => {
      if (levels.indexOf(level) < from) return;
      write(
        isJson
          ? jsonLine(level, args)
          : `${new Date().toISOString()}\t${requestId}\t${level}\t${format(...args)}`,
      );
    };
  console.log = printer("INFO");
  console.info = printer("INFO");
  console.debug = printer("DEBUG");
  console.trace = printer("TRACE");
  console.warn = printer("WARN");
  console.error = printer("ERROR");
  console.fatal = printer("FATAL");
}
