import { type CreateRoleCommandInput, IAM } from "@aws-sdk/client-iam";
import { type AssumeRoleCommandInput, STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { type Credentials, credentialsOf, optionsOf, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

const recorded = recordedAnswers("sts/test_sts.snapshot.json");

let cloudkeep: Cloudkeep;
let iam: IAM;
let sts: STS;
const options = (credentials: Credentials) => optionsOf(cloudkeep, credentials);
beforeAll(async () => {
  cloudkeep = await startForTest();
  iam = new IAM(options(cloudkeep.credentials));
  await iam.createUser({ UserName: "caller" });
  await iam.attachUserPolicy({
    UserName: "caller",
    PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  });
  const { AccessKey } = await iam.createAccessKey({ UserName: "caller" });
  sts = new STS(options(credentialsOf(AccessKey)));
});
afterAll(() => cloudkeep.stop());

function newRole(RoleName: string, Action: string | string[]): Promise<Record<string, unknown>> {
  const input: CreateRoleCommandInput = {
    RoleName,
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "000000000000" }, Action }],
    }),
  };
  return answerOf(iam.createRole(input));
}
const arnOf = (name: string) => `arn:aws:iam::000000000000:role/${name}`;
const tag = (Key: string, Value: string) => ({ Key, Value });
const refused = (input: Partial<AssumeRoleCommandInput>) =>
  answerOf(sts.assumeRole({ RoleArn: arnOf("tagged"), RoleSessionName: "Session1", ...input }));

const tagging = ["sts:AssumeRole", "sts:TagSession"];

interface Recording {
  name: string;
  /** Our answers, by the names of the recording's; what it records beside is the set-up. */
  run: () => Promise<Record<string, unknown>>;
}

const recordings: Recording[] = [
  {
    name: "test_get_federation_token",
    run: async () => ({
      "get-federation-token": await answerOf(
        sts.getFederationToken({ Name: "TestName1", DurationSeconds: 900 }),
      ),
    }),
  },
  {
    name: "test_assume_role",
    run: async () => {
      await newRole("plain", "sts:AssumeRole");
      const answer = sts.assumeRole({ RoleArn: arnOf("plain"), RoleSessionName: "s1" });
      return { "assume-role": await answerOf(answer) };
    },
  },
  {
    name: "test_assume_role_tag_validation",
    run: async () => {
      await newRole("tagged", tagging);
      return {
        "invalid-transitive-tag-keys": await refused({
          Tags: [tag("SessionTag1", "v")],
          TransitiveTagKeys: ["InvalidKey"],
        }),
        "duplicate-tag-keys-different-casing": await refused({
          Tags: [tag("SessionTag1", "v"), tag("sessiontag1", "v")],
        }),
      };
    },
  },
  {
    name: "test_iam_role_chaining_override_transitive_tags",
    run: async () => {
      await newRole("first", tagging);
      await newRole("second", tagging);
      await iam.attachRolePolicy({
        RoleName: "first",
        PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
      });
      const { Credentials: first } = await sts.assumeRole({
        RoleArn: arnOf("first"),
        RoleSessionName: "s1",
        Tags: [tag("SessionTag1", "v1")],
        TransitiveTagKeys: ["SessionTag1"],
      });
      const chained = new STS(options(credentialsOf(first)));
      const override = (key: string) =>
        answerOf(
          chained.assumeRole({
            RoleArn: arnOf("second"),
            RoleSessionName: "s2",
            Tags: [tag(key, "v2")],
          }),
        );
      return {
        "override-transitive-tag-error": await override("SessionTag1"),
        "override-transitive-tag-case-ignore-error": await override("sessiontag1"),
      };
    },
  },
  {
    name: "test_sts_invalid_parameters",
    run: async () => {
      const arns = {
        "malformed-arn": "nothing-valid-in-here",
        "no-partition": "arn::b:::something/test-role",
        "no-service": "arn:a::::something/test-role",
        "not-enough-colons": "arn:a:::something/test-role",
        "no-resource": "arn:a:a::aaaaaaaaaa:",
      };
      const answers: Record<string, unknown> = {};
      for (const [name, RoleArn] of Object.entries(arns)) answers[name] = await refused({ RoleArn });
      answers["invalid-session-name"] = await refused({ RoleSessionName: "Session1:2" });
      return answers;
    },
  },
];

describe.skipIf(recorded === undefined)("STS answers as AWS was recorded to", () => {
  it("covers every recording", () => {
    expect(recordings.map(({ name }) => name).sort()).toEqual(Object.keys(recorded ?? {}).sort());
  });

  it.each(recordings)("$name", async ({ name, run }) => {
    const answers = await run();
    const held = recorded?.[name] ?? {};
    const wanted = Object.fromEntries(Object.keys(answers).map((key) => [key, held[key]]));
    expectRecorded(answers, wanted);
  });
});
