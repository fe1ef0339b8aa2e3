import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Role } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { account, allowsAll, type Bench, policyOf, startBench, trusting, trustsEc2 } from "./testing.ts";

/** The same calls that were recorded from AWS, against Cloudkeep: the answers must agree. */

const file = join(import.meta.dirname, "../../../../shared/vectors/aws-recorded/iam/test_iam.snapshot.json");
const isPresent = existsSync(file);
if (!isPresent) console.log(`Skipped: the recorded answers are not at ${file}.`);

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
type Recorded = Record<string, { "recorded-content": Record<string, Json> }>;

const recordings: Recorded = isPresent ? (JSON.parse(readFileSync(file, "utf8")) as Recorded) : {};

function recorded(name: string): Record<string, Json> {
  const found = Object.entries(recordings).find(([key]) => key.endsWith(`::${name}`));
  if (found === undefined) throw new Error(`Nothing is recorded for ${name}.`);
  return found[1]["recorded-content"];
}

/** Names of recordings of one test, by its parameter. */
function parametersOf(test: string): string[] {
  return Object.keys(recordings).flatMap((key) => {
    const [name, parameter] = key.split("::").at(-1)?.split(/[[\]]/) ?? [];
    return name === test && parameter !== undefined ? [parameter] : [];
  });
}

/** An answer in the form of the recordings: documents decoded, times and ids as placeholders stand for them. */
function asRecorded(value: unknown, name = ""): unknown {
  if (value instanceof Date) return "<datetime>";
  if (Array.isArray(value)) return value.map((each) => asRecorded(each));
  if (typeof value === "string")
    return /Document$/.test(name) ? JSON.parse(decodeURIComponent(value)) : value;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "$metadata")
      .map(([key, member]) => [key, asRecorded(member, key)]),
  );
}

/** The recording with its placeholders as patterns. */
function pattern(value: Json | undefined): unknown {
  if (Array.isArray(value)) return value.map(pattern);
  if (typeof value === "string" && value !== "<datetime>" && /<[\w:-]+>/.test(value)) {
    const text = value.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replace("111111111111", account);
    return expect.stringMatching(new RegExp(`^${text.replace(/<[\w:-]+>/g, ".+")}$`));
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([key]) => key !== "ResponseMetadata")
      .map(([key, member]) => [key, pattern(member)]),
  );
}

function expectAsRecorded(answer: unknown, recording: Json | undefined): void {
  expect(asRecorded(answer)).toEqual(pattern(recording));
}

interface RecordedError {
  Error: { Code: string; Message: string };
  ResponseMetadata: { HTTPStatusCode: number };
}

async function expectErrorAsRecorded(call: Promise<unknown>, recording: Json | undefined): Promise<void> {
  const { Error: wanted, ResponseMetadata } = recording as unknown as RecordedError;
  const error = await errorOf(call);
  expect(error.name.replace(/Exception$/, "")).toBe(wanted.Code);
  expect(error.message).toEqual(pattern(wanted.Message));
  expect(error.$metadata?.httpStatusCode).toBe(ResponseMetadata.HTTPStatusCode);
}

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

describe.skipIf(!isPresent)("roles, as AWS answered", () => {
  it("creates, shows and lists a role", async () => {
    const answers = recorded("test_create_describe_role");
    const input = { RoleName: "described", Path: "/some/", AssumeRolePolicyDocument: trustsEc2 };
    expectAsRecorded(await bench.root.createRole(input), answers.create_role_result);
    expectAsRecorded(await bench.root.getRole({ RoleName: "described" }), answers.get_role_result);
    expectAsRecorded(await bench.root.listRoles({ PathPrefix: "/some/" }), answers.list_roles_result);
  });

  it("shows tags where AWS shows them", async () => {
    const answers = recorded("test_role_with_tags");
    const Tags = [{ Key: "test", Value: "value" }];
    const input = {
      RoleName: "with-tags",
      Path: "/role-with-tags/",
      AssumeRolePolicyDocument: trustsEc2,
      Tags,
    };
    expectAsRecorded(await bench.root.createRole(input), answers["create-role-response"]);
    expectAsRecorded(await bench.root.getRole({ RoleName: "with-tags" }), answers["get-role-response"]);
    const listed = await bench.root.listRoles({ PathPrefix: "/role-with-tags/" });
    expectAsRecorded(listed, answers["list-role-response"]);
  });

  it("refuses a document that is no JSON", async () => {
    const call = bench.root.createRole({ RoleName: "malformed", AssumeRolePolicyDocument: "[]" });
    const answers = recorded("test_create_role_with_malformed_assume_role_policy_document");
    await expectErrorAsRecorded(call, answers["invalid-json"]);
  });

  it("takes a role with a path through its life", async () => {
    const answers = recorded("test_role_with_path_lifecycle");
    const AssumeRolePolicyDocument = trusting({ Service: "lambda.amazonaws.com" });
    const created = await bench.root.createRole({
      RoleName: "pathed",
      Path: "/path1/path2/",
      AssumeRolePolicyDocument,
    });
    expectAsRecorded(created, answers["create-role-response"]);
    expectAsRecorded(await bench.root.getRole({ RoleName: "pathed" }), answers["get-role-response"]);
    expectAsRecorded(await bench.root.deleteRole({ RoleName: "pathed" }), answers["delete-role-response"]);
  });
});

describe.skipIf(!isPresent)("policies, as AWS answered", () => {
  it.each(["user", "role"] as const)("attaches to a %s", async (kind) => {
    const answers = recorded(`test_${kind}_attach_policy`);
    const created = await bench.root.createPolicy({ PolicyName: `for-${kind}`, PolicyDocument: allowsAll });
    if (kind === "user") expectAsRecorded(created, answers.create_policy_response);
    await bench.root.createUser({ UserName: `attach-${kind}` });
    await bench.root.createRole({ RoleName: `attach-${kind}`, AssumeRolePolicyDocument: trustsEc2 });
    const attach = (PolicyArn: string) =>
      kind === "user"
        ? bench.root.attachUserPolicy({ UserName: `attach-${kind}`, PolicyArn })
        : bench.root.attachRolePolicy({ RoleName: `attach-${kind}`, PolicyArn });
    const { non_existent_malformed_policy_arn, existing_policy_name_provided } = answers;
    await expectErrorAsRecorded(attach("longpolicynamebutnoarn"), non_existent_malformed_policy_arn);
    await expectErrorAsRecorded(attach("for-user-but-no-arn-at-all"), existing_policy_name_provided);
    await expectErrorAsRecorded(attach(`${created.Policy?.Arn}123`), answers.valid_arn_not_existent);
    expectAsRecorded(await attach(created.Policy?.Arn ?? ""), answers.valid_policy_arn);
  });

  it("does not find what is not there", async () => {
    const answers = recorded("test_delete_non_existent_policy_returns_no_such_entity");
    const PolicyArn = `arn:aws:iam::${account}:policy/non-existent-policy`;
    const call = bench.root.deletePolicy({ PolicyArn });
    await expectErrorAsRecorded(call, answers["delete-non-existent-policy-exc"]);
  });

  it("gives inline documents back with their escapes", async () => {
    const PolicyDocument = policyOf({
      Effect: "Allow",
      Action: ["apigatway:PUT"],
      Resource: [
        "arn:aws:apigateway:us-east-1::/tags/arn%3Aaws%3Aapigateway%3Aus-east-1%3A%3A%2Frestapis%2Faaeeieije",
      ],
    });
    const name = "encoded";
    const input = { PolicyName: name, PolicyDocument };
    await bench.root.createUser({ UserName: name });
    await bench.root.createGroup({ GroupName: name });
    await bench.root.createRole({ RoleName: name, AssumeRolePolicyDocument: trustsEc2 });
    await bench.root.putUserPolicy({ UserName: name, ...input });
    await bench.root.putGroupPolicy({ GroupName: name, ...input });
    await bench.root.putRolePolicy({ RoleName: name, ...input });
    const answer = (kind: string) => recorded(`test_put_${kind}_policy_encoding`)["get-policy-response"];
    expectAsRecorded(await bench.root.getUserPolicy({ UserName: name, PolicyName: name }), answer("user"));
    expectAsRecorded(await bench.root.getGroupPolicy({ GroupName: name, PolicyName: name }), answer("group"));
    expectAsRecorded(await bench.root.getRolePolicy({ RoleName: name, PolicyName: name }), answer("role"));
  });
});

describe.skipIf(!isPresent)("service-linked roles, as AWS answered", () => {
  const services = parametersOf("test_service_role_lifecycle");

  it.each(services)("of %s", async (AWSServiceName) => {
    const answers = recorded(`test_service_role_lifecycle[${AWSServiceName}]`);
    const { Role } = await bench.root.createServiceLinkedRole({ AWSServiceName });
    const RoleName = Role?.RoleName;
    const shown = await bench.root.getRole({ RoleName });
    const wanted = pattern(answers["describe-response"]) as { Role: Role };
    // Some of the recorded roles had been used before.
    const RoleLastUsed = shown.Role?.RoleLastUsed;
    expect(asRecorded(shown)).toEqual({ Role: { ...wanted.Role, RoleLastUsed } });
    expectAsRecorded(await bench.root.listRolePolicies({ RoleName }), answers["inline-role-policies"]);
    const attached = await bench.root.listAttachedRolePolicies({ RoleName });
    expectAsRecorded(attached, answers["attached-role-policies"]);
  });

  it.each(parametersOf("test_service_role_lifecycle_custom_suffix_not_allowed"))(
    "of %s, without suffix",
    async (AWSServiceName) => {
      const answers = recorded(`test_service_role_lifecycle_custom_suffix_not_allowed[${AWSServiceName}]`);
      const call = bench.root.createServiceLinkedRole({ AWSServiceName, CustomSuffix: "more" });
      await expectErrorAsRecorded(call, answers["custom-suffix-not-allowed"]);
    },
  );

  it.each(parametersOf("test_service_role_lifecycle_custom_suffix"))(
    "of %s, with suffix",
    async (AWSServiceName) => {
      const answers = recorded(`test_service_role_lifecycle_custom_suffix[${AWSServiceName}]`);
      const { Role } = await bench.root.createServiceLinkedRole({ AWSServiceName, CustomSuffix: "more" });
      const shown = await bench.root.getRole({ RoleName: Role?.RoleName });
      expectAsRecorded(shown, answers["describe-response"]);
    },
  );

  it("is made once, and goes", async () => {
    const again = bench.root.createServiceLinkedRole({ AWSServiceName: "batch.amazonaws.com" });
    const taken = recorded("test_service_role_already_exists");
    await expectErrorAsRecorded(again, taken["role-already-exists-error"]);
    const answers = recorded("test_service_role_deletion");
    const deletion = await bench.root.deleteServiceLinkedRole({ RoleName: "AWSServiceRoleForBatch" });
    expectAsRecorded(deletion, answers["service-linked-role-deletion-response"]);
    const { DeletionTaskId } = deletion;
    const status = await bench.root.getServiceLinkedRoleDeletionStatus({ DeletionTaskId });
    expectAsRecorded(status, answers["service-linked-role-deletion-status-response"]);
  });
});
