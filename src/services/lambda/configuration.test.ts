import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { CreateBucketCommand, PutObjectCommand } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { invoke, lambdaClient, lambdaRole, makeFunction, zipOf } from "./testing.ts";

/** Code and configuration of functions: versions, aliases, layers, variables, where code comes from. */

let cloudkeep: Cloudkeep;
let role: string;
let aws: ReturnType<typeof clients>;
const lambda = () => lambdaClient(cloudkeep);
const saying = (what: string) => `export const handler = async () => ${JSON.stringify(what)};`;

beforeAll(async () => {
  cloudkeep = await startForTest();
  aws = clients(cloudkeep, cloudkeep.credentials);
  role = await lambdaRole(cloudkeep, "role", { Action: ["logs:*", "kms:*"], Resource: "*" });
});
afterAll(() => cloudkeep.stop());

async function userWith(UserName: string, statement: Record<string, unknown>) {
  await aws.iam.send(new CreateUserCommand({ UserName }));
  const { AccessKey } = await aws.iam.send(new CreateAccessKeyCommand({ UserName }));
  await aws.iam.send(
    new PutUserPolicyCommand({ UserName, PolicyName: "own", PolicyDocument: policyOf(statement) }),
  );
  return lambdaClient(cloudkeep, credentialsOf(AccessKey));
}

describe("versions and aliases", () => {
  it("keep code as it was", async () => {
    await makeFunction(lambda(), "versioned", role, saying("one"));
    expect((await lambda().publishVersion({ FunctionName: "versioned" })).Version).toBe("1");
    expect((await lambda().publishVersion({ FunctionName: "versioned" })).Version).toBe("1");
    await lambda().updateFunctionCode({
      FunctionName: "versioned",
      ZipFile: zipOf({ "index.mjs": saying("two") }),
    });
    expect((await lambda().publishVersion({ FunctionName: "versioned" })).Version).toBe("2");
    await lambda().createAlias({ FunctionName: "versioned", Name: "live", FunctionVersion: "1" });
    expect((await invoke(lambda(), "versioned")).value).toBe("two");
    expect((await invoke(lambda(), "versioned:1")).value).toBe("one");
    expect((await invoke(lambda(), "versioned:live")).value).toBe("one");
    await lambda().updateAlias({ FunctionName: "versioned", Name: "live", FunctionVersion: "2" });
    expect((await invoke(lambda(), "versioned:live")).value).toBe("two");
    const answer = await lambda().invoke({ FunctionName: "versioned", Qualifier: "live" });
    expect(answer.ExecutedVersion).toBe("2");
  });

  it("share invocations by weight", async () => {
    const RoutingConfig = { AdditionalVersionWeights: { "1": 0.5 } };
    await lambda().updateAlias({ FunctionName: "versioned", Name: "live", RoutingConfig });
    const seen = new Set<unknown>();
    for (let i = 0; i < 60 && seen.size < 2; i += 1)
      seen.add((await invoke(lambda(), "versioned:live")).value);
    expect([...seen].sort()).toEqual(["one", "two"]);
  });

  it("hold what is changed against the revision", async () => {
    const change = lambda().updateFunctionConfiguration({
      FunctionName: "versioned",
      RevisionId: "other",
      Timeout: 5,
    });
    expect(await errorOf(change)).toMatchObject({ name: "PreconditionFailedException" });
  });

  it("that an alias points to stay", async () => {
    const refused = lambda().deleteFunction({ FunctionName: "versioned", Qualifier: "2" });
    expect(await errorOf(refused)).toMatchObject({ name: "ResourceConflictException" });
  });
});

describe("code", () => {
  it("comes from S3, where the caller may read it", async () => {
    await aws.s3.send(new CreateBucketCommand({ Bucket: "code-bucket" }));
    const Body = zipOf({ "index.mjs": saying("from S3") });
    await aws.s3.send(new PutObjectCommand({ Bucket: "code-bucket", Key: "code.zip", Body }));
    const Code = { S3Bucket: "code-bucket", S3Key: "code.zip" };
    const FunctionName = "from-s3";
    const input = {
      FunctionName,
      Role: role,
      Runtime: "nodejs20.x" as const,
      Handler: "index.handler",
      Code,
    };
    const poor = await userWith("poor", { Action: ["lambda:*", "iam:PassRole"], Resource: "*" });
    expect((await errorOf(poor.createFunction(input))).message).toMatch(
      /^Error occurred while GetObject\. S3 Error Code: AccessDenied\./,
    );
    await lambda().createFunction(input);
    expect((await invoke(lambda(), FunctionName)).value).toBe("from S3");
  });

  it("can be had at the location that GetFunction says", async () => {
    const { Code } = await lambda().getFunction({ FunctionName: "from-s3" });
    const answer = await fetch(Code?.Location ?? "");

    expect(Buffer.from(await answer.arrayBuffer()).equals(zipOf({ "index.mjs": saying("from S3") }))).toBe(
      true,
    );
    expect((await fetch(`${Code?.Location}0`)).status).toBe(403);
    await cloudkeep.clock.advance(11 * 60_000);
    expect((await fetch(Code?.Location ?? "")).status).toBe(403);
  });

  it("changes at once for those who come after", async () => {
    await lambda().updateFunctionCode({
      FunctionName: "from-s3",
      ZipFile: zipOf({ "index.mjs": saying("changed") }),
    });
    expect((await invoke(lambda(), "from-s3")).value).toBe("changed");
  });
});

describe("layers", () => {
  it("stand below /opt, the later over the earlier", async () => {
    const publish = (LayerName: string, text: string) =>
      lambda().publishLayerVersion({
        LayerName,
        Content: {
          ZipFile: zipOf({
            "nodejs/node_modules/shared/index.js": `module.exports = "${text}";`,
            [`${LayerName}.txt`]: text,
          }),
        },
      });
    const first = await publish("first", "first");
    const second = await publish("second", "second");
    const source = {
      "index.js": "exports.handler = async () => [require('shared')];",
    };
    const Layers = [first.LayerVersionArn ?? "", second.LayerVersionArn ?? ""];
    await makeFunction(lambda(), "layered", role, source, { Layers });
    const { value } = await invoke(lambda(), "layered");
    expect((value as [string])[0]).toBe("second");
    await lambda().deleteLayerVersion({ LayerName: "first", VersionNumber: 1 });
    await lambda().updateFunctionConfiguration({ FunctionName: "layered", Timeout: 9 });
    expect(((await invoke(lambda(), "layered")).value as [string])[0]).toBe("second");
  });
});

describe("variables", () => {
  it("under a customer's key are opened with the function's own role", async () => {
    const { KeyMetadata } = await aws.kms.send(new CreateKeyCommand({}));
    const KMSKeyArn = KeyMetadata?.Arn ?? "";
    const source = "export const handler = async () => process.env.SECRET;";
    await makeFunction(lambda(), "sealed", role, source, {
      KMSKeyArn,
      Environment: { Variables: { SECRET: "sealed" } },
    });
    expect((await invoke(lambda(), "sealed")).value).toBe("sealed");
    expect((await lambda().getFunctionConfiguration({ FunctionName: "sealed" })).Environment).toEqual({
      Variables: { SECRET: "sealed" },
    });
    const poor = await userWith("reader", { Action: "lambda:*", Resource: "*" });
    const { Environment } = await poor.getFunctionConfiguration({ FunctionName: "sealed" });
    expect(Environment).toMatchObject({ Error: { ErrorCode: "AccessDeniedException" } });
    expect(Environment?.Variables).toBeUndefined();
    await aws.kms.send(new DisableKeyCommand({ KeyId: KMSKeyArn }));
    await cloudkeep.clock.advance(60 * 60_000);
    expect(await errorOf(lambda().invoke({ FunctionName: "sealed" }))).toMatchObject({
      name: "KMSDisabledException",
    });
  });

  it("of AWS cannot be set", async () => {
    const made = makeFunction(lambda(), "reserved", role, saying(""), {
      Environment: { Variables: { AWS_REGION: "x" } },
    });
    expect((await errorOf(made)).message).toContain("Reserved keys used in this request: AWS_REGION");
  });
});

describe("a function's role", () => {
  it("must let Lambda take it on, and the caller pass it", async () => {
    const foreign = `arn:aws:iam::${cloudkeep.accountId}:role/absent`;
    expect((await errorOf(makeFunction(lambda(), "no-role", foreign, saying("")))).message).toBe(
      "The role defined for the function cannot be assumed by Lambda.",
    );
    const poor = await userWith("no-pass", { Action: "lambda:*", Resource: "*" });
    expect((await errorOf(makeFunction(poor, "no-pass", role, saying("")))).message).toContain(
      "iam:PassRole",
    );
  });
});
