import type { Runtime } from "@aws-sdk/client-lambda";
import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Layers, and the functions that use them. */

const content = { Content: { ZipFile: zipOf({ "layer.txt": "a" }) } };

async function lifecycle(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const [FunctionName, LayerName] = [await scene.made(), scene.fresh("layer")];
  const described = { Description: "a layer", LicenseInfo: "MIT" };
  const publish = () =>
    said(
      lambda.publishLayerVersion({
        LayerName,
        CompatibleRuntimes: ["python3.12"],
        CompatibleArchitectures: ["x86_64"],
        ...described,
        ...content,
      }),
    );
  const config = () => said(lambda.getFunctionConfiguration({ FunctionName }));
  const list = () => said(lambda.listLayerVersions({ LayerName }));
  const remove = (VersionNumber: number) => said(lambda.deleteLayerVersion({ LayerName, VersionNumber }));
  const get_fn_result = await said(lambda.getFunction({ FunctionName }));
  const get_fn_config_result = await config();
  const publish_result = await publish();
  const Arn = publish_result.LayerVersionArn as string;
  return {
    get_fn_result,
    get_fn_config_result,
    publish_result,
    publish_result_2: await publish(),
    update_fn_config: await said(lambda.updateFunctionConfiguration({ FunctionName, Layers: [Arn] })),
    get_fn_config: await config(),
    get_layer_ver_result: await said(lambda.getLayerVersion({ LayerName, VersionNumber: 1 })),
    get_layer_by_arn_version: await said(lambda.getLayerVersionByArn({ Arn })),
    list_layer_versions_predelete: await list(),
    delete_layer_1: await remove(1),
    get_fn_config_postdelete: await config(),
    delete_layer_2: await remove(2),
    list_layer_versions_postdelete: await list(),
    publish_result_3: await publish(),
  };
}

async function policies(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const LayerName = scene.fresh("layer");
  const version = { LayerName, VersionNumber: 1 };
  const absent = { LayerName: `${LayerName}-doesnotexist`, VersionNumber: 1 };
  const later = { LayerName, VersionNumber: 2 };
  const add = (input: object) =>
    said(
      lambda.addLayerVersionPermission({
        ...version,
        Action: "lambda:GetLayerVersion",
        Principal: "*",
        StatementId: "s1",
        ...input,
      }),
    );
  const get = (input: typeof version) => said(lambda.getLayerVersionPolicy(input));
  const remove = (input: object) =>
    said(lambda.removeLayerVersionPermission({ ...version, StatementId: "s1", ...input }));
  return {
    publish_result: await said(
      lambda.publishLayerVersion({
        LayerName,
        CompatibleRuntimes: ["python3.12"],
        CompatibleArchitectures: ["x86_64"],
        ...content,
      }),
    ),
    layer_permission_nopolicy_get: await get(version),
    add_layer_permission_result: await add({}),
    layer_permission_action_invalid: await add({ Action: "*", StatementId: "s2" }),
    layer_permission_duplicate_statement: await add({}),
    layer_permission_wrong_revision: await add({ StatementId: "s2", RevisionId: "wrong" }),
    layer_permission_layername_doesnotexist_add: await add(absent),
    layer_permission_layername_doesnotexist_get: await get(absent),
    layer_permission_layername_doesnotexist_remove: await remove(absent),
    layer_permission_layerversion_doesnotexist_add: await add(later),
    layer_permission_layerversion_doesnotexist_get: await get(later),
    layer_permission_layerversion_doesnotexist_remove: await remove(later),
    layer_permission_statementid_doesnotexist_remove: await remove({ StatementId: "doesnotexist" }),
    layer_permission_wrong_revision_remove: await remove({ RevisionId: "wrong" }),
  };
}

async function wrongLayers(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const LayerName = scene.fresh("layer");
  const publish = () =>
    said(
      lambda.publishLayerVersion({
        LayerName,
        CompatibleRuntimes: [],
        CompatibleArchitectures: ["x86_64"],
        ...content,
      }),
    );
  const [first, second, third] = [await publish(), await publish(), await publish()];
  const [one, two, three] = [first, second, third].map(({ LayerVersionArn }) => LayerVersionArn as string);
  const layer = first.LayerArn as string;
  const FunctionName = await scene.made();
  const use = (...Layers: (string | undefined)[]) =>
    said(lambda.updateFunctionConfiguration({ FunctionName, Layers: Layers as string[] }));
  return {
    publish_result: first,
    publish_result_2: second,
    publish_result_3: third,
    get_fn_result: await said(lambda.getFunction({ FunctionName })),
    two_layer_versions_single_function_exc: await use(one, two),
    three_layer_versions_single_function_exc: await use(one, two, three),
    two_identical_layer_versions_single_function_exc: await use(one, one),
    add_nonexistent_layer_exc: await use(layer.replace(LayerName, "doesnotexist:1")),
    add_nonexistent_layer_version_exc: await use(`${layer}:9`),
    add_layer_arn_without_version_exc: await use(layer),
    create_function_with_layer_in_different_region: await said(
      lambda.createFunction(
        scene.input(scene.fresh("fn"), { Layers: [one?.replace("us-east-1", "eu-west-1")] }),
      ),
    ),
  };
}

const runtimes = [
  "nodejs24.x,nodejs22.x,nodejs20.x,nodejs18.x,nodejs16.x,nodejs14.x,nodejs12.x,python3.14,python3.13,python3.12,python3.11,python3.10,python3.9,python3.8,python3.7",
  "java25,java21,java17,java11,java8.al2,java8,dotnet10,dotnet8,dotnet6,dotnetcore3.1,go1.x,ruby3.4,ruby3.3,ruby3.2,ruby2.7",
  "provided.al2023,provided.al2,provided",
];

export const layerRecordings: Recording[] = [
  { file: "api", name: "test_layer_lifecycle", run: lifecycle },
  { file: "api", name: "test_layer_policy_exceptions", run: policies },
  { file: "api", name: "test_layer_function_exceptions", run: wrongLayers },
  ...runtimes.map(
    (names, i): Recording => ({
      file: "api",
      name: `test_layer_compatibilities[runtimes${i}]`,
      run: async (scene) => ({
        publish_result: await said(
          scene.lambda.publishLayerVersion({
            LayerName: scene.fresh("layer"),
            CompatibleRuntimes: names.split(",") as Runtime[],
            CompatibleArchitectures: ["arm64", "x86_64"],
            ...content,
          }),
        ),
      }),
    }),
  ),
  {
    file: "api",
    name: "test_layer_s3_content",
    async run(scene) {
      const S3Bucket = await scene.bucket();
      await scene.s3.putObject({ Bucket: S3Bucket, Key: "layer.zip", Body: content.Content.ZipFile });
      const LayerName = scene.fresh("layer");
      const Content = { S3Bucket, S3Key: "layer.zip" };
      return { publish_layer_result: await said(scene.lambda.publishLayerVersion({ LayerName, Content })) };
    },
  },
  {
    file: "api",
    name: "test_layer_function_quota_exception",
    async run(scene) {
      const Layers: string[] = [];
      for (let i = 0; i < 6; i++) {
        const LayerName = scene.fresh("layer");
        const { LayerVersionArn = "" } = await scene.lambda.publishLayerVersion({ LayerName, ...content });
        Layers.push(LayerVersionArn);
      }
      return {
        create_function_with_six_layers: await said(
          scene.lambda.createFunction(scene.input(scene.fresh("fn"), { Layers })),
        ),
      };
    },
  },
];
