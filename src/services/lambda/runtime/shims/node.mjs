// The runtime of nodejs functions: loads the handler and asks the Runtime API for one invocation after another.
// https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
import { existsSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { RuntimeClient } from "./client.mjs";
import { patchConsole, setRequestId } from "./console.mjs";
import { installStreaming, isStreaming, runStreaming } from "./streaming.mjs";

const require = createRequire(import.meta.url);
await require("./listen.cjs").handOut();

const { env } = process;
const client = new RuntimeClient(env.AWS_LAMBDA_RUNTIME_API);
patchConsole(env.AWS_LAMBDA_LOG_FORMAT === "JSON", env.AWS_LAMBDA_LOG_LEVEL);
installStreaming();

function shown(error, type) {
  if (error instanceof Error) {
    return {
      errorType: type ?? error.name ?? "Error",
      errorMessage: error.message,
      trace: (error.stack ?? "").split("\n"),
    };
  }
  return { errorType: type ?? typeof error, errorMessage: String(error), trace: [] };
}

class HandlerError extends Error {
  constructor(type, message) {
    super(message);
    this.name = type;
  }
}

async function loadModule(base) {
  for (const ending of ["", ".js", ".mjs", ".cjs"]) {
    const file = base + ending;
    if (ending === "" && !/\.[cm]?js$/.test(file)) continue;
    if (!existsSync(file)) continue;
    if (file.endsWith(".mjs")) return await import(pathToFileURL(file).href);
    try {
      return require(file);
    } catch (error) {
      if (error?.code !== "ERR_REQUIRE_ESM" && error?.code !== "ERR_REQUIRE_ASYNC_MODULE") throw error;
      return await import(pathToFileURL(file).href);
    }
  }
  const named = base.slice(base.lastIndexOf("/") + 1);
  throw Object.assign(new Error(`Cannot find module '${named}'\nRequire stack:\n- /var/runtime/index.mjs`), {
    code: "MODULE_NOT_FOUND",
  });
}

async function loadHandler() {
  const name = env._HANDLER ?? "";
  const match = /^(.*\/)?([^/.][^/]*?)\.([^/]*)$/.exec(name);
  if (match === null || name.includes(".."))
    throw new HandlerError("Runtime.MalformedHandlerName", "Bad handler");
  const [, folder = "", file, path] = match;
  let module;
  try {
    module = await loadModule(resolve(env.LAMBDA_TASK_ROOT, folder, file));
  } catch (error) {
    if (error instanceof SyntaxError) throw new HandlerError("Runtime.UserCodeSyntaxError", String(error));
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND")
      throw new HandlerError("Runtime.ImportModuleError", String(error));
    throw error;
  }
  const find = (from) => path.split(".").reduce((value, key) => value?.[key], from);
  const handler = find(module) ?? find(module?.default);
  if (handler === undefined || handler === null)
    throw new HandlerError("Runtime.HandlerNotFound", `${name} is undefined or not exported`);
  if (typeof handler !== "function")
    throw new HandlerError("Runtime.HandlerNotFound", `${name} is not a function`);
  return handler;
}

function contextOf(invocation) {
  const clientContext = invocation.header("lambda-runtime-client-context");
  const identity = invocation.header("lambda-runtime-cognito-identity");
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: clientContext === undefined ? undefined : JSON.parse(clientContext),
    identity: identity === undefined ? undefined : JSON.parse(identity),
    invokedFunctionArn: invocation.header("lambda-runtime-invoked-function-arn"),
    awsRequestId: invocation.id,
    getRemainingTimeInMillis: () => Number(invocation.header("lambda-runtime-deadline-ms")) - Date.now(),
  };
}

/** What runs when nothing is left to be done: an answer may wait for that. */
let atRest;
process.on("beforeExit", () => {
  const then = atRest;
  atRest = undefined;
  if (then === undefined) process.exit(0);
  then();
});

/** Runs a handler in any of the styles that Node's handlers have. */
function run(handler, event, context) {
  return new Promise((done, fail) => {
    let called = false;
    let finish = () => done(null);
    const settle = (how) => {
      if (called) return;
      called = true;
      finish = how;
      if (context.callbackWaitsForEmptyEventLoop === false) how();
    };
    // A handler that ends without an answer answers null, once the event loop is empty.
    atRest = () => finish();
    const callback = (error, value) => settle(() => (error ? fail(error) : done(value)));
    context.done = callback;
    context.succeed = (value) => callback(null, value);
    context.fail = (error) => callback(error ?? "handled");
    const answer = handler(event, context, callback);
    if (typeof answer?.then === "function") answer.then(done, fail);
  });
}

let current;
for (const name of ["uncaughtException", "unhandledRejection"]) {
  process.on(name, (reason) => {
    const type = name === "unhandledRejection" ? "Runtime.UnhandledPromiseRejection" : undefined;
    const error = shown(type ? new HandlerError(type, String(reason)) : reason, type);
    console.error(
      name === "unhandledRejection" ? "Unhandled Promise Rejection " : "Uncaught Exception ",
      JSON.stringify(error),
    );
    const told = current === undefined ? client.initError(error) : client.error(current.id, error);
    told.finally(() => process.exit(1));
  });
}

let handler;
try {
  handler = await loadHandler();
} catch (error) {
  const facts = shown(error);
  console.error("Uncaught Exception ", JSON.stringify(facts));
  await client.initError(facts);
  process.exit(1);
}

for (;;) {
  current = undefined;
  setRequestId(undefined);
  const invocation = await client.next();
  current = invocation;
  setRequestId(invocation.id);
  const trace = invocation.header("lambda-runtime-trace-id");
  if (trace !== undefined) env._X_AMZN_TRACE_ID = trace;
  client.unref();
  try {
    const event = JSON.parse(invocation.body);
    if (isStreaming(handler)) {
      client.ref();
      await runStreaming(handler, event, contextOf(invocation), env.AWS_LAMBDA_RUNTIME_API, shown);
    } else {
      const value = await run(handler, event, contextOf(invocation));
      client.ref();
      let text;
      try {
        text = JSON.stringify(value === undefined ? null : value) ?? "null";
      } catch (error) {
        throw new HandlerError("Runtime.MarshalError", `Unable to stringify response body: ${error.message}`);
      }
      await client.respond(invocation.id, text);
    }
  } catch (error) {
    client.ref();
    const facts = shown(error);
    console.error("Invoke Error ", JSON.stringify({ ...facts, stack: facts.trace, trace: undefined }));
    await client.error(invocation.id, facts);
  }
}
