import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { said } from "./lambdaScene.ts";

/** What belongs to functions: policies, layers, tags, URLs, concurrency, settings of asynchronous invocations. */

export const resourceRecordings: Recording[] = [
  {
    file: "api",
    name: "test_remove_multi_permissions",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const Action = "lambda:InvokeFunction";
      const add_permission_1 = await said(
        lambda.addPermission({
          FunctionName,
          Action,
          StatementId: "s3",
          Principal: "s3.amazonaws.com",
        }),
      );
      const add_permission_2 = await said(
        lambda.addPermission({
          FunctionName,
          Action,
          StatementId: "sqs",
          Principal: "sqs.amazonaws.com",
          SourceArn: "arn:aws:s3:::example",
        }),
      );
      const policy_after_2_add = await said(lambda.getPolicy({ FunctionName }));
      const remove_permission_exception_nonexisting_sid = await said(
        lambda.removePermission({ FunctionName, StatementId: "non-existent" }),
      );
      await lambda.removePermission({ FunctionName, StatementId: "sqs" });
      const policy_after_removal = await said(lambda.getPolicy({ FunctionName }));
      await lambda.removePermission({ FunctionName, StatementId: "s3" });
      const get_policy_exception_removed_all = await said(lambda.getPolicy({ FunctionName }));
      return {
        add_permission_1,
        add_permission_2,
        policy_after_2_add,
        remove_permission_exception_nonexisting_sid,
        policy_after_removal,
        get_policy_exception_removed_all,
      };
    },
  },
  {
    file: "api",
    name: "test_add_lambda_permission_fields",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const account = scene.cloudkeep.accountId;
      const Action = "lambda:InvokeFunction";
      const add = (input: object) => said(lambda.addPermission({ FunctionName, Action, ...input } as never));
      return {
        add_permission_principal_wildcard: await add({
          StatementId: "wilcard",
          Principal: "*",
          SourceAccount: account,
        }),
        add_permission_principal_service: await add({
          StatementId: "lambda",
          Principal: "lambda.amazonaws.com",
          SourceAccount: account,
        }),
        add_permission_principal_account: await add({ StatementId: "account-id", Principal: account }),
        add_permission_optional_fields: await add({
          StatementId: "urlPermission",
          Action: "lambda:InvokeFunctionUrl",
          Principal: "*",
          SourceArn: "arn:aws:s3:::example",
          SourceAccount: account,
          PrincipalOrgID: "o-1234567890",
          FunctionUrlAuthType: "NONE",
        }),
        add_permission_alexa_skill: await add({
          StatementId: "alexaSkill",
          Principal: "*",
          EventSourceToken: "amzn1.ask.skill.xxxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx",
        }),
      };
    },
  },
  {
    file: "api",
    name: "test_layer_policy_lifecycle",
    async run(scene) {
      const { lambda } = scene;
      const LayerName = scene.fresh("layer");
      const publish_result = await said(
        lambda.publishLayerVersion({
          LayerName,
          CompatibleRuntimes: ["python3.12"],
          CompatibleArchitectures: ["x86_64"],
          Content: { ZipFile: scene.zip },
        }),
      );
      const version = { LayerName, VersionNumber: 1 };
      const allow = { ...version, Action: "lambda:GetLayerVersion", Principal: "*" };
      const add_policy_s1 = await said(lambda.addLayerVersionPermission({ ...allow, StatementId: "s1" }));
      const get_layer_version_policy = await said(lambda.getLayerVersionPolicy(version));
      const add_policy_s2 = await said(lambda.addLayerVersionPermission({ ...allow, StatementId: "s2" }));
      const get_layer_version_policy_postadd2 = await said(lambda.getLayerVersionPolicy(version));
      const remove_s2 = await said(lambda.removeLayerVersionPermission({ ...version, StatementId: "s2" }));
      const get_layer_version_policy_postdeletes2 = await said(lambda.getLayerVersionPolicy(version));
      return {
        publish_result,
        add_policy_s1,
        get_layer_version_policy,
        add_policy_s2,
        get_layer_version_policy_postadd2,
        remove_s2,
        get_layer_version_policy_postdeletes2,
      };
    },
  },
  {
    file: "api",
    name: "test_layer_exceptions",
    async run(scene) {
      const { lambda } = scene;
      const LayerName = scene.fresh("layer");
      await lambda.publishLayerVersion({ LayerName, Content: { ZipFile: zipOf({ a: "b" }) } });
      const get = (name: string, VersionNumber: number) =>
        said(lambda.getLayerVersion({ LayerName: name, VersionNumber }));
      const remove = (name: string, VersionNumber: number) =>
        said(lambda.deleteLayerVersion({ LayerName: name, VersionNumber }));
      return {
        list_nonexistent_layer: await said(lambda.listLayerVersions({ LayerName: "absent" })),
        get_layer_version_exc_layer_doesnotexist: await get("absent", 1),
        get_layer_version_exc_layer_version_doesnotexist_negative: await get(LayerName, -1),
        get_layer_version_exc_layer_version_doesnotexist_zero: await get(LayerName, 0),
        get_layer_version_exc_layer_version_doesnotexist_2: await get(LayerName, 2),
        delete_nonexistent_response: await remove("absent", 1),
        delete_nonexistent_version_response: await remove(LayerName, 2),
        delete_layer_response: await remove(LayerName, 1),
        delete_layer_again_response: await remove(LayerName, 1),
        delete_layer_version_exc_layerversion_invalid_version: await remove(LayerName, -1),
      };
    },
  },
  {
    file: "api",
    name: "test_tag_lifecycle[lambda_function]",
    async run(scene) {
      const { lambda } = scene;
      const Resource = scene.arn(await scene.made());
      const answers: Record<string, unknown> = {};
      const step = async (name: string, call: Promise<object>) => {
        answers[name] = await said(call);
        answers[`${name}_listtags`] = await said(lambda.listTags({ Resource }));
      };
      await step("tag_single_response", lambda.tagResource({ Resource, Tags: { A: "tag-a" } }));
      await step("tag_multiple_response", lambda.tagResource({ Resource, Tags: { B: "tag-b", C: "tag-c" } }));
      await step(
        "tag_overlap_response",
        lambda.tagResource({ Resource, Tags: { C: "tag-c-newsuffix", D: "tag-d" } }),
      );
      await step("untag_single_response", lambda.untagResource({ Resource, TagKeys: ["A"] }));
      await step("untag_multiple_response", lambda.untagResource({ Resource, TagKeys: ["B", "C"] }));
      await step("untag_nonexisting_response", lambda.untagResource({ Resource, TagKeys: ["F"] }));
      await step(
        "untag_existing_and_nonexisting_response",
        lambda.untagResource({ Resource, TagKeys: ["D", "F"] }),
      );
      return answers;
    },
  },
  {
    file: "api",
    name: "test_tag_exceptions[lambda_function]",
    async run({ lambda, arn, cloudkeep: _, ...scene }) {
      const Resource = `arn:aws:lambda:us-east-1:000000000000:function:absent${Object.keys(scene).length}`;
      return {
        not_found_exception_tag: await said(lambda.tagResource({ Resource, Tags: { A: "B" } })),
        not_found_exception_untag: await said(lambda.untagResource({ Resource, TagKeys: ["A"] })),
        not_found_exception_list: await said(lambda.listTags({ Resource })),
        aliased_arn_exception: await said(
          lambda.tagResource({ Resource: `${Resource}:alias`, Tags: { A: "B" } }),
        ),
      };
    },
  },
  {
    file: "api",
    name: "test_tag_exceptions[event_source_mapping]",
    async run({ lambda }) {
      const Resource =
        "arn:aws:lambda:us-east-1:000000000000:event-source-mapping:00000000-0000-4000-8000-000000000000";
      return {
        not_found_exception_tag: await said(lambda.tagResource({ Resource, Tags: { A: "B" } })),
        not_found_exception_untag: await said(lambda.untagResource({ Resource, TagKeys: ["A"] })),
        not_found_exception_list: await said(lambda.listTags({ Resource })),
      };
    },
  },
  {
    file: "api",
    name: "test_function_concurrency",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const put = (ReservedConcurrentExecutions: number) =>
        said(lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions }));
      return {
        put_function_concurrency_with_reserved_0: await put(0),
        put_function_concurrency_with_reserved_1: await put(1),
        get_function_concurrency: await said(lambda.getFunctionConcurrency({ FunctionName })),
        delete_response: await said(lambda.deleteFunctionConcurrency({ FunctionName })),
        get_function_concurrency_after_delete: await said(lambda.getFunctionConcurrency({ FunctionName })),
      };
    },
  },
  {
    file: "api",
    name: "test_function_concurrency_exceptions",
    async run(scene) {
      const { lambda } = scene;
      const put = (FunctionName: string) =>
        said(lambda.putFunctionConcurrency({ FunctionName, ReservedConcurrentExecutions: 1 }));
      const name = await scene.made();
      return {
        put_function_concurrency_with_function_name_doesnotexist: await put("doesnotexist"),
        put_function_concurrency_with_qualified_arn: await put(`${scene.arn(name)}:$LATEST`),
      };
    },
  },
  {
    file: "api",
    name: "test_lambda_eventinvokeconfig_lifecycle",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const put = (input: object) => said(lambda.putFunctionEventInvokeConfig({ FunctionName, ...input }));
      const update = (input: object) =>
        said(lambda.updateFunctionEventInvokeConfig({ FunctionName, ...input }));
      const get = (Qualifier?: string) =>
        said(lambda.getFunctionEventInvokeConfig({ FunctionName, Qualifier }));
      const answers: Record<string, unknown> = {
        put_invokeconfig_retries_0: await put({ MaximumRetryAttempts: 0 }),
        put_invokeconfig_eventage_60: await put({ MaximumEventAgeInSeconds: 60 }),
        update_invokeconfig_eventage_nochange: await update({ MaximumEventAgeInSeconds: 60 }),
        update_invokeconfig_retries: await update({ MaximumRetryAttempts: 1 }),
        get_invokeconfig: await get(),
        get_invokeconfig_latest: await get("$LATEST"),
        list_single_invokeconfig: await said(lambda.listFunctionEventInvokeConfigs({ FunctionName })),
        publish_version_result: await said(lambda.publishVersion({ FunctionName })),
        get_invokeconfig_postpublish: await get("1"),
        put_published_invokeconfig: await put({ Qualifier: "1", MaximumEventAgeInSeconds: 120 }),
        get_published_invokeconfig: await get("1"),
      };
      await lambda.deleteFunctionEventInvokeConfig({ FunctionName });
      answers.list_paging_nolimit_postdelete = await said(
        lambda.listFunctionEventInvokeConfigs({ FunctionName }),
      );
      return answers;
    },
  },
  {
    file: "api",
    name: "test_url_config_lifecycle",
    async run(scene) {
      const { lambda } = scene;
      const FunctionName = await scene.made();
      const answers: Record<string, unknown> = {
        url_creation: await said(lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE" })),
        failed_duplication: await said(lambda.createFunctionUrlConfig({ FunctionName, AuthType: "NONE" })),
        get_url_config: await said(lambda.getFunctionUrlConfig({ FunctionName })),
        updated_url_config: await said(lambda.updateFunctionUrlConfig({ FunctionName, AuthType: "AWS_IAM" })),
      };
      await lambda.deleteFunctionUrlConfig({ FunctionName });
      answers.failed_getter = await said(lambda.getFunctionUrlConfig({ FunctionName }));
      return answers;
    },
  },
  {
    file: "api",
    name: "test_event_source_mapping_exceptions",
    async run(scene) {
      const { lambda } = scene;
      const UUID = "00000000-0000-4000-8000-000000000000";
      const EventSourceArn = "arn:aws:sqs:us-east-1:000000000000:somequeue";
      return {
        get_unknown_uuid: await said(lambda.getEventSourceMapping({ UUID })),
        delete_unknown_uuid: await said(lambda.deleteEventSourceMapping({ UUID })),
        update_unknown_uuid: await said(lambda.updateEventSourceMapping({ UUID, Enabled: false })),
        create_no_event_source_arn: await said(
          lambda.createEventSourceMapping({ FunctionName: "doesnotexist" }),
        ),
        create_unknown_params: await said(
          lambda.createEventSourceMapping({ FunctionName: "doesnotexist", EventSourceArn }),
        ),
        destination_config_failure: await said(
          lambda.createEventSourceMapping({
            FunctionName: await scene.made(),
            EventSourceArn,
            DestinationConfig: { OnSuccess: { Destination: EventSourceArn } },
          }),
        ),
      };
    },
  },
];
