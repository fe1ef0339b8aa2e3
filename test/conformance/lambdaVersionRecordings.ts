import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Functions as they change: versions, aliases, revisions, and what of them is too large or too old. */

/** A function as it was made without a test's own settings. */
const bare = { Handler: "index.handler", Timeout: 3, Environment: undefined };

async function lifecycle({ lambda }: Scene, FunctionName: string): Promise<Answers> {
  const get = (Qualifier?: string) => said(lambda.getFunction({ FunctionName, Qualifier }));
  const list = () => said(lambda.listVersionsByFunction({ FunctionName }));
  const update = (Description: string) =>
    said(lambda.updateFunctionConfiguration({ FunctionName, Description }));
  const publish = (more: object = {}) => said(lambda.publishVersion({ FunctionName, ...more }));
  const answers: Answers = {
    get_function_result: await get(),
    list_versions_result: await list(),
    first_update_response: await update("First version :)"),
    first_update_get_function: await get(),
    first_publish_response: await publish({ Description: "First version description :)" }),
    first_publish_get_function: await get("1"),
    first_publish_get_function_config: await said(
      lambda.getFunctionConfiguration({ FunctionName, Qualifier: "1" }),
    ),
    second_update_response: await update("Second version :))"),
    first_publish_get_function_after_update: await get("1"),
    second_publish_response: await publish(),
    third_publish_response: await publish(),
    list_versions_result_after_third_publish: await list(),
  };
  await lambda.deleteFunction({ FunctionName, Qualifier: "1" });
  answers.list_versions_result_after_deletion_of_first_version = await list();
  return answers;
}

async function aliases(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = scene.fresh("alias");
  const variables = (testenv: string) => ({ Environment: { Variables: { testenv } } });
  const create_response = await said(
    lambda.createFunction(scene.input(FunctionName, { ...bare, ...variables("staging") })),
  );
  const publish_v1 = await said(lambda.publishVersion({ FunctionName }));
  await lambda.updateFunctionConfiguration({ FunctionName, ...variables("prod") });
  const publish_v2 = await said(lambda.publishVersion({ FunctionName }));
  const create = (Name: string, FunctionVersion: string, more: object = { Description: "custom-alias" }) =>
    said(lambda.createAlias({ FunctionName, Name, FunctionVersion, ...more }));
  const get = (Name: string) => said(lambda.getAlias({ FunctionName, Name }));
  const named = (name: string, Qualifier: string) =>
    said(lambda.getFunction({ FunctionName: name, Qualifier }));
  const byArn = (alias: string) =>
    said(lambda.getFunction({ FunctionName: `${scene.arn(FunctionName)}:${alias}` }));
  const list = (FunctionVersion?: string) => said(lambda.listAliases({ FunctionName, FunctionVersion }));
  const update = (Name: string, more: object) =>
    said(lambda.updateAlias({ FunctionName, Name, Description: "custom-alias", ...more }));
  const weights = { RoutingConfig: { AdditionalVersionWeights: { "2": 0.2 } } };
  return {
    create_response,
    publish_v1,
    publish_v2,
    create_alias_1_1: await create("aliasname1_1", "1", { Description: "custom-alias", ...weights }),
    get_alias_1_1: await get("aliasname1_1"),
    get_function_alias_1_1: await named(FunctionName, "aliasname1_1"),
    get_function_byarn_alias_1_1: await byArn("aliasname1_1"),
    get_function_alias_notfound_exc: await named(FunctionName, "aliasdoesnotexist"),
    get_function_alias_byarn_notfound_exc: await byArn("aliasdoesnotexist"),
    create_alias_1_2: await create("aliasname1_2", "1"),
    get_alias_1_2: await get("aliasname1_2"),
    create_alias_1_3: await create("aliasname1_3", "1", {}),
    get_alias_1_3: await get("aliasname1_3"),
    create_alias_2: await create("aliasname2", "2"),
    get_alias_2: await get("aliasname2"),
    list_aliases_for_fnname: { Aliases: (await list()).Aliases },
    update_alias_1_1: await update("aliasname1_1", { RoutingConfig: {} }),
    get_alias_1_1_after_update: await get("aliasname1_1"),
    list_aliases_for_fnname_after_update: await list(),
    update_alias_1_2: await update("aliasname1_2", {}),
    get_alias_1_2_after_update: await get("aliasname1_2"),
    list_aliases_for_fnname_after_update_2: await list(),
    list_aliases_for_version: await list("1"),
    delete_alias_response: await said(lambda.deleteAlias({ FunctionName, Name: "aliasname1_1" })),
    list_aliases_for_fnname_afterdelete: await list(),
  };
}

const logging = (name: string, first: object | undefined, second: object, third?: object): Recording => ({
  file: "api",
  name,
  async run(scene) {
    const { lambda } = scene;
    const FunctionName = scene.fresh("logging");
    const LoggingConfig = first;
    const update = (given: object) =>
      said(lambda.updateFunctionConfiguration({ FunctionName, LoggingConfig: given }));
    const config = () => said(lambda.getFunctionConfiguration({ FunctionName }));
    const answers: Answers = {
      create_response: await said(
        lambda.createFunction(
          scene.input(FunctionName, { MemorySize: 256, Timeout: 5, ...(LoggingConfig && { LoggingConfig }) }),
        ),
      ),
      get_function_response: await said(lambda.getFunction({ FunctionName })),
      function_config: await config(),
      updated_config: await update(second),
      received_config: await config(),
    };
    if (third === undefined) return answers;
    return { ...answers, updated_config_v2: await update(third), received_config_v2: await config() };
  },
});

const partial = "test_function_partial_advanced_logging_configuration_update";
const json = { LogFormat: "JSON" };

const loggings: Recording[] = [
  logging("test_function_advanced_logging_configuration", json, { LogGroup: "cool_lambda" }),
  logging("test_advanced_logging_configuration_format_switch", undefined, json, { LogFormat: "Text" }),
  logging(`${partial}[partial_config0]`, undefined, json),
  logging(`${partial}[partial_config1]`, undefined, { ...json, ApplicationLogLevel: "DEBUG" }),
  logging(`${partial}[partial_config2]`, undefined, { ...json, SystemLogLevel: "DEBUG" }),
  logging(`${partial}[partial_config3]`, undefined, { LogGroup: "cool_lambda" }),
];

const oldRuntimes = [
  ...["java8", "go1.x", "provided", "ruby2.7", "nodejs14.x", "python3.7", "dotnetcore3.1", "nodejs12.x"],
];
const deprecated = oldRuntimes.map(
  (Runtime): Recording => ({
    file: "api",
    name: `test_create_deprecated_function_runtime_with_validation_enabled[${Runtime}]`,
    run: async (scene) => ({
      deprecation_error: await said(
        scene.lambda.createFunction(scene.input(scene.fresh("old"), { Runtime }) as never),
      ),
    }),
  }),
);

/** Variables of so many bytes as JSON. */
function variablesOf(bytes: number, others: Record<string, string> = {}) {
  const empty = JSON.stringify({ ...others, LARGE_VAR: "" }).length;
  return { Environment: { Variables: { ...others, LARGE_VAR: "x".repeat(bytes - empty) } } };
}

const maxVariablesBytes = 4 * 1024;
const sizes: Recording[] = [
  {
    file: "api",
    name: "test_large_environment_variables_fails",
    run: async (scene) => ({
      failed_create_fn_result: await said(
        scene.lambda.createFunction(scene.input(scene.fresh("env"), variablesOf(maxVariablesBytes + 1))),
      ),
    }),
  },
  {
    file: "api",
    name: "test_large_environment_fails_multiple_keys",
    run: async (scene) => ({
      failured_create_fn_result_multi_key: await said(
        scene.lambda.createFunction(
          scene.input(scene.fresh("env"), variablesOf(maxVariablesBytes + 1, { SMALL_VAR: "ok" })),
        ),
      ),
    }),
  },
  {
    file: "api",
    name: "test_lambda_envvars_near_limit_succeeds",
    run: async (scene) => ({
      successful_create_fn_result: await said(
        scene.lambda.createFunction(scene.input(scene.fresh("env"), variablesOf(maxVariablesBytes))),
      ),
    }),
  },
];

const maxUnzippedBytes = 262_144_000;

/** Code that is small as an archive, and large without. */
const zeros = (bytes: number) => zipOf({ "handler.py": Buffer.alloc(bytes) });

const large: Recording[] = [
  {
    file: "api",
    name: "test_oversized_unzipped_lambda",
    run: async (scene) => ({
      invalid_param_exc: await said(
        scene.lambda.createFunction(
          scene.input(scene.fresh("big"), { Code: { ZipFile: zeros(maxUnzippedBytes + 1) } }),
        ),
      ),
    }),
  },
  ...(["test_oversized_lambda", "test_large_lambda"] as const).map(
    (name): Recording => ({
      file: "api",
      name,
      async run(scene) {
        const S3Bucket = await scene.bucket();
        const isTooLarge = name === "test_oversized_lambda";
        const Body = zeros(isTooLarge ? maxUnzippedBytes + 1 : maxUnzippedBytes);
        await scene.s3.putObject({ Bucket: S3Bucket, Key: "code.zip", Body });
        const Code = { S3Bucket, S3Key: "code.zip" };
        const Timeout = 10;
        const made = await said(
          scene.lambda.createFunction(
            scene.input(scene.fresh("big"), { Timeout, Environment: undefined, Code }),
          ),
        );
        return { [isTooLarge ? "invalid_param_exc" : "create_function_large_zip"]: made };
      },
    }),
  ),
];

export const versionRecordings: Recording[] = [
  ...loggings,
  ...deprecated,
  ...sizes,
  { file: "api", name: "test_alias_lifecycle", run: aliases },
  {
    file: "api",
    name: "test_version_lifecycle",
    async run(scene) {
      const FunctionName = scene.fresh("versions");
      const create_response = await said(
        scene.lambda.createFunction(scene.input(FunctionName, { ...bare, Description: "No version :(" })),
      );
      return { create_response, ...(await lifecycle(scene, FunctionName)) };
    },
  },
  {
    file: "api",
    name: "test_alias_naming",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("naming");
      const Environment = { Variables: { testenv: "staging" } };
      const create_response = await said(
        lambda.createFunction(scene.input(FunctionName, { ...bare, Environment })),
      );
      const publish_v1 = await said(lambda.publishVersion({ FunctionName }));
      const alias = (Name: string) => ({ FunctionName, Name, FunctionVersion: "1" });
      const Description = "custom-alias";
      return {
        create_response,
        publish_v1,
        create_alias_date: await said(lambda.createAlias({ ...alias("2024-01-02"), Description })),
        get_alias_date: await said(lambda.getAlias({ FunctionName, Name: "2024-01-02" })),
        create_alias_number_exception: await said(lambda.createAlias({ ...alias("2024"), Description })),
      };
    },
  },
  {
    file: "api",
    name: "test_redundant_updates",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("redundant");
      const Description = "1st update description";
      const update = () => said(lambda.updateFunctionConfiguration({ FunctionName, Description }));
      return {
        create_response: await said(
          lambda.createFunction(scene.input(FunctionName, { Description: "Initial description" })),
        ),
        first_update_result: await update(),
        get_fn_config_result: await said(lambda.getFunctionConfiguration({ FunctionName })),
        get_fn_result: await said(lambda.getFunction({ FunctionName })),
        redundant_update_result: await update(),
        get_fn_result_after_redundant_update: await said(lambda.getFunction({ FunctionName })),
      };
    },
  },
  {
    file: "api",
    name: "test_lambda_code_location_zipfile",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("location");
      const ZipFile = zipOf({ "handler.py": "# other" });
      return {
        "create-response-zip-file": await said(lambda.createFunction(scene.input(FunctionName, bare))),
        "get-function-response": await said(lambda.getFunction({ FunctionName })),
        "update-function-response": await said(lambda.updateFunctionCode({ FunctionName, ZipFile })),
      };
    },
  },
  {
    file: "api",
    name: "test_lambda_code_location_s3",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("location");
      const S3Bucket = await scene.bucket();
      const S3Key = "code.zip";
      await scene.s3.putObject({ Bucket: S3Bucket, Key: S3Key, Body: scene.zip });
      const create_response_s3 = await said(
        lambda.createFunction(scene.input(FunctionName, { ...bare, Code: { S3Bucket, S3Key } })),
      );
      await scene.s3.putObject({ Bucket: S3Bucket, Key: S3Key, Body: zipOf({ "handler.py": "# other" }) });
      return {
        create_response_s3,
        "get-function-response": await said(lambda.getFunction({ FunctionName })),
        "update-function-response": await said(lambda.updateFunctionCode({ FunctionName, S3Bucket, S3Key })),
      };
    },
  },
  {
    file: "api",
    name: "test_publish_version_on_create",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("published");
      const get = (Qualifier?: string) => said(lambda.getFunction({ FunctionName, Qualifier }));
      const list = () => said(lambda.listVersionsByFunction({ FunctionName }));
      return {
        create_response: await said(
          lambda.createFunction(scene.input(FunctionName, { ...bare, Publish: true })),
        ),
        get_function_result: await get(),
        get_function_version_result: await get("1"),
        get_function_latest_result: await get("$LATEST"),
        list_versions_result: await list(),
        repeated_publish_response: await said(lambda.publishVersion({ FunctionName })),
        list_versions_result_after_publish: await list(),
      };
    },
  },
  {
    file: "api",
    name: "test_publish_with_update",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("published");
      const ZipFile = zipOf({ "handler.py": "# other" });
      return {
        create_response: await said(lambda.createFunction(scene.input(FunctionName, bare))),
        get_function_result: await said(lambda.getFunction({ FunctionName })),
        update_function_code_result: await said(
          lambda.updateFunctionCode({ FunctionName, ZipFile, Publish: true }),
        ),
      };
    },
  },
  {
    file: "api",
    name: "test_function_revisions_basic",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = scene.fresh("revisions");
      // The same code: only the revision changes.
      const ZipFile = scene.zip;
      const create_function_response_rev1 = await said(
        lambda.createFunction(scene.input(FunctionName, { Handler: "index.handler" })),
      );
      const get = async () => {
        const got = await said(lambda.getFunction({ FunctionName }));
        return [got, (got.Configuration as { RevisionId: string }).RevisionId] as const;
      };
      const code = (RevisionId: string) =>
        said(lambda.updateFunctionCode({ FunctionName, ZipFile, RevisionId }));
      const configuration = (RevisionId: string) =>
        said(lambda.updateFunctionConfiguration({ FunctionName, Runtime: "python3.8", RevisionId }));
      const [get_function_response_rev2, second] = await get();
      const update_function_revision_exception = await code("wrong");
      const update_function_code_response_rev3 = await code(second);
      const [get_function_response_rev4, fourth] = await get();
      return {
        create_function_response_rev1,
        get_function_response_rev2,
        update_function_revision_exception,
        update_function_code_response_rev3,
        get_function_response_rev4,
        update_function_configuration_revision_exception: await configuration("wrong"),
        update_function_configuration_response_rev5: await configuration(fourth),
        get_function_response_rev6: (await get())[0],
      };
    },
  },
  {
    file: "api",
    name: "test_list_functions",
    async run(scene) {
      const { lambda } = scene;
      const [first, second] = [scene.fresh("aa-listed"), scene.fresh("aa-listed")];
      const create = (name: string, more: object = {}) =>
        said(lambda.createFunction(scene.input(name, more)));
      const create_response_1 = await create(first, { Publish: true });
      const create_response_2 = await create(second);
      const list = async (FunctionVersion?: "ALL") => {
        const { Functions = [] } = await lambda.listFunctions({ FunctionVersion });
        const ours = Functions.filter(({ FunctionName = "" }) => [first, second].includes(FunctionName));
        return { Functions: ours.map((one) => ({ ...one, CodeSize: String(one.CodeSize) })) };
      };
      return {
        create_response_1,
        create_response_2,
        list_functions_invalid_functionversion: await said(
          lambda.listFunctions({ FunctionVersion: "invalid" as never }),
        ),
        list_all: await list("ALL"),
        list_default: await list(),
      };
    },
  },
  {
    file: "api",
    name: "test_put_function_recursion_config_invalid_value",
    run: async (scene) => ({
      put_recursion_invalid_value_error: await said(
        scene.lambda.putFunctionRecursionConfig({
          FunctionName: await scene.made(),
          RecursiveLoop: "InvalidValue" as never,
        }),
      ),
    }),
  },
  {
    file: "api",
    name: "test_account_settings",
    async run({ lambda }) {
      const { AccountLimit, AccountUsage, ...rest } = await said(lambda.getAccountSettings({}));
      const names = (value: unknown) => Object.keys(value as object).sort();
      return {
        acc_settings_modded: {
          ...rest,
          AccountLimit: names(AccountLimit),
          AccountUsage: names(AccountUsage),
        },
      };
    },
  },
  {
    file: "api",
    name: "test_account_settings_total_code_size_config_update",
    async run(scene) {
      const { lambda } = scene;
      const size = async () => (await lambda.getAccountSettings({})).AccountUsage?.TotalCodeSize ?? 0;
      const before = await size();
      const FunctionName = await scene.made();
      const made = await size();
      await lambda.updateFunctionConfiguration({ FunctionName, Runtime: "python3.11" });
      const updated = await size();
      await lambda.publishVersion({ FunctionName, Description: "we published" });
      return {
        is_total_code_size_diff_create_function_more_than_200: made - before > 100,
        total_code_size_diff_update_function_configuration: updated - made,
        is_total_code_size_diff_publish_version_after_config_update_more_than_200:
          (await size()) - updated > 100,
      };
    },
  },
  {
    file: "api",
    name: "test_account_settings_total_code_size",
    async run(scene) {
      const { lambda } = scene;
      // Sizes of archives are the recorder's own: what is asked is what counts.
      const [code, layer] = [scene.zip, zipOf({ "testlayer.txt": "hello" })];
      const recorded = { code: 276, layer: 169 };
      let before = (await lambda.getAccountSettings({})).AccountUsage?.TotalCodeSize ?? 0;
      const grown = async (bytes: number, shown: number) => {
        const now = (await lambda.getAccountSettings({})).AccountUsage?.TotalCodeSize ?? 0;
        const difference = now - before;
        before = now;
        return difference === bytes ? shown : difference;
      };
      const FunctionName = await scene.made();
      const total_code_size_diff_create_function = await grown(code.length, recorded.code);
      const LayerName = scene.fresh("sized");
      const publish = () => lambda.publishLayerVersion({ LayerName, Content: { ZipFile: layer } });
      await publish();
      const total_code_size_diff_publish_layer = await grown(layer.length, recorded.layer);
      await publish();
      const total_code_size_diff_publish_layer_version = await grown(layer.length, recorded.layer);
      await lambda.deleteFunction({ FunctionName });
      return {
        total_code_size_diff_create_function,
        total_code_size_diff_publish_layer,
        total_code_size_diff_publish_layer_version,
      };
    },
  },
  ...large,
  {
    file: "api",
    name: "test_invalid_invoke",
    run: async ({ lambda }) => ({
      invoke_function_name_pattern_exc: await said(
        lambda.invoke({
          FunctionName: "arn:aws:lambda:us-east-1:123400000000@function:myfn",
        }),
      ),
    }),
  },
];
