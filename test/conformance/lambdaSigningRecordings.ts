import type { Recording } from "./lambda.test.ts";
import { type Answers, type Scene, said } from "./lambdaScene.ts";

/** Code signing configurations. */

function input({ cloudkeep }: Scene) {
  return {
    Description: "Testing CodeSigning Config",
    AllowedPublishers: {
      SigningProfileVersionArns: [`arn:aws:signer:us-east-1:${cloudkeep.accountId}:/signing-profiles/test`],
    },
    CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" as const },
  };
}

async function lifecycle(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const create = await said(lambda.createCodeSigningConfig(input(scene)));
  const { CodeSigningConfigArn } = create.CodeSigningConfig as { CodeSigningConfigArn: string };
  const asked = { CodeSigningConfigArn };
  const warn = { CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Warn" as const } };
  const update = await said(lambda.updateCodeSigningConfig({ ...asked, ...warn }));
  const get = await said(lambda.getCodeSigningConfig(asked));
  const put = await said(lambda.putFunctionCodeSigningConfig({ ...asked, FunctionName }));
  const getFunctions = await said(lambda.getFunctionCodeSigningConfig({ FunctionName }));
  const { CodeSigningConfigs = [] } = await lambda.listCodeSigningConfigs({});
  return {
    create_code_signing_config: create,
    update_code_signing_config: update,
    get_code_signing_config: get,
    put_function_code_signing_config: put,
    get_function_code_signing_config: getFunctions,
    list_code_signing_configs: CodeSigningConfigs.find(
      (one) => one.CodeSigningConfigArn === CodeSigningConfigArn,
    ),
    list_functions_by_code_signing_config: await said(lambda.listFunctionsByCodeSigningConfig(asked)),
    delete_function_code_signing_config: await said(lambda.deleteFunctionCodeSigningConfig({ FunctionName })),
    delete_code_signing_config: await said(lambda.deleteCodeSigningConfig(asked)),
  };
}

async function notFound(scene: Scene): Promise<Answers> {
  const { lambda } = scene;
  const FunctionName = await scene.made();
  const create = await said(lambda.createCodeSigningConfig(input(scene)));
  const { CodeSigningConfigArn } = create.CodeSigningConfig as { CodeSigningConfigArn: string };
  const config = { CodeSigningConfigArn };
  const noConfig = {
    CodeSigningConfigArn: CodeSigningConfigArn.replace(/csc-.*$/, "csc-00000000000000000"),
  };
  const noFunction = { FunctionName: "csc-test-doesnotexist" };
  const warn = { CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Warn" as const } };
  return {
    create_code_signing_config: create,
    delete_csc_notfound: await said(lambda.deleteCodeSigningConfig(noConfig)),
    nothing_to_delete_response: await said(lambda.deleteFunctionCodeSigningConfig({ FunctionName })),
    delete_function_csc_fnnotfound: await said(lambda.deleteFunctionCodeSigningConfig(noFunction)),
    put_function_csc_invalid_fnname: await said(
      lambda.putFunctionCodeSigningConfig({ ...config, ...noFunction }),
    ),
    put_function_csc_invalid_csc_arn: await said(
      lambda.putFunctionCodeSigningConfig({ ...noConfig, FunctionName }),
    ),
    put_function_csc_invalid_both: await said(
      lambda.putFunctionCodeSigningConfig({ ...noConfig, ...noFunction }),
    ),
    update_csc_invalid_csc_arn: await said(lambda.updateCodeSigningConfig({ ...noConfig, ...warn })),
    update_csc_noupdates: await said(lambda.updateCodeSigningConfig(noConfig)),
    update_csc_noupdate_response: await said(lambda.updateCodeSigningConfig(config)),
    get_csc_invalid: await said(lambda.getCodeSigningConfig(noConfig)),
    get_function_csc_fnwithoutcsc: await said(lambda.getFunctionCodeSigningConfig({ FunctionName })),
    get_function_csc_nonexistingfn: await said(lambda.getFunctionCodeSigningConfig(noFunction)),
    list_functions_by_csc_fnwithoutcsc: await said(lambda.listFunctionsByCodeSigningConfig(config)),
    list_functions_by_csc_invalid_cscarn: await said(lambda.listFunctionsByCodeSigningConfig(noConfig)),
  };
}

export const signingRecordings: Recording[] = [
  { file: "api", name: "test_function_code_signing_config", run: lifecycle },
  { file: "api", name: "test_code_signing_not_found_excs", run: notFound },
];
