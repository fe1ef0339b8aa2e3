import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Policies, tags, URLs and settings of asynchronous invocations, and how they are refused. */

const invoke = "lambda:InvokeFunction";

async function permissions(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const s3 = { FunctionName, Action: invoke, StatementId: "s3", Principal: "s3.amazonaws.com" };
  const add = (more: object) => said(lambda.addPermission({ ...s3, ...more }));
  const get = (input: object) => said(lambda.getPolicy({ FunctionName, ...input }));
  const remove = (more: object) =>
    said(lambda.removePermission({ FunctionName, StatementId: "s3", ...more }));
  const answers: Answers = {
    add_permission_invalid_statement_id: await add({ StatementId: "example.com" }),
    add_permission_fn_qualifier_mismatch: await add({
      FunctionName: `${scene.arn(FunctionName)}:alias-not-42`,
      Qualifier: "42",
    }),
    add_permission_fn_qualifier_latest: await add({ Qualifier: "$LATEST" }),
    add_permission_principal_invalid: await add({ StatementId: "lambda", Principal: "invalid.nonaws.com" }),
    get_policy_fn_doesnotexist: await get({ FunctionName: "doesnotexist" }),
    get_policy_fn_version_doesnotexist: await get({ Qualifier: "42" }),
    add_permission_fn_doesnotexist: await add({ FunctionName: "doesnotexist" }),
    remove_permission_policy_doesnotexist: await remove({}),
    add_permission_fn_alias_doesnotexist: await add({ Qualifier: "alias-doesnotexist" }),
    add_permission_fn_version_doesnotexist: await add({ Qualifier: "42" }),
    add_permission_fn_qualifier_invalid: await add({ Qualifier: "invalid-qualifier-with-?-char" }),
    add_permission_fn_qualifier_valid_doesnotexist: await add({ Qualifier: "valid-with-$-but-doesnotexist" }),
  };
  await lambda.addPermission(s3);
  return {
    ...answers,
    add_permission_conflicting_statement_id: await add({}),
    remove_permission_fn_doesnotexist: await remove({ FunctionName: "doesnotexist" }),
    remove_permission_fn_alias_doesnotexist: await remove({ Qualifier: "alias-doesnotexist" }),
  };
}

async function versionedPermissions(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const SourceArn = "arn:aws:s3:::recorded";
  const allow = { FunctionName, Action: invoke, Principal: "s3.amazonaws.com", SourceArn };
  const get = (Qualifier?: string) => said(lambda.getPolicy({ FunctionName, Qualifier }));
  const add_permission = await said(lambda.addPermission({ ...allow, StatementId: "s3" }));
  const get_policy = await get();
  await lambda.publishVersion({ FunctionName });
  return {
    add_permission,
    get_policy,
    get_policy_after_publishing_latest: await get(),
    get_policy_after_publishing_new_version: await get("1"),
  };
}

const destination = (arn: string) => ({ DestinationConfig: { OnSuccess: { Destination: arn } } });

async function invokeSettings(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const [FunctionName, other] = [await scene.made(), await scene.made()];
  const arn = scene.arn(FunctionName);
  const alias = "eventinvokealias";
  const once = { MaximumRetryAttempts: 1 };
  const put = (input: object) => said(lambda.putFunctionEventInvokeConfig({ FunctionName, ...input }));
  const update = (input: object) => said(lambda.updateFunctionEventInvokeConfig({ FunctionName, ...input }));
  const get = (input: object) => said(lambda.getFunctionEventInvokeConfig({ FunctionName, ...input }));
  const remove = (input: object) => said(lambda.deleteFunctionEventInvokeConfig({ FunctionName, ...input }));
  const list = (name = FunctionName) => said(lambda.listFunctionEventInvokeConfigs({ FunctionName: name }));
  const absent = { FunctionName: "doesnotexist" };
  const answers: Answers = {
    fn_version_result: await said(lambda.publishVersion({ FunctionName })),
    fn_alias_result: await said(lambda.createAlias({ FunctionName, Name: alias, FunctionVersion: "1" })),
    put_functionname_name_notfound: await put({ ...absent, ...once }),
    put_functionname_arn_notfound: await put({ FunctionName: scene.arn("doesnotexist"), ...once }),
    put_functionname_nootherargs: await put({}),
    put_destination_lambda_doesntexist: await put(destination(scene.arn("doesnotexist"))),
    put_destination_recursive: await put(destination(arn)),
    put_destination_other_lambda: await put(destination(scene.arn(other))),
    put_destination_invalid_service_arn: await put(destination(arn.replace(":lambda:", ":iam:"))),
    put_destination_success_no_destination_arn: await put({ DestinationConfig: { OnSuccess: {} } }),
    put_destination_failure_no_destination_arn: await put({ DestinationConfig: { OnFailure: {} } }),
    put_destination_latest: await put(once),
    put_destination_latest_explicit_qualifier: await put({ Qualifier: "$LATEST", ...once }),
    put_destination_version: await put({ Qualifier: "1", ...once }),
    put_alias_functionname_qualifier: await put({ Qualifier: alias, ...once }),
    put_alias_doesnotexist: await put({ Qualifier: "doesnotexist", ...once }),
    put_alias_qualifiedarn: await put({ FunctionName: `${arn}:${alias}`, ...once }),
    put_alias_qualifiedarn_qualifier: await put({
      FunctionName: `${arn}:${alias}`,
      Qualifier: alias,
      ...once,
    }),
    put_alias_qualifiedarn_qualifierconflict: await put({
      FunctionName: `${arn}:${alias}`,
      Qualifier: "doesnotexist",
      ...once,
    }),
    put_alias_shorthand: await put({ FunctionName: `${FunctionName}:${alias}`, ...once }),
    put_version_shorthand: await put({ FunctionName: `${FunctionName}:1`, ...once }),
    put_shorthand_qualifier_match: await put({
      FunctionName: `${FunctionName}:$LATEST`,
      Qualifier: "$LATEST",
      ...once,
    }),
    put_shorthand_qualifier_mismatch_1: await put({
      FunctionName: `${FunctionName}:$LATEST`,
      Qualifier: "1",
      ...once,
    }),
    put_maxevent_maxvalue_result: await put({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 21_600 }),
    put_pre_overwrite: await put({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 }),
    put_post_overwrite: await put({ MaximumRetryAttempts: 0 }),
    second_overwrite_existing_response: await put({ MaximumRetryAttempts: 0 }),
    get_post_overwrite: await get({}),
    pre_update_response: await put({ MaximumRetryAttempts: 2, MaximumEventAgeInSeconds: 60 }),
    update_response: await update({ MaximumRetryAttempts: 0 }),
    update_response_existing: await update({ MaximumRetryAttempts: 0 }),
    list_configs: await list(),
    delete_latest: await remove({}),
    delete_version: await remove({ Qualifier: "1" }),
    delete_alias: await remove({ Qualifier: alias }),
    list_configs_postdelete: await list(),
    delete_function_not_found: await remove({}),
    delete_function_doesnotexist: await remove(absent),
    list_function_doesnotexist: await list("doesnotexist"),
    get_function_doesnotexist: await get(absent),
    get_qualifier_doesnotexist: await get({ Qualifier: "doesnotexist" }),
    update_eventinvokeconfig_function_doesnotexist: await update({ ...absent, ...once }),
    get_eventinvokeconfig_doesnotexist: await get({ Qualifier: alias }),
    update_eventinvokeconfig_config_doesnotexist_with_qualifier: await update({
      Qualifier: alias,
      ...once,
    }),
    update_eventinvokeconfig_config_doesnotexist_without_qualifier: await update(once),
  };
  return answers;
}

type UrlCall = (input: { FunctionName: string; Qualifier?: string; AuthType: "NONE" }) => Promise<object>;

async function urls(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = scene.fresh("urls");
  await lambda.createFunction(
    scene.input(FunctionName, { Runtime: "nodejs20.x", Handler: "lambda_handler.handler" }),
  );
  const answers: Answers = {
    fn_version_result: await said(lambda.publishVersion({ FunctionName })),
    create_alias_result: await said(
      lambda.createAlias({ FunctionName, Name: "urlalias", FunctionVersion: "1" }),
    ),
  };
  const calls: Record<string, UrlCall> = {
    create: (input) => lambda.createFunctionUrlConfig(input),
    get: (input) => lambda.getFunctionUrlConfig(input),
    delete: (input) => lambda.deleteFunctionUrlConfig(input),
    update: (input) => lambda.updateFunctionUrlConfig(input),
  };
  for (const [verb, call] of Object.entries(calls)) {
    const ask = async (what: string, name: string, Qualifier?: string) => {
      const asked = call({ FunctionName: name, ...(Qualifier && { Qualifier }), AuthType: "NONE" });
      answers[`${verb}_function_url_config_${what}`] = await said(asked);
    };
    await ask("name_doesnotexist", "doesnotexist");
    await ask("arn_doesnotexist", scene.arn("doesnotexist"));
    await ask("name_doesnotexist_qualifier", "doesnotexist", "1");
    await ask("qualifier_version", FunctionName, "1");
    await ask("qualifier_version_doesnotexist", FunctionName, "2");
    await ask("qualifier_alias_doesnotexist", FunctionName, "doesnotexist");
    // Deleting so, AWS failed by itself.
    if (verb !== "delete") {
      await ask("qualifier_alias_doesnotmatch_arn", `${scene.arn(FunctionName)}:urlalias`, "other");
    }
    await ask("qualifier_latest", FunctionName, "$LATEST");
    if (verb !== "create") await ask("config_doesnotexist", FunctionName);
  }
  return answers;
}

async function urlLists(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made({ Runtime: "nodejs20.x", Handler: "lambda_handler.handler" });
  const Qualifier = "urlalias";
  const url = (more: object = {}) =>
    said(lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE", ...more }));
  const list = (name = FunctionName) => said(lambda.listFunctionUrlConfigs({ FunctionName: name }));
  return {
    fn_version_result: await said(lambda.publishVersion({ FunctionName })),
    create_alias_result: await said(
      lambda.createAlias({ FunctionName, Name: Qualifier, FunctionVersion: "1" }),
    ),
    list_function_notfound: await list("doesnotexist"),
    list_all_empty: await list(),
    url_config_fn: await url(),
    url_config_alias: await url({ Qualifier }),
    list_all: await list(),
  };
}

async function urlDeletion(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const Qualifier = "test-alias";
  await lambda.createAlias({ FunctionName, Name: Qualifier, FunctionVersion: "$LATEST" });
  const url = (more: object = {}) =>
    said(lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE", ...more }));
  const get = (more: object = {}) => said(lambda.getFunctionUrlConfig({ FunctionName, ...more }));
  return {
    url_creation: await url(),
    url_with_alias_creation: await url({ Qualifier }),
    get_url_config: await get(),
    get_url_config_with_alias: await get({ Qualifier }),
    delete_function_url_config: await said(lambda.deleteFunctionUrlConfig({ FunctionName })),
    get_url_config_after_deletion: await get(),
    get_url_config_with_alias_after_deletion: await get({ Qualifier }),
  };
}

async function tags(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made({ Tags: { key_a: "value_a" } });
  const Resource = scene.arn(FunctionName);
  const answers: Answers = {};
  const look = async (when: string) => {
    answers[`list_tags_response_${when}`] = await said(lambda.listTags({ Resource }));
    answers[`get_fn_response_${when}`] = await said(lambda.getFunction({ FunctionName }));
  };
  await look("postfncreate");
  const Tags = { key_b: "value_b", key_c: "value_c", key_d: "value_d", key_e: "value_e" };
  answers.tag_resource_response = await said(lambda.tagResource({ Resource, Tags }));
  await look("postaddtags");
  const overwrite = lambda.tagResource({ Resource, Tags: { key_b: "value_b", key_c: "value_x" } });
  answers.tag_resource_overwrite = await said(overwrite);
  await look("overwrite");
  await lambda.untagResource({ Resource, TagKeys: ["key_c", "key_d"] });
  await look("postuntag");
  await lambda.untagResource({ Resource, TagKeys: ["key_a", "key_b", "key_e"] });
  await look("postuntagall");
  await lambda.deleteFunction({ FunctionName });
  answers.list_tags_postdelete = await said(lambda.listTags({ Resource }));
  return answers;
}

const numbered = (from: number, to: number) =>
  Object.fromEntries(Array.from({ length: to - from }, (_, i) => [`${from + i}_key`, `${from + i}_value`]));

async function tagLimits(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const Resource = scene.arn(FunctionName);
  const tag = (Tags: Record<string, string>) => said(lambda.tagResource({ Resource, Tags }));
  return {
    tag_lambda_too_many_tags: await tag(numbered(0, 51)),
    tag_response: await tag(numbered(0, 50)),
    list_tags_response: await said(lambda.listTags({ Resource })),
    get_fn_response: await said(lambda.getFunction({ FunctionName })),
    tag_lambda_too_many_tags_additional: await tag(numbered(50, 51)),
    create_function_invalid_tags: await said(
      lambda.createFunction(scene.input(scene.fresh("fn"), { Tags: numbered(0, 51) })),
    ),
  };
}

async function wrongTags(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const Resource = scene.arn(await scene.made());
  const tag = (arn: string, Tags: Record<string, string> = { A: "B" }) =>
    said(lambda.tagResource({ Resource: arn, Tags }));
  return {
    tag_lambda_doesnotexist: await tag(scene.arn("doesnotexist")),
    tag_lambda_qualifier_doesnotexist: await tag(`${Resource}:v1`),
    list_tag_lambda_empty: await said(lambda.listTags({ Resource })),
    untag_nomatch: await said(lambda.untagResource({ Resource, TagKeys: ["somekey"] })),
    untag_empty_keys: await said(lambda.untagResource({ Resource, TagKeys: [] })),
    tag_empty_tags: await tag(Resource, {}),
  };
}

const one = (name: string, run: Recording["run"]): Recording => ({ file: "api", name, run });

export const policyRecordings: Recording[] = [
  one("test_permission_exceptions", permissions),
  one("test_lambda_permission_versioning", versionedPermissions),
  one("test_lambda_eventinvokeconfig_exceptions", invokeSettings),
  one("test_url_config_exceptions", urls),
  one("test_url_config_list_paging", urlLists),
  one("test_url_config_deletion_without_qualifier", urlDeletion),
  one("test_tag_lifecycle", tags),
  one("test_tag_limits", tagLimits),
  one("test_tag_exceptions", wrongTags),
  one("test_tag_versions", async (scene) => {
    const Resource = scene.arn(await scene.made());
    const tag = (qualifier: string) =>
      said(scene.lambda.tagResource({ Resource: `${Resource}:${qualifier}`, Tags: { key_a: "value_a" } }));
    return { tag_resource_exception: await tag("1"), tag_resource_latest_exception: await tag("$LATEST") };
  }),
  one("test_create_tag_on_fn_create", async (scene) => {
    const FunctionName = await scene.made({ Tags: { testtag: "tagged" } });
    const Resource = scene.arn(FunctionName);
    return {
      get_function_result: await said(scene.lambda.getFunction({ FunctionName })),
      list_tags_result: await said(scene.lambda.listTags({ Resource })),
    };
  }),
  one("test_tag_nonexisting_resource", async (scene) => {
    const { lambda } = scene;
    const FunctionName = await scene.made();
    const Resource = scene.arn(FunctionName);
    const pre_delete_get_function = await said(lambda.getFunction({ FunctionName }));
    await lambda.deleteFunction({ FunctionName });
    return {
      pre_delete_get_function,
      not_found_exception_tag: await said(lambda.tagResource({ Resource, Tags: { A: "B" } })),
      not_found_exception_untag: await said(lambda.untagResource({ Resource, TagKeys: ["A"] })),
      not_found_exception_list: await said(lambda.listTags({ Resource })),
    };
  }),
  one("test_add_lambda_permission_aws", async (scene) => {
    const { lambda } = scene;
    const FunctionName = scene.fresh("allowed");
    const create_lambda = await said(lambda.createFunction(scene.input(FunctionName)));
    const allow = { FunctionName, Action: invoke, StatementId: "s3", Principal: "s3.amazonaws.com" };
    const SourceArn = "arn:aws:s3:::recorded";
    return {
      create_lambda,
      add_permission: await said(lambda.addPermission({ ...allow, SourceArn })),
      get_policy: await said(lambda.getPolicy({ FunctionName })),
    };
  }),
  one("test_create_multiple_lambda_permissions", async (scene) => {
    const { lambda } = scene;
    const FunctionName = await scene.made();
    const add = (name: string) =>
      said(
        lambda.addPermission({
          FunctionName,
          Action: invoke,
          StatementId: name,
          Principal: `${name}.amazonaws.com`,
        }),
      );
    return {
      add_permission_response_1: await add("logs"),
      add_permission_response_2: await add("kinesis"),
      policy_after_2_add: await said(lambda.getPolicy({ FunctionName })),
    };
  }),
  one("test_function_concurrency_limits", async (scene) => {
    const FunctionName = await scene.made();
    const put = (ReservedConcurrentExecutions: number) =>
      said(scene.lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions }));
    return {
      put_function_concurrency_account_limit_exceeded: await put(1001),
      put_function_concurrency_below_unreserved_min_value: await put(901),
    };
  }),
];
