import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Provisioned concurrency. */

const javascript = (text: string) => ({
  Runtime: "nodejs20.x" as const,
  Handler: "index.handler",
  Code: { ZipFile: zipOf({ "index.js": text }) },
});
const answersKind = javascript("exports.handler = async () => process.env.AWS_LAMBDA_INITIALIZATION_TYPE;");

/** Asks until nothing is under way any more. */
async function settled(scene: Scene, FunctionName: string, Qualifier: string): Promise<Answers> {
  for (;;) {
    const config = await said(scene.lambda.getProvisionedConcurrencyConfig({ FunctionName, Qualifier }));
    if (config.Status !== "IN_PROGRESS") return config;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function exceptions(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const publish_version_result = await said(lambda.publishVersion({ FunctionName }));
  const at = (Qualifier: string, name = FunctionName) => ({ FunctionName: name, Qualifier });
  const get = (asked: ReturnType<typeof at>) => said(lambda.getProvisionedConcurrencyConfig(asked));
  const remove = (asked: ReturnType<typeof at>) => said(lambda.deleteProvisionedConcurrencyConfig(asked));
  const put = (asked: ReturnType<typeof at>, ProvisionedConcurrentExecutions = 1) =>
    said(lambda.putProvisionedConcurrencyConfig({ ...asked, ProvisionedConcurrentExecutions }));
  const list = (name: string) => said(lambda.listProvisionedConcurrencyConfigs({ FunctionName: name }));
  return {
    publish_version_result,
    get_provisioned_config_doesnotexist: await get(at("1")),
    get_provisioned_functionname_doesnotexist: await get(at("noalias", "doesnotexist")),
    get_provisioned_qualifier_doesnotexist: await get(at("noalias")),
    get_provisioned_version_doesnotexist: await get(at("10")),
    get_provisioned_latest: await get(at("$LATEST")),
    list_provisioned_noconfigs: await list(FunctionName),
    list_provisioned_functionname_doesnotexist: await list("doesnotexist"),
    delete_provisioned_functionname_doesnotexist: await remove(at("1", "doesnotexist")),
    delete_provisioned_qualifier_doesnotexist: await remove(at("noalias")),
    delete_provisioned_version_doesnotexist: await remove(at("10")),
    delete_provisioned_latest: await remove(at("$LATEST")),
    delete_provisioned_config_doesnotexist: await remove(at("1")),
    put_provisioned_invalid_param_0: await put(at("1"), 0),
    put_provisioned_functionname_doesnotexist_alias: await put(at("noalias", "doesnotexist")),
    put_provisioned_functionname_doesnotexist_version: await put(at("1", "doesnotexist")),
    put_provisioned_qualifier_doesnotexist: await put(at("doesnotexist")),
    put_provisioned_version_doesnotexist: await put(at("10")),
    put_provisioned_latest: await put(at("$LATEST")),
  };
}

async function lifecycle(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const alias = "alias1";
  const put = (Qualifier: string) =>
    said(
      lambda.putProvisionedConcurrencyConfig({ FunctionName, Qualifier, ProvisionedConcurrentExecutions: 1 }),
    );
  const get = (Qualifier: string) =>
    said(lambda.getProvisionedConcurrencyConfig({ FunctionName, Qualifier }));
  const publish_version_result = await said(lambda.publishVersion({ FunctionName }));
  const made = lambda.createAlias({ FunctionName, Name: alias, FunctionVersion: "1" });
  return {
    publish_version_result,
    create_alias_result: await said(made),
    put_provisioned_on_version: await put("1"),
    put_provisioned_on_alias_versionconflict: await put(alias),
    delete_provisioned_version: await said(
      lambda.deleteProvisionedConcurrencyConfig({ FunctionName, Qualifier: "1" }),
    ),
    get_provisioned_version_postdelete: await get("1"),
    put_provisioned_on_alias: await put(alias),
    put_provisioned_on_version_conflict: await put("1"),
    delete_alias_result: await said(lambda.deleteAlias({ FunctionName, Name: alias })),
    get_provisioned_alias_postaliasdelete: await get(alias),
    list_response_postdeletes: await said(lambda.listProvisionedConcurrencyConfigs({ FunctionName })),
  };
}

/** Keeps environments of a version, or of an alias, and looks before and after they are there. */
const kept = (isAlias: boolean) => async (scene: Scene) => {
  const { lambda } = scene;
  const FunctionName = await scene.made(answersKind);
  await lambda.publishVersion({ FunctionName });
  const Qualifier = isAlias ? "kept" : "1";
  if (isAlias) await lambda.createAlias({ FunctionName, Name: Qualifier, FunctionVersion: "1" });
  const asked = { FunctionName, Qualifier };
  const put = lambda.putProvisionedConcurrencyConfig({ ...asked, ProvisionedConcurrentExecutions: 5 });
  const answers = {
    put_provisioned_5: await said(put),
    get_provisioned_postwait: await settled(scene, FunctionName, Qualifier),
  };
  const { Payload } = await said(lambda.invoke(asked));
  if (Payload !== "provisioned-concurrency") throw new Error(`It ran on demand: ${String(Payload)}`);
  await lambda.deleteFunction({ FunctionName });
  return answers;
};

async function overlap(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made(answersKind);
  await lambda.publishVersion({ FunctionName });
  const provision = (Qualifier: string, ProvisionedConcurrentExecutions: number) =>
    said(
      lambda.putProvisionedConcurrencyConfig({ FunctionName, Qualifier, ProvisionedConcurrentExecutions }),
    );
  const reserve = (ReservedConcurrentExecutions: number) =>
    said(lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions }));
  const put_provisioned_5 = await provision("1", 2);
  const get_provisioned_postwait = await settled(scene, FunctionName, "1");
  const reserved_lower_than_provisioned_exc = await reserve(1);
  await reserve(2);
  const get_concurrency = await said(lambda.getFunctionConcurrency({ FunctionName }));
  const { Reason: _, ...refused } = await said(lambda.invoke({ FunctionName, Qualifier: "$LATEST" }));
  await lambda.invoke({ FunctionName, Qualifier: "1" });
  await lambda.updateFunctionConfiguration({ FunctionName, Description: "other" });
  await lambda.publishVersion({ FunctionName });
  const answers = {
    put_provisioned_5,
    get_provisioned_postwait,
    reserved_lower_than_provisioned_exc,
    get_concurrency,
    reserved_equals_provisioned_latest_invoke_exc: refused,
    reserved_equals_provisioned_another_provisioned_exc: await provision("2", 1),
    reserved_equals_provisioned_increase_provisioned_exc: await provision("1", 3),
  };
  await lambda.deleteFunction({ FunctionName });
  return answers;
}

async function failing(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made(javascript("throw new Error('it does not start');"));
  await lambda.publishVersion({ FunctionName });
  const asked = { FunctionName, Qualifier: "1" };
  const put = lambda.putProvisionedConcurrencyConfig({ ...asked, ProvisionedConcurrentExecutions: 1 });
  return {
    put_provisioned: await said(put),
    get_provisioned_postwait: await settled(scene, FunctionName, "1"),
  };
}

async function moved(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made(answersKind);
  await lambda.publishVersion({ FunctionName, Description: "my-first-version" });
  await lambda.createAlias({ FunctionName, Name: "moving", FunctionVersion: "1" });
  const asked = { FunctionName, Qualifier: "moving" };
  await lambda.putProvisionedConcurrencyConfig({ ...asked, ProvisionedConcurrentExecutions: 1 });
  await settled(scene, FunctionName, "moving");
  await lambda.updateFunctionConfiguration({ FunctionName, Description: "second" });
  await lambda.publishVersion({ FunctionName });
  const update_alias = await said(lambda.updateAlias({ FunctionName, Name: "moving", FunctionVersion: "2" }));
  await settled(scene, FunctionName, "moving");
  const { Payload, ExecutedVersion } = await said(lambda.invoke(asked));
  if (Payload !== "provisioned-concurrency" || ExecutedVersion !== "2")
    throw new Error(`It did not move: ${String(Payload)}, ${String(ExecutedVersion)}`);
  await lambda.deleteProvisionedConcurrencyConfig(asked);
  const provisioned_concurrency_notfound = await said(lambda.getProvisionedConcurrencyConfig(asked));
  return { update_alias, provisioned_concurrency_notfound };
}

export const provisionedRecordings: Recording[] = [
  { file: "api", name: "test_provisioned_concurrency_exceptions", run: exceptions },
  { file: "api", name: "test_lambda_provisioned_lifecycle", run: lifecycle },
  {
    file: "api",
    name: "test_provisioned_concurrency_limits",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made({ Publish: true });
      const { AccountLimit } = await lambda.getAccountSettings({});
      const { UnreservedConcurrentExecutions: unreserved = 0 } = AccountLimit ?? {};
      const put = (ProvisionedConcurrentExecutions: number) => {
        const asked = { FunctionName, Qualifier: "1", ProvisionedConcurrentExecutions };
        return said(lambda.putProvisionedConcurrencyConfig(asked));
      };
      return {
        put_provisioned_concurrency_account_limit_exceeded: await put(unreserved + 1),
        put_provisioned_concurrency_below_unreserved_min_value: await put(unreserved - 99),
      };
    },
  },
  {
    file: "lambda",
    name: "test_lambda_provisioned_concurrency_scheduling",
    async run(scene) {
      const FunctionName = await scene.made({ ...answersKind, Publish: true });
      const asked = { FunctionName, Qualifier: "1", ProvisionedConcurrentExecutions: 1 };
      await scene.lambda.putProvisionedConcurrencyConfig(asked);
      return { get_provisioned_postwait: await settled(scene, FunctionName, "1") };
    },
  },
  { file: "lambda", name: "test_provisioned_concurrency", run: kept(false) },
  { file: "lambda", name: "test_provisioned_concurrency_on_alias", run: kept(true) },
  { file: "lambda", name: "test_provisioned_concurrency_init_failure", run: failing },
  { file: "lambda", name: "test_reserved_provisioned_overlap", run: overlap },
  { file: "lambda", name: "test_lambda_provisioned_concurrency_moves_with_alias", run: moved },
];
