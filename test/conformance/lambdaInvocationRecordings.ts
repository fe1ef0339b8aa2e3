import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { type Scene, said } from "./lambdaScene.ts";

/** Functions, invoked. */

const node = { Runtime: "nodejs20.x", Handler: "index.handler" };
const javascript = (text: string) => ({ ...node, Code: { ZipFile: zipOf({ "index.js": text }) } });
const echo = "exports.handler = async (event) => event;";

async function invokedAs(scene: Scene, type?: "Event" | "DryRun") {
  const FunctionName = await scene.made(javascript(echo));
  const Payload = Buffer.from("{}");
  return {
    "invoke-result": await said(
      scene.lambda.invoke({ FunctionName, Payload, ...(type && { InvocationType: type }) }),
    ),
  };
}

const versions = ["python3.9", "python3.10", "nodejs16.x"];

export const invocationRecordings: Recording[] = [
  ...versions.flatMap((version): Recording[] => [
    {
      file: "lambda",
      name: `test_invocation_type_request_response[${version}]`,
      run: (scene) => invokedAs(scene),
    },
    {
      file: "lambda",
      name: `test_invocation_type_event[${version}]`,
      run: (scene) => invokedAs(scene, "Event"),
    },
    {
      file: "lambda",
      name: `test_invocation_type_dry_run[${version}]`,
      run: (scene) => invokedAs(scene, "DryRun"),
    },
  ]),
  {
    file: "lambda",
    name: "test_lambda_invoke_with_timeout",
    async run(scene) {
      const source = "exports.handler = () => new Promise((done) => setTimeout(done, 5000));";
      const FunctionName = await scene.made({ ...javascript(source), Timeout: 1 });
      return { "invoke-result": await said(scene.lambda.invoke({ FunctionName })) };
    },
  },
  {
    file: "lambda",
    name: "test_lambda_invoke_no_timeout",
    async run(scene) {
      const source = "exports.handler = async () => {};";
      const FunctionName = await scene.made({ ...javascript(source), Timeout: 2 });
      return { "invoke-result": await said(scene.lambda.invoke({ FunctionName })) };
    },
  },
  {
    file: "lambda",
    name: "test_lambda_cache_local[nodejs]",
    async run(scene) {
      const FunctionName = await scene.made(
        javascript("let counter = 0; exports.handler = async () => ({ counter: counter++ });"),
      );
      return {
        first_invoke_result: await said(scene.lambda.invoke({ FunctionName })),
        second_invoke_result: await said(scene.lambda.invoke({ FunctionName })),
      };
    },
  },
  {
    file: "common",
    name: "test_uncaught_exception_invoke[nodejs20.x]",
    async run(scene) {
      const source = "exports.handler = async (event) => { throw new Error('Error: ' + event.error_msg); };";
      const FunctionName = await scene.made(javascript(source));
      const Payload = Buffer.from(JSON.stringify({ error_msg: "some_error_msg" }));
      const { Payload: said1, ...rest } = (await said(scene.lambda.invoke({ FunctionName, Payload }))) as {
        Payload: { trace: unknown };
      };
      return { error_result: { ...rest, Payload: { ...said1, trace: String(said1.trace) } } };
    },
  },
];
