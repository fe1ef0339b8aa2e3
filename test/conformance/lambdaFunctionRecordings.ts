import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Functions, versions and aliases. */

const operations = {
  get_function: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) =>
    scene.lambda.getFunction(input),
  get_function_configuration: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) =>
    scene.lambda.getFunctionConfiguration(input),
  get_function_url_config: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) =>
    scene.lambda.getFunctionUrlConfig(input),
  get_function_event_invoke_config: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) =>
    scene.lambda.getFunctionEventInvokeConfig(input),
  get_function_concurrency: (scene: Scene, input: { FunctionName: string }) =>
    scene.lambda.getFunctionConcurrency({ FunctionName: input.FunctionName }),
  get_function_code_signing_config: (scene: Scene, input: { FunctionName: string }) =>
    scene.lambda.getFunctionCodeSigningConfig({ FunctionName: input.FunctionName }),
  delete_function: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) =>
    scene.lambda.deleteFunction(input),
  invoke: (scene: Scene, input: { FunctionName: string; Qualifier?: string }) => scene.lambda.invoke(input),
};
type OperationName = keyof typeof operations;

function each(
  names: OperationName[],
  test: string,
  run: (scene: Scene, ask: (typeof operations)[OperationName]) => Promise<Answers>,
): Recording[] {
  return names.map((name) => ({
    file: "api",
    name: `${test}[${name}]`,
    run: (scene) => run(scene, operations[name]),
  }));
}

const code = (text: string) => zipOf({ "handler.py": text });

const perOperation: Recording[] = [
  ...each(
    ["delete_function", "get_function", "get_function_configuration"],
    "test_ops_with_arn_qualifier_mismatch",
    async (scene, ask) => ({
      not_match_exception: await said(
        ask(scene, { FunctionName: `${scene.arn("some-function")}:1`, Qualifier: "$LATEST" }),
      ),
      match_exception: await said(
        ask(scene, { FunctionName: `${scene.arn("some-function")}:$LATEST`, Qualifier: "$LATEST" }),
      ),
    }),
  ),
  ...each(
    ["get_function", "get_function_configuration", "get_function_event_invoke_config"],
    "test_ops_on_nonexisting_version",
    async (scene, ask) => ({
      version_not_found_exception: await said(
        ask(scene, { FunctionName: await scene.made(), Qualifier: "1221" }),
      ),
    }),
  ),
  ...each(
    [
      "delete_function",
      "get_function",
      "get_function_configuration",
      "get_function_url_config",
      "get_function_event_invoke_config",
      "get_function_concurrency",
      "get_function_code_signing_config",
    ],
    "test_ops_on_nonexisting_fn",
    async (scene, ask) => ({ not_found_exception: await said(ask(scene, { FunctionName: "absent" })) }),
  ),
  ...each(
    [
      "get_function",
      "get_function_configuration",
      "get_function_url_config",
      "get_function_event_invoke_config",
      "get_function_concurrency",
      "get_function_code_signing_config",
      "delete_function",
      "invoke",
    ],
    "test_get_function_wrong_region",
    async (scene, ask) => ({
      wrong_region_exception: await said(
        ask(scene, { FunctionName: scene.arn("some").replace("us-east-1", "eu-west-1") }),
      ),
    }),
  ),
];

export const functionRecordings: Recording[] = [
  ...perOperation,
  {
    file: "api",
    name: "test_function_lifecycle",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("life");
      const create_response = await said(
        lambda.createFunction(scene.input(FunctionName, { MemorySize: 256, Timeout: 5 })),
      );
      const get_function_response = await said(lambda.getFunction({ FunctionName }));
      const update = {
        FunctionName,
        Runtime: "python3.11" as const,
        Description: "Changed-Description",
        MemorySize: 512,
        Timeout: 10,
      };
      const update_func_conf_response = await said(
        lambda.updateFunctionConfiguration({ ...update, Environment: { Variables: { ENV_A: "a" } } }),
      );
      const get_function_response_postupdate = await said(lambda.getFunction({ FunctionName }));
      const update_code_response = await said(
        lambda.updateFunctionCode({ FunctionName, ZipFile: code("other") }),
      );
      const get_function_response_postcodeupdate = await said(lambda.getFunction({ FunctionName }));
      const delete_response = await said(lambda.deleteFunction({ FunctionName }));
      const delete_postdelete = await said(lambda.deleteFunction({ FunctionName }));
      return {
        create_response,
        get_function_response,
        update_func_conf_response,
        get_function_response_postupdate,
        update_code_response,
        get_function_response_postcodeupdate,
        delete_response,
        delete_postdelete,
      };
    },
  },
  {
    file: "api",
    name: "test_delete_on_nonexisting_version",
    run: async ({ lambda }) => ({
      delete_function_response_non_existent: await said(lambda.deleteFunction({ FunctionName: "absent" })),
      delete_function_response_non_existent_with_qualifier: await said(
        lambda.deleteFunction({ FunctionName: "absent", Qualifier: "1" }),
      ),
    }),
  },
  {
    file: "api",
    name: "test_create_lambda_exceptions",
    async run(scene) {
      const create = (options: object) =>
        said(scene.lambda.createFunction(scene.input(scene.fresh("bad"), options) as never));
      return {
        invalid_role_arn_exc: await create({ Role: "r1" }),
        invalid_runtime_exc: await create({ Runtime: "non-existent-runtime" }),
        uppercase_runtime_exc: await create({ Runtime: "PYTHON3.9" }),
        multiple_architectures: await create({ Architectures: ["x86_64", "arm64"] }),
        uppercase_architecture: await create({ Architectures: ["X86_64"] }),
        invalid_zip_exc: await create({
          Code: { ZipFile: Buffer.from("this is not a zipfile, just a random string") },
        }),
      };
    },
  },
  {
    file: "api",
    name: "test_update_lambda_exceptions",
    async run(scene) {
      const FunctionName = await scene.made();
      const update = (options: object) =>
        said(scene.lambda.updateFunctionConfiguration({ FunctionName, ...options }));
      return {
        invalid_role_arn_exc: await update({ Role: "r1" }),
        invalid_runtime_exc: await update({ Runtime: "non-existent-runtime" }),
        uppercase_runtime_exc: await update({ Runtime: "PYTHON3.9" }),
      };
    },
  },
  {
    file: "api",
    name: "test_lambda_code_location_s3_errors",
    async run(scene) {
      const { CreateBucketCommand, S3Client } = await import("@aws-sdk/client-s3");
      const { endpoint, credentials } = scene.cloudkeep;
      const s3 = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
      await s3.send(new CreateBucketCommand({ Bucket: "recorded-code" }));
      const FunctionName = await scene.made();
      const create = (Code: object) =>
        said(scene.lambda.createFunction(scene.input(scene.fresh("s3"), { Code })));
      const wrongBucket = { S3Bucket: "recorded-absent", S3Key: "key" };
      const wrongKey = { S3Bucket: "recorded-code", S3Key: "absent" };
      return {
        "create-error-wrong-bucket": await create(wrongBucket),
        "create-error-wrong-key": await create(wrongKey),
        "update-error-wrong-bucket": await said(
          scene.lambda.updateFunctionCode({ FunctionName, ...wrongBucket }),
        ),
        "update-error-wrong-key": await said(scene.lambda.updateFunctionCode({ FunctionName, ...wrongKey })),
      };
    },
  },
  {
    file: "api",
    name: "test_publish_with_wrong_revisionid",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("revision");
      await lambda.createFunction(scene.input(FunctionName));
      return {
        publish_wrong_revisionid_exc: await said(
          lambda.publishVersion({ FunctionName, RevisionId: "doesntexist" }),
        ),
      };
    },
  },
  {
    file: "api",
    name: "test_publish_with_wrong_sha256",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("sha");
      await lambda.createFunction(scene.input(FunctionName));
      return {
        publish_wrong_sha256_exc: await said(
          lambda.publishVersion({ FunctionName, CodeSha256: "somenonexistentsha256" }),
        ),
      };
    },
  },
  {
    file: "api",
    name: "test_notfound_and_invalid_routingconfigs",
    async run(scene) {
      const { lambda } = scene;
      const variables = (testenv: string) => ({ Environment: { Variables: { testenv } } });
      const FunctionName = scene.fresh("routing");
      const create_response = await said(
        lambda.createFunction(
          scene.input(FunctionName, {
            Handler: "index.handler",
            Timeout: 3,
            Publish: true,
            ...variables("staging"),
          }),
        ),
      );
      const publish_v1 = await said(lambda.publishVersion({ FunctionName }));
      await lambda.updateFunctionConfiguration({ FunctionName, ...variables("prod") });
      const publish_v2 = await said(lambda.publishVersion({ FunctionName }));
      const create = (
        Name: string,
        FunctionVersion: string,
        weights?: Record<string, number>,
        name = FunctionName,
      ) =>
        said(
          lambda.createAlias({
            FunctionName: name,
            Name,
            FunctionVersion,
            ...(weights && { RoutingConfig: { AdditionalVersionWeights: weights } }),
          }),
        );
      return {
        create_response,
        publish_v1,
        publish_v2,
        routing_config_exc_toomany: await create("custom", "1", { "1": 0.1, "2": 0.1 }),
        routing_config_exc_toohigh: await create("custom", "1", { "2": 2 }),
        routing_config_exc_subzero: await create("custom", "1", { "2": -1 }),
        routing_config_exc_sameversion: await create("custom", "1", { "1": 0.5 }),
        target_version_doesnotexist: await create("custom", "10"),
        routing_config_exc_version_doesnotexist: await create("custom", "1", { "10": 0.5 }),
        target_version_exc_version_latest: await create("custom", "$LATEST", { "1": 0.5 }),
        routing_config_exc_version_latest: await create("custom", "1", { $LATEST: 0.5 }),
        "create-alias-latest": await create("custom-latest", "$LATEST"),
        routing_config_exc_fn_doesnotexist: await create(
          "custom",
          "1",
          { "2": 0.5 },
          `${FunctionName}-unknown`,
        ),
        create_alias_empty_routingconfig: await create("custom-empty-routingconfig", "1", {}),
        create_alias_response: await create("custom", "1", { "2": 0.5 }),
        routing_config_exc_already_exist: await create("custom", "1", { "2": 0.5 }),
        alias_does_not_exist_esc: await said(lambda.getAlias({ FunctionName, Name: "non-existent" })),
      };
    },
  },
  {
    file: "api",
    name: "test_non_existent_alias_deletion",
    run: async (scene) => ({
      delete_alias_response: await said(
        scene.lambda.deleteAlias({ FunctionName: await scene.made(), Name: "non-existent" }),
      ),
    }),
  },
  {
    file: "api",
    name: "test_non_existent_alias_update",
    run: async (scene) => ({
      update_alias_response: await said(
        scene.lambda.updateAlias({ FunctionName: await scene.made(), Name: "non-existent" }),
      ),
    }),
  },
  {
    file: "api",
    name: "test_function_revisions_version_and_alias",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const { RevisionId } = await lambda.getFunctionConfiguration({ FunctionName });
      const publish_version_revision_exception = await said(
        lambda.publishVersion({ FunctionName, RevisionId: "wrong" }),
      );
      await lambda.publishVersion({ FunctionName, RevisionId });
      await lambda.createAlias({ FunctionName, Name: "revision", FunctionVersion: "1" });
      const update_alias_revision_exception = await said(
        lambda.updateAlias({ FunctionName, Name: "revision", RevisionId: "wrong" }),
      );
      return { publish_version_revision_exception, update_alias_revision_exception };
    },
  },
  {
    file: "api",
    name: "test_oversized_zipped_create_lambda",
    run: async (scene) => ({
      invalid_param_exc: await said(
        scene.lambda.createFunction(
          scene.input(scene.fresh("big"), { Code: { ZipFile: Buffer.alloc(52_428_801) } }),
        ),
      ),
    }),
  },
  {
    file: "api",
    name: "test_put_function_recursion_config_allow",
    async run(scene) {
      const FunctionName = await scene.made();
      return {
        put_recursion_config_response: await said(
          scene.lambda.putFunctionRecursionConfig({ FunctionName, RecursiveLoop: "Allow" }),
        ),
        get_recursion_config_response: await said(scene.lambda.getFunctionRecursionConfig({ FunctionName })),
      };
    },
  },
  {
    file: "api",
    name: "test_put_function_recursion_config_default_terminate",
    run: async (scene) => ({
      get_recursion_default_terminate_response: await said(
        scene.lambda.getFunctionRecursionConfig({ FunctionName: await scene.made() }),
      ),
    }),
  },
];
