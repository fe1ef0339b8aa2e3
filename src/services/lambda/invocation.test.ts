import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { pythonHere } from "./runtime/sandbox.ts";
import { endless, invoke, lambdaClient, lambdaRole, makeFunction, running } from "./testing.ts";

/** What handlers may look like, and what becomes of their answers and errors. */

let cloudkeep: Cloudkeep;
let role: string;
const lambda = () => lambdaClient(cloudkeep);
let serial = 0;

beforeAll(async () => {
  cloudkeep = await startForTest();
  role = await lambdaRole(cloudkeep, "role");
});
afterAll(() => cloudkeep.stop());

async function run(
  source: Parameters<typeof makeFunction>[3],
  event: unknown = {},
  options: Parameters<typeof makeFunction>[4] = {},
) {
  serial += 1;
  const name = `f${serial}`;
  await makeFunction(lambda(), name, role, source, options);
  return await invoke(lambda(), name, event);
}

describe("a node handler", () => {
  it.each([
    ["async", { "index.js": "exports.handler = async (e) => ({ got: e.n });" }],
    ["with a callback", { "index.js": "exports.handler = (e, c, done) => { done(null, { got: e.n }); };" }],
    [
      "with a late callback",
      {
        "index.cjs": "exports.handler = (e, c, done) => { setTimeout(() => done(null, { got: e.n }), 5); };",
      },
    ],
    ["with context.succeed", { "index.js": "exports.handler = (e, c) => { c.succeed({ got: e.n }); };" }],
    ["of a module", { "index.mjs": "export const handler = async (e) => ({ got: e.n });" }],
    [
      "of a package of modules",
      {
        "package.json": '{"type":"module"}',
        "index.js": "export const handler = async (e) => ({ got: e.n });",
      },
    ],
  ])("%s answers", async (_, files) => {
    expect(await run(files, { n: 5 })).toMatchObject({ error: undefined, value: { got: 5 } });
  });

  it("in a folder, of a nested export, is found", async () => {
    const source = { "src/app.js": "exports.api = { run: async () => 'nested' };" };
    expect((await run(source, {}, { Handler: "src/app.api.run" })).value).toBe("nested");
  });

  it("gets its context", async () => {
    const source = `export const handler = async (e, c) => ({ ...c, left: c.getRemainingTimeInMillis() });`;
    const { value } = await run(source, {}, { MemorySize: 256 });
    expect(value).toMatchObject({
      functionName: `f${serial}`,
      functionVersion: "$LATEST",
      memoryLimitInMB: "256",
      logGroupName: `/aws/lambda/f${serial}`,
      invokedFunctionArn: `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:f${serial}`,
    });
    expect((value as { left: number }).left).toBeGreaterThan(1_000);
  });

  it("that throws fails with its error", async () => {
    const { error, value } = await run("export const handler = async () => { throw new TypeError('no'); };");
    expect(error).toBe("Unhandled");
    expect(value).toMatchObject({ errorType: "TypeError", errorMessage: "no", trace: expect.any(Array) });
  });

  it.each([
    ["Runtime.ImportModuleError", { "index.js": "require('absent');" }, "index.handler"],
    ["Runtime.HandlerNotFound", { "index.js": "exports.other = 1;" }, "index.handler"],
    ["Runtime.UserCodeSyntaxError", { "index.js": "exports.handler = (;" }, "index.handler"],
    ["Runtime.ImportModuleError", { "index.js": "exports.handler = 1;" }, "absent.handler"],
  ])("that cannot be loaded fails with %s", async (errorType, files, Handler) => {
    const { error, value } = await run(files, {}, { Handler });
    expect(error).toBe("Unhandled");
    expect(value).toMatchObject({ errorType });
  });

  it("that exits fails, and is there again for the next", async () => {
    const source =
      "let n = 0; export const handler = async (e) => { if (e.exit) process.exit(3); return n++; };";
    const { error, value } = await run(source, { exit: true });
    expect(error).toBe("Unhandled");
    expect(value).toMatchObject({
      errorType: "Runtime.ExitError",
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Runtime exited with error: exit status 3$/),
    });
    expect((await invoke(lambda(), `f${serial}`)).value).toBe(0);
    expect((await invoke(lambda(), `f${serial}`)).value).toBe(1);
  });

  it("that takes too long is stopped", async () => {
    const source = "export const handler = () => new Promise((done) => setTimeout(done, 60_000));";
    const { error, value, log } = await run(source, {}, { Timeout: 1 });
    expect(error).toBe("Unhandled");
    expect(value).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: \S+ Error: Task timed out after 1\.00 seconds$/),
    });
    expect(log).toContain("Task timed out after 1.00 seconds");
  });

  it("prints JSON where it is to", async () => {
    const source =
      "export const handler = async () => { console.warn('%s!', 'careful'); console.debug('not'); };";
    const { log } = await run(source, {}, { LoggingConfig: { LogFormat: "JSON" } });
    const lines = log
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.map(({ type, level }) => type ?? level)).toEqual([
      "platform.start",
      "WARN",
      "platform.report",
    ]);
    expect(lines[1]).toMatchObject({ message: "careful!", requestId: expect.any(String) });
  });

  it("sees its own variables and AWS's, and nothing of ours", async () => {
    process.env.SECRET_OF_OURS = "secret";
    const source = "export const handler = async () => process.env;";
    const { value } = await run(source, {}, { Environment: { Variables: { OWN: "own" } } });
    delete process.env.SECRET_OF_OURS;
    const names = Object.keys(value as object);
    expect(value).toMatchObject({ OWN: "own", AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x", TZ: ":UTC" });
    const others = names.filter(
      (name) =>
        !/^(?:AWS_|LAMBDA_|_HANDLER|_X_AMZN|NODE_PATH|LD_LIBRARY_PATH|LANG|PATH|TZ|OWN|PWD)/.test(name),
    );
    expect(others).toEqual([]);
  });

  it("too large an answer is an error", async () => {
    const { error, value } = await run("export const handler = async () => 'x'.repeat(7_000_000);");
    expect(error).toBe("Unhandled");
    expect(value).toEqual({
      errorType: "Function.ResponseSizeTooLarge",
      errorMessage: "Response payload size exceeded maximum allowed payload size (6291556 bytes).",
    });
  });
});

describe("an invocation", () => {
  it("without a payload gets an empty object", async () => {
    await makeFunction(lambda(), "plain", role, "export const handler = async (e) => e;");
    const answer = await lambda().invoke({ FunctionName: "plain" });
    expect(Buffer.from(answer.Payload ?? []).toString()).toBe("{}");
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
  });

  it("that only asks whether it may be made runs nothing", async () => {
    const answer = await lambda().invoke({ FunctionName: "plain", InvocationType: "DryRun" });
    expect(answer.StatusCode).toBe(204);
  });

  it("of more than 6 MB is refused, and of what is no JSON", async () => {
    const large = Buffer.from(JSON.stringify("x".repeat(6_300_000)));
    const tooLarge = await errorOf(lambda().invoke({ FunctionName: "plain", Payload: large }));
    expect(tooLarge).toMatchObject({ name: "RequestTooLargeException", $metadata: { httpStatusCode: 413 } });
    const garbage = await errorOf(lambda().invoke({ FunctionName: "plain", Payload: Buffer.from("{oops") }));
    expect(garbage.name).toBe("InvalidRequestContentException");
  });

  it("is throttled where the function's concurrency is used up", async () => {
    await makeFunction(lambda(), "slow", role, endless);
    await lambda().putFunctionConcurrency({ FunctionName: "slow", ReservedConcurrentExecutions: 1 });
    await running(lambda(), "slow");
    const second = await errorOf(lambda().invoke({ FunctionName: "slow" }));
    expect(second).toMatchObject({
      name: "TooManyRequestsException",
      Reason: "ReservedFunctionConcurrentInvocationLimitExceeded",
    });
    await lambda().putFunctionConcurrency({ FunctionName: "slow", ReservedConcurrentExecutions: 0 });
    expect((await errorOf(lambda().invoke({ FunctionName: "slow" }))).message).toBe("Rate Exceeded.");
  });

  it("runs beside others, each in an environment of its own", async () => {
    await makeFunction(lambda(), "parallel", role, endless);
    for (let i = 0; i < 3; i += 1) expect(await running(lambda(), "parallel")).toBe("first");
  });
});

describe.skipIf(pythonHere() === undefined)("a python handler", () => {
  const options = { Runtime: "python3.12" as const };

  it("answers, prints and logs", async () => {
    const source = [
      "import logging",
      "logging.getLogger().setLevel('INFO')",
      "def handler(event, context):",
      "    print('printed')",
      "    logging.info('logged')",
      "    return {'got': event['n'], 'id': context.aws_request_id, 'left': context.get_remaining_time_in_millis()}",
    ].join("\n");
    const { value, log, error } = await run(source, { n: 7 }, options);
    expect([error, value]).toEqual([undefined, { got: 7, id: expect.any(String), left: expect.any(Number) }]);
    expect(log).toContain("printed\n");
    expect(log).toMatch(/\[INFO\]\t\S+Z\t\S+\tlogged/);
  });

  it("that raises fails with its error", async () => {
    const source = "def handler(event, context):\n    raise ValueError('no')";
    const { error, value } = await run(source, {}, options);
    expect(error).toBe("Unhandled");
    expect(value).toMatchObject({
      errorMessage: "no",
      errorType: "ValueError",
      stackTrace: [expect.stringContaining("index.py")],
    });
  });

  it("that cannot be loaded says so", async () => {
    const { value } = await run("import absent", {}, options);
    expect(value).toMatchObject({
      errorType: "Runtime.ImportModuleError",
      errorMessage: "Unable to import module 'index': No module named 'absent'",
    });
  });
});

describe("a custom runtime", () => {
  it("speaks the Runtime API, as on AWS", async () => {
    const bootstrap = [
      "#!/bin/bash",
      "set -eu",
      'API="http://${AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime"',
      "while true; do",
      "  exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}",
      '  printf "GET /2018-06-01/runtime/invocation/next HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n" >&3',
      "  ID=; LENGTH=0",
      "  while IFS= read -r LINE <&3; do",
      '    LINE="${LINE%$\'\\r\'}"; [ -z "$LINE" ] && break',
      '    case "${LINE,,}" in lambda-runtime-aws-request-id:*) ID="${LINE#*: }";; content-length:*) LENGTH="${LINE#*: }";; esac',
      "  done",
      '  IFS= read -r -N "$LENGTH" EVENT <&3',
      "  exec 3>&-",
      '  BODY="{\\"echo\\":$EVENT}"',
      "  exec 3<>/dev/tcp/${AWS_LAMBDA_RUNTIME_API%:*}/${AWS_LAMBDA_RUNTIME_API#*:}",
      '  printf "POST /2018-06-01/runtime/invocation/%s/response HTTP/1.1\\r\\nHost: x\\r\\nConnection: close\\r\\nContent-Length: %s\\r\\n\\r\\n%s" "$ID" "${#BODY}" "$BODY" >&3',
      "  cat <&3 >/dev/null",
      "  exec 3>&-",
      "done",
    ].join("\n");
    const files = [{ name: "bootstrap", content: bootstrap, mode: 0o100755 }];
    const answer = await run(files, { n: 1 }, { Runtime: "provided.al2023" });
    expect(answer).toMatchObject({ error: undefined, value: { echo: { n: 1 } } });
  });

  it("that is not there is told so", async () => {
    const answer = await run({ "other.sh": "" }, {}, { Runtime: "provided.al2023" });
    expect(answer).toMatchObject({ error: "Unhandled", value: { errorType: "Runtime.ExitError" } });
  });
});
