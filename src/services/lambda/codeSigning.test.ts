import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { Lambda } from "@aws-sdk/client-lambda";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, optionsOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { invoke, lambdaClient, lambdaRole, makeFunction, zipOf } from "./testing.ts";

/** Code signing; what AWS was recorded to answer stands in test/conformance/lambda.test.ts. */

const source = "export const handler = async () => 'first';";
const other = { ZipFile: zipOf({ "index.mjs": "export const handler = async () => 'second';" }) };

let cloudkeep: Cloudkeep;
let lambda: Lambda;
let role: string;

beforeAll(async () => {
  cloudkeep = await startForTest();
  lambda = lambdaClient(cloudkeep);
  role = await lambdaRole(cloudkeep, "role");
});
afterAll(() => cloudkeep.stop());

/** Makes a configuration; its ARN. */
async function config(policy?: "Warn" | "Enforce", Tags: Record<string, string> = {}): Promise<string> {
  const profile = `arn:aws:signer:us-east-1:${cloudkeep.accountId}:/signing-profiles/own/abcdefghij`;
  const { CodeSigningConfig } = await lambda.createCodeSigningConfig({
    AllowedPublishers: { SigningProfileVersionArns: [profile] },
    ...(policy && { CodeSigningPolicies: { UntrustedArtifactOnDeployment: policy } }),
    Tags,
  });
  return CodeSigningConfig?.CodeSigningConfigArn ?? "";
}

const words = (name: string) =>
  `Lambda cannot deploy the function. The function or layer might be signed using a signature that the client is not configured to accept. Check the provided signature for ${name}.`;

async function refused(call: Promise<unknown>, name: string): Promise<void> {
  const error = await errorOf(call);
  expect(error).toMatchObject({
    name: "CodeVerificationFailedException",
    message: words(name),
    Type: "User",
    $metadata: { httpStatusCode: 400 },
  });
}

describe("where signatures are enforced", () => {
  it("code that is not signed makes no function", async () => {
    const CodeSigningConfigArn = await config("Enforce");
    await refused(makeFunction(lambda, "unsigned", role, source, { CodeSigningConfigArn }), "unsigned");
    expect((await errorOf(lambda.getFunction({ FunctionName: "unsigned" }))).name).toBe(
      "ResourceNotFoundException",
    );
    const { FunctionArns } = await lambda.listFunctionsByCodeSigningConfig({ CodeSigningConfigArn });
    expect(FunctionArns).toEqual([]);
  });

  it("a function keeps and runs what it has, and takes no other code and no layer", async () => {
    const FunctionName = "enforced";
    const { s3 } = clients(cloudkeep, cloudkeep.credentials);
    await makeFunction(lambda, FunctionName, role, source);
    const layer = await lambda.publishLayerVersion({ LayerName: "shared", Content: other });
    const present = layer.LayerVersionArn ?? "";
    await lambda.updateFunctionConfiguration({ FunctionName, Layers: [present] });
    await lambda.putFunctionCodeSigningConfig({
      FunctionName,
      CodeSigningConfigArn: await config("Enforce"),
    });

    await refused(lambda.updateFunctionCode({ FunctionName, ...other }), FunctionName);
    await refused(lambda.updateFunctionCode({ FunctionName, ...other, DryRun: true }), FunctionName);
    const arn = `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:${FunctionName}`;
    await refused(lambda.updateFunctionCode({ FunctionName: arn, ...other }), arn);
    await s3.send(new CreateBucketCommand({ Bucket: "unsigned-code" }));
    await s3.send(new PutObjectCommand({ Bucket: "unsigned-code", Key: "code", Body: other.ZipFile }));
    const stored = { S3Bucket: "unsigned-code", S3Key: "code" };
    await refused(lambda.updateFunctionCode({ FunctionName, ...stored }), FunctionName);

    const next = await lambda.publishLayerVersion({ LayerName: "shared", Content: other });
    const Layers = [next.LayerVersionArn ?? ""];
    await refused(lambda.updateFunctionConfiguration({ FunctionName, Layers }), FunctionName);
    await lambda.updateFunctionConfiguration({ FunctionName, Layers: [present], Description: "as before" });
    await lambda.publishVersion({ FunctionName });
    expect((await invoke(lambda, FunctionName)).value).toBe("first");

    await lambda.deleteFunctionCodeSigningConfig({ FunctionName });
    await lambda.updateFunctionConfiguration({ FunctionName, Layers });
    await lambda.updateFunctionCode({ FunctionName, ...other });
    expect((await invoke(lambda, FunctionName)).value).toBe("second");
  });

  it("a change of the configuration holds for the functions that have it", async () => {
    const FunctionName = "changed";
    const CodeSigningConfigArn = await config();
    await makeFunction(lambda, FunctionName, role, source, { CodeSigningConfigArn });
    await lambda.updateCodeSigningConfig({
      CodeSigningConfigArn,
      CodeSigningPolicies: { UntrustedArtifactOnDeployment: "Enforce" },
    });
    await refused(lambda.updateFunctionCode({ FunctionName, ...other }), FunctionName);
  });
});

it("where they are warned of, code is taken, counted and noted", async () => {
  const FunctionName = "warned";
  const { cloudwatch, cloudtrail } = clients(cloudkeep, cloudkeep.credentials);
  const CodeSigningConfigArn = await config();
  const asked = { CodeSigningConfigArn };
  const { CodeSigningConfig } = await lambda.getCodeSigningConfig(asked);
  expect(CodeSigningConfig?.CodeSigningPolicies).toEqual({ UntrustedArtifactOnDeployment: "Warn" });
  await makeFunction(lambda, FunctionName, role, source, asked);
  await lambda.updateFunctionCode({ FunctionName, ...other });
  await lambda.updateFunctionCode({ FunctionName, ...other, DryRun: true });
  expect((await invoke(lambda, FunctionName)).value).toBe("second");

  const now = Date.now();
  const counted = async () => {
    const { Datapoints = [] } = await cloudwatch.getMetricStatistics({
      Namespace: "AWS/Lambda",
      MetricName: "SignatureValidationErrors",
      Dimensions: [{ Name: "FunctionName", Value: FunctionName }],
      StartTime: new Date(now - 3_600_000),
      EndTime: new Date(now + 3_600_000),
      Period: 7_200,
      Statistics: ["Sum"],
    });
    return Datapoints.reduce((sum, { Sum = 0 }) => sum + Sum, 0);
  };
  await expect.poll(counted, { timeout: 20_000, interval: 200 }).toBe(2);

  const { Events = [] } = await cloudtrail.send(
    new LookupEventsCommand({
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "UpdateFunctionCode20150331v2" }],
    }),
  );
  const noted = Events.map(({ CloudTrailEvent = "{}" }) => JSON.parse(CloudTrailEvent)).filter(
    (event) => event.additionalEventData?.signatureValidationWarning !== undefined,
  );
  expect(noted).toHaveLength(1);
  expect(noted[0].requestParameters.functionName).toBe(FunctionName);
});

describe("a configuration", () => {
  it("that functions use cannot be deleted; a function that is deleted uses none", async () => {
    const first = await config();
    const second = await config();
    const FunctionName = "user";
    await makeFunction(lambda, FunctionName, role, source, { CodeSigningConfigArn: first });
    const remove = (CodeSigningConfigArn: string) => lambda.deleteCodeSigningConfig({ CodeSigningConfigArn });
    const users = async (CodeSigningConfigArn: string) =>
      (await lambda.listFunctionsByCodeSigningConfig({ CodeSigningConfigArn })).FunctionArns;
    expect(await errorOf(remove(first))).toMatchObject({
      name: "ResourceConflictException",
      message: `The code signing configuration ${first} cannot be deleted: functions are using it.`,
    });
    await lambda.putFunctionCodeSigningConfig({ FunctionName, CodeSigningConfigArn: second });
    expect([await users(first), (await users(second))?.length]).toEqual([[], 1]);
    await remove(first);
    await lambda.deleteFunction({ FunctionName });
    await remove(second);
    const gone = await errorOf(lambda.getCodeSigningConfig({ CodeSigningConfigArn: second }));
    expect(gone.message).toBe(`The Lambda code signing configuration ${second} can not be found.`);
  });

  it("that is not there, or stands elsewhere, makes no function", async () => {
    const elsewhere = new Lambda(optionsOf(cloudkeep, cloudkeep.credentials, "eu-west-1"));
    const CodeSigningConfigArn = await config();
    const absent = CodeSigningConfigArn.replace(/csc-.*$/, "csc-0123456789abcdefg");
    const message = (arn: string) =>
      `The code signing configuration cannot be found. Check that the provided configuration is not deleted: ${arn}.`;
    const call = makeFunction(lambda, "none", role, source, { CodeSigningConfigArn: absent });
    expect(await errorOf(call)).toMatchObject({
      name: "CodeSigningConfigNotFoundException",
      message: message(absent),
      $metadata: { httpStatusCode: 404 },
    });
    const far = makeFunction(elsewhere, "none", role, source, { CodeSigningConfigArn });
    expect((await errorOf(far)).message).toBe(message(CodeSigningConfigArn));
    expect((await elsewhere.listCodeSigningConfigs({})).CodeSigningConfigs).toEqual([]);
    expect((await errorOf(elsewhere.getCodeSigningConfig({ CodeSigningConfigArn }))).name).toBe(
      "ResourceNotFoundException",
    );
  });

  it("has tags", async () => {
    const Resource = await config("Warn", { team: "red" });
    await lambda.tagResource({ Resource, Tags: { stage: "test" } });
    expect((await lambda.listTags({ Resource })).Tags).toEqual({ team: "red", stage: "test" });
    await lambda.untagResource({ Resource, TagKeys: ["team"] });
    expect((await lambda.listTags({ Resource })).Tags).toEqual({ stage: "test" });
  });

  it("is listed in pages, as are its functions", async () => {
    const CodeSigningConfigArn = await config();
    await makeFunction(lambda, "listed-a", role, source, { CodeSigningConfigArn });
    await makeFunction(lambda, "listed-b", role, source, { CodeSigningConfigArn });
    const first = await lambda.listFunctionsByCodeSigningConfig({ CodeSigningConfigArn, MaxItems: 1 });
    const rest = await lambda.listFunctionsByCodeSigningConfig({
      CodeSigningConfigArn,
      Marker: first.NextMarker,
    });
    expect(
      [...(first.FunctionArns ?? []), ...(rest.FunctionArns ?? [])].map((arn) => arn.split(":").at(-1)),
    ).toEqual(["listed-a", "listed-b"]);
    expect(rest.NextMarker).toBeUndefined();
    const page = await lambda.listCodeSigningConfigs({ MaxItems: 1 });
    expect(page.CodeSigningConfigs).toHaveLength(1);
    const behind = await lambda.listCodeSigningConfigs({ Marker: page.NextMarker });
    expect(behind.CodeSigningConfigs).not.toContainEqual(page.CodeSigningConfigs?.[0]);
  });
});

it("policies say which configuration functions are to have", async () => {
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const UserName = "developer";
  const wanted = await config();
  const open = await config();
  await iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  const statements = {
    Version: "2012-10-17",
    Statement: [
      { Effect: "Allow", Action: "iam:PassRole", Resource: "*" },
      {
        Effect: "Allow",
        Action: ["lambda:CreateFunction", "lambda:PutFunctionCodeSigningConfig"],
        Resource: "*",
        Condition: { StringEquals: { "lambda:CodeSigningConfigArn": wanted } },
      },
    ],
  };
  const PolicyDocument = JSON.stringify(statements);
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument }));
  const developer = lambdaClient(cloudkeep, credentialsOf(AccessKey));
  const make = (options: { CodeSigningConfigArn?: string }) =>
    makeFunction(developer, "guarded", role, source, options);
  const put = (CodeSigningConfigArn: string) =>
    developer.putFunctionCodeSigningConfig({ FunctionName: "guarded", CodeSigningConfigArn });
  expect((await errorOf(make({}))).name).toBe("AccessDeniedException");
  expect((await errorOf(make({ CodeSigningConfigArn: open }))).name).toBe("AccessDeniedException");
  await make({ CodeSigningConfigArn: wanted });
  expect((await errorOf(put(open))).name).toBe("AccessDeniedException");
  await put(wanted);

  // Of the two resources that are named, either may be denied.
  const denies = policyOf({
    Effect: "Deny",
    Action: "lambda:PutFunctionCodeSigningConfig",
    Resource: wanted,
  });
  await iam.send(new PutUserPolicyCommand({ UserName, PolicyName: "denies", PolicyDocument: denies }));
  expect((await errorOf(put(wanted))).name).toBe("AccessDeniedException");
});
