import { IAM } from "@aws-sdk/client-iam";
import { Organizations } from "@aws-sdk/client-organizations";
import { STS } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  type Credentials,
  credentialsOf,
  errorOf,
  newMember,
  optionsOf,
  startForTest,
} from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const management = "000000000000";
const task = (name: string) => ({ arn: `arn:aws:iam::aws:policy/root-task/${name}` });

let cloudkeep: Cloudkeep;
let iam: IAM;
let organizations: Organizations;
let admin: STS;
let member: string;
const options = (credentials: Credentials) => optionsOf(cloudkeep, credentials);

beforeAll(async () => {
  cloudkeep = await startForTest();
  iam = new IAM(options(cloudkeep.credentials));
  organizations = new Organizations(options(cloudkeep.credentials));
  await iam.createUser({ UserName: "admin" });
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await iam.attachUserPolicy({ UserName: "admin", PolicyArn });
  admin = new STS(options(credentialsOf((await iam.createAccessKey({ UserName: "admin" })).AccessKey)));
});
afterAll(() => cloudkeep.stop());

it("is switched on by the management account, with trusted access for IAM", async () => {
  expect((await errorOf(iam.listOrganizationsFeatures({}))).name).toBe("OrganizationNotFoundException");
  await organizations.createOrganization({});
  expect((await errorOf(iam.enableOrganizationsRootSessions({}))).name).toBe(
    "ServiceAccessNotEnabledException",
  );
  await organizations.enableAWSServiceAccess({ ServicePrincipal: "iam.amazonaws.com" });
  expect((await iam.listOrganizationsFeatures({})).EnabledFeatures ?? []).toEqual([]);
  member = await newMember(organizations);
  const refused = admin.assumeRoot({
    TargetPrincipal: member,
    TaskPolicyArn: task("IAMAuditRootUserCredentials"),
  });
  expect((await errorOf(refused)).message).toContain("RootCredentialsManagement is not enabled");
  await iam.enableOrganizationsRootSessions({});
  const { EnabledFeatures } = await iam.enableOrganizationsRootCredentialsManagement({});
  expect(EnabledFeatures).toEqual(["RootCredentialsManagement", "RootSessions"]);
});

it("gives a session of the member's root that does its task and nothing else", async () => {
  const { Credentials: given } = await admin.assumeRoot({
    TargetPrincipal: member,
    TaskPolicyArn: task("IAMAuditRootUserCredentials"),
  });
  const root = new STS(options(credentialsOf(given)));
  expect((await root.getCallerIdentity({})).Arn).toBe(`arn:aws:iam::${member}:root`);
  const inside = new IAM(options(credentialsOf(given)));
  expect((await inside.listAccessKeys({})).AccessKeyMetadata).toEqual([]);
  await inside.getAccountSummary({});
  expect((await errorOf(inside.createUser({ UserName: "eve" }))).message).toContain(
    "with an explicit deny in an identity-based policy",
  );
  await cloudkeep.clock.advance(901_000);
  expect((await errorOf(inside.getAccountSummary({}))).name).toBe("ExpiredToken");
});

it("is for members of the organization, for tasks, and for those who may", async () => {
  const assume = (TargetPrincipal: string, TaskPolicyArn: { arn: string }) =>
    errorOf(admin.assumeRoot({ TargetPrincipal, TaskPolicyArn }));
  const audit = task("IAMAuditRootUserCredentials");
  expect((await assume(management, audit)).message).toContain("it is the management account");
  expect((await assume("111122223333", audit)).name).toBe("AccessDenied");
  expect((await assume(member, { arn: "arn:aws:iam::aws:policy/AdministratorAccess" })).name).toBe(
    "ValidationError",
  );
  expect((await assume("not-an-account", audit)).name).toBe("ValidationError");
  await iam.createUser({ UserName: "someone" });
  await iam.putUserPolicy({
    UserName: "someone",
    PolicyName: "own",
    PolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: {
        Effect: "Allow",
        Action: "sts:AssumeRoot",
        Resource: `arn:aws:iam::${member}:root`,
        Condition: { StringEquals: { "sts:TaskPolicyArn": audit.arn } },
      },
    }),
  });
  const { AccessKey } = await iam.createAccessKey({ UserName: "someone" });
  const someone = new STS(options(credentialsOf(AccessKey)));
  await someone.assumeRoot({ TargetPrincipal: `arn:aws:iam::${member}:root`, TaskPolicyArn: audit });
  const other = someone.assumeRoot({ TargetPrincipal: member, TaskPolicyArn: task("S3UnlockBucketPolicy") });
  expect((await errorOf(other)).name).toBe("AccessDenied");
  await iam.disableOrganizationsRootCredentialsManagement({});
  expect((await assume(member, audit)).name).toBe("AccessDenied");
});
