import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { aws, environment, hasBoto3, hasCli, python } from "./unmodified.ts";

/** The same journey with the AWS CLI and with boto3, both as they are. */

let cloudkeep: Cloudkeep;
let folder: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  folder = mkdtempSync(join(tmpdir(), "cloudkeep-journey-"));
});
afterAll(async () => {
  await cloudkeep.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** Runs the AWS CLI; its JSON. */
async function cli(args: string[], env = environment(cloudkeep)): Promise<Record<string, never>> {
  const stdout = await aws(env, ...args, "--output", "json");
  return stdout.trim() === "" ? {} : (JSON.parse(stdout) as Record<string, never>);
}

async function refusal(args: string[], env: NodeJS.ProcessEnv): Promise<string> {
  try {
    await cli(args, env);
  } catch (error) {
    return (error as { stderr: string }).stderr;
  }
  throw new Error(`aws ${args.join(" ")} should have been refused.`);
}

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("makes a user and a role, takes the role on, encrypts, is refused and finds it all in the history", async () => {
    expect(await cli(["sts", "get-caller-identity"])).toMatchObject({ Account: cloudkeep.accountId });
    await cli(["iam", "create-user", "--user-name", "alice", "--tags", "Key=team,Value=data"]);
    const { AccessKey } = (await cli(["iam", "create-access-key", "--user-name", "alice"])) as unknown as {
      AccessKey: { AccessKeyId: string; SecretAccessKey: string };
    };
    const alice = environment(cloudkeep, {
      accessKeyId: AccessKey.AccessKeyId,
      secretAccessKey: AccessKey.SecretAccessKey,
    });
    expect(await refusal(["iam", "list-users"], alice)).toContain(
      "is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::000000000000:user/ because no identity-based policy allows the iam:ListUsers action",
    );

    const trust = join(folder, "trust.json");
    writeFileSync(
      trust,
      JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { AWS: "arn:aws:iam::000000000000:user/alice" },
            Action: "sts:AssumeRole",
          },
        ],
      }),
    );
    await cli([
      "iam",
      "create-role",
      "--role-name",
      "keys",
      "--assume-role-policy-document",
      `file://${trust}`,
    ]);
    await cli([
      "iam",
      "attach-role-policy",
      "--role-name",
      "keys",
      "--policy-arn",
      "arn:aws:iam::aws:policy/AWSKeyManagementServicePowerUser",
    ]);
    const role = "arn:aws:iam::000000000000:role/keys";
    const assumed = (await cli(
      ["sts", "assume-role", "--role-arn", role, "--role-session-name", "work"],
      alice,
    )) as unknown as { Credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string } };
    const { AccessKeyId: accessKeyId, SecretAccessKey: secretAccessKey, SessionToken } = assumed.Credentials;
    const session = environment(cloudkeep, { accessKeyId, secretAccessKey, sessionToken: SessionToken });

    const { KeyMetadata } = (await cli(
      ["kms", "create-key", "--description", "orders"],
      session,
    )) as unknown as {
      KeyMetadata: { KeyId: string };
    };
    const plain = join(folder, "plain.txt");
    writeFileSync(plain, "4111 1111 1111 1111");
    const { CiphertextBlob } = (await cli([
      "kms",
      "encrypt",
      "--key-id",
      KeyMetadata.KeyId,
      "--plaintext",
      `fileb://${plain}`,
      "--encryption-context",
      "table=orders",
    ])) as unknown as { CiphertextBlob: string };
    const sealed = join(folder, "sealed.bin");
    writeFileSync(sealed, Buffer.from(CiphertextBlob, "base64"));
    const open = ["kms", "decrypt", "--ciphertext-blob", `fileb://${sealed}`, "--encryption-context"];
    const { Plaintext } = (await cli([...open, "table=orders"])) as unknown as { Plaintext: string };
    expect(Buffer.from(Plaintext, "base64").toString()).toBe("4111 1111 1111 1111");
    expect(await refusal([...open, "table=other"], environment(cloudkeep))).toContain(
      "InvalidCiphertextException",
    );
    expect(await refusal([...open, "table=orders"], session)).toContain("AccessDeniedException");

    const { Events } = (await cli([
      "cloudtrail",
      "lookup-events",
      "--lookup-attributes",
      "AttributeKey=EventName,AttributeValue=Decrypt",
    ])) as unknown as { Events: { CloudTrailEvent: string }[] };
    const errors = Events.map(
      ({ CloudTrailEvent }) => (JSON.parse(CloudTrailEvent) as { errorCode?: string }).errorCode,
    );
    expect(errors).toEqual(
      ["AccessDenied", "InvalidCiphertextException", undefined].map((code, i) =>
        i === 0 ? expect.stringMatching(/^AccessDenied/) : code,
      ),
    );
  }, 120_000);
});

const script = `
import base64, json, os, boto3
from botocore.exceptions import ClientError
url = os.environ["AWS_ENDPOINT_URL"]
make = lambda name, region="us-east-1": boto3.client(name, endpoint_url=url, region_name=region)
iam, kms, sts, trail = make("iam"), make("kms"), make("sts"), make("cloudtrail")
out = {"account": sts.get_caller_identity()["Account"]}
for i in range(7): iam.create_user(UserName="page-%d" % i)
pages = iam.get_paginator("list_users").paginate(PaginationConfig={"PageSize": 3})
out["users"] = [u["UserName"] for page in pages for u in page["Users"] if u["UserName"].startswith("page-")]
doc = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "iam:Get*", "Resource": "*"}]}
iam.put_user_policy(UserName="page-0", PolicyName="read", PolicyDocument=json.dumps(doc))
out["document"] = iam.get_user_policy(UserName="page-0", PolicyName="read")["PolicyDocument"] == doc
key = kms.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]
signature = kms.sign(KeyId=key["KeyId"], Message=b"hello", SigningAlgorithm="RSASSA_PSS_SHA_256")["Signature"]
out["valid"] = kms.verify(KeyId=key["KeyId"], Message=b"hello", Signature=signature, SigningAlgorithm="RSASSA_PSS_SHA_256")["SignatureValid"]
try:
    kms.verify(KeyId=key["KeyId"], Message=b"other", Signature=signature, SigningAlgorithm="RSASSA_PSS_SHA_256")
except ClientError as error:
    out["invalid"] = error.response["Error"]["Code"]
try:
    boto3.client("sts", endpoint_url=url, region_name="us-east-1", aws_secret_access_key="wrong", aws_access_key_id=os.environ["AWS_ACCESS_KEY_ID"]).get_caller_identity()
except ClientError as error:
    out["wrong"] = error.response["Error"]["Code"]
try:
    make("iam").get_user(UserName="nobody-here")
except iam.exceptions.NoSuchEntityException as error:
    out["missing"] = error.response["Error"]["Message"]
out["elsewhere"] = make("kms", "eu-west-1").list_keys()["Keys"]
out["events"] = sorted({e["EventName"] for e in trail.lookup_events()["Events"]})
print(json.dumps(out))
`;

describe.skipIf(!hasBoto3)("boto3", () => {
  it("pages, signs, verifies, and gets AWS's errors as its own exceptions", async () => {
    const stdout = await python(environment(cloudkeep), script);
    expect(JSON.parse(stdout)).toMatchObject({
      account: cloudkeep.accountId,
      users: Array.from({ length: 7 }, (_, i) => `page-${i}`),
      document: true,
      valid: true,
      invalid: "KMSInvalidSignatureException",
      wrong: "SignatureDoesNotMatch",
      missing: "The user with name nobody-here cannot be found.",
      elsewhere: [],
      events: expect.arrayContaining(["CreateUser", "PutUserPolicy", "Sign", "Verify"]),
    });
  }, 60_000);
});
