import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { account, allowsAll, type Bench, policyOf, startBench, trustsEc2 } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
  await bench.root.createUser({ UserName: "holder" });
  await bench.root.createGroup({ GroupName: "holders" });
  await bench.root.createRole({ RoleName: "held", AssumeRolePolicyDocument: trustsEc2 });
});
afterAll(() => bench.cloudkeep.stop());

const admin = "arn:aws:iam::aws:policy/AdministratorAccess";
const longText = (chars: number) =>
  policyOf({ Effect: "Allow", Action: "s3:GetObject", Resource: `arn:aws:s3:::${"b".repeat(chars)}` });

async function newPolicy(PolicyName: string, options = {}): Promise<string> {
  const { Policy } = await bench.root.createPolicy({ PolicyName, PolicyDocument: allowsAll, ...options });
  return Policy?.Arn ?? "";
}

describe("managed policies", () => {
  it("makes, shows and lists them", async () => {
    const { Policy } = await bench.root.createPolicy({
      PolicyName: "reader",
      Path: "/team/",
      Description: "Reads.",
      PolicyDocument: allowsAll,
      Tags: [{ Key: "a", Value: "1" }],
    });
    const Arn = `arn:aws:iam::${account}:policy/team/reader`;
    expect(Policy).toMatchObject({ Arn, DefaultVersionId: "v1", AttachmentCount: 0, IsAttachable: true });
    await bench.root.attachUserPolicy({ UserName: "holder", PolicyArn: Arn });
    await bench.root.putRolePermissionsBoundary({ RoleName: "held", PermissionsBoundary: Arn });
    const got = (await bench.root.getPolicy({ PolicyArn: Arn })).Policy;
    expect(got).toMatchObject({
      AttachmentCount: 1,
      PermissionsBoundaryUsageCount: 1,
      Description: "Reads.",
      Tags: [{ Key: "a", Value: "1" }],
    });
    const arns = async (filter: object) =>
      (await bench.root.listPolicies(filter)).Policies?.map((each) => each.Arn);
    expect(await arns({ Scope: "Local" })).toEqual([Arn]);
    expect(await arns({ OnlyAttached: true })).toEqual([Arn]);
    expect(await arns({ Scope: "Local", PathPrefix: "/other/" })).toEqual([]);
    expect(await arns({ PolicyUsageFilter: "PermissionsBoundary" })).toEqual([Arn]);
    await bench.root.deleteRolePermissionsBoundary({ RoleName: "held" });
    expect(await arns({ PolicyUsageFilter: "PermissionsBoundary" })).toEqual([]);
  });

  it("has AWS's own", async () => {
    const { Policy } = await bench.root.getPolicy({ PolicyArn: admin });
    expect(Policy).toMatchObject({ PolicyName: "AdministratorAccess", Path: "/", DefaultVersionId: "v1" });
    const { PolicyVersion } = await bench.root.getPolicyVersion({ PolicyArn: admin, VersionId: "v1" });
    expect(JSON.parse(decodeURIComponent(PolicyVersion?.Document ?? "")).Statement).toEqual([
      { Effect: "Allow", Action: "*", Resource: "*" },
    ]);
    const page = await bench.root.listPolicies({ Scope: "AWS", MaxItems: 5 });
    expect(page.Policies).toHaveLength(5);
    expect(page.IsTruncated).toBe(true);
    const next = await bench.root.listPolicies({ Scope: "AWS", MaxItems: 5, Marker: page.Marker });
    expect(next.Policies?.[0]?.Arn).not.toBe(page.Policies?.[0]?.Arn);
    expect((await errorOf(bench.root.deletePolicy({ PolicyArn: admin }))).name).toBe("AccessDenied");
    expect((await errorOf(bench.root.tagPolicy({ PolicyArn: admin, Tags: [] }))).name).toBe("AccessDenied");
    const { iam } = await bench.userWho("aws-reader", {
      Effect: "Allow",
      Action: "iam:GetPolicy",
      Resource: "arn:aws:iam::aws:policy/*",
    });
    await iam.getPolicy({ PolicyArn: admin });
  });

  it("keeps five versions, numbers without repeats, one default", async () => {
    const PolicyArn = await newPolicy("versioned");
    for (let n = 2; n <= 5; n++) {
      const { PolicyVersion } = await bench.root.createPolicyVersion({
        PolicyArn,
        PolicyDocument: longText(n),
        SetAsDefault: n === 3,
      });
      expect(PolicyVersion).toMatchObject({ VersionId: `v${n}`, IsDefaultVersion: n === 3 });
    }
    const sixth = await errorOf(bench.root.createPolicyVersion({ PolicyArn, PolicyDocument: allowsAll }));
    expect(sixth).toMatchObject({
      name: "LimitExceededException",
      message:
        "A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.",
    });
    expect(await errorOf(bench.root.deletePolicyVersion({ PolicyArn, VersionId: "v3" }))).toMatchObject({
      name: "DeleteConflictException",
      message: "Cannot delete the default version of a policy.",
    });
    await bench.root.deletePolicyVersion({ PolicyArn, VersionId: "v5" });
    await bench.root.setDefaultPolicyVersion({ PolicyArn, VersionId: "v1" });
    const added = await bench.root.createPolicyVersion({ PolicyArn, PolicyDocument: allowsAll });
    expect(added.PolicyVersion?.VersionId).toBe("v6");
    const { Versions } = await bench.root.listPolicyVersions({ PolicyArn });
    expect(Versions?.map(({ VersionId, IsDefaultVersion }) => [VersionId, IsDefaultVersion])).toEqual([
      ["v6", false],
      ["v4", false],
      ["v3", false],
      ["v2", false],
      ["v1", true],
    ]);
    const gone = await errorOf(bench.root.getPolicyVersion({ PolicyArn, VersionId: "v5" }));
    expect(gone).toMatchObject({
      name: "NoSuchEntityException",
      message: `Policy ${PolicyArn} version v5 does not exist or is not attachable.`,
    });
  });

  it("refuses to delete what is in use or has further versions", async () => {
    const PolicyArn = await newPolicy("in-use");
    await bench.root.attachGroupPolicy({ GroupName: "holders", PolicyArn });
    expect(await errorOf(bench.root.deletePolicy({ PolicyArn }))).toMatchObject({
      name: "DeleteConflictException",
      message: "Cannot delete a policy attached to entities.",
    });
    await bench.root.detachGroupPolicy({ GroupName: "holders", PolicyArn });
    await bench.root.createPolicyVersion({ PolicyArn, PolicyDocument: allowsAll });
    expect((await errorOf(bench.root.deletePolicy({ PolicyArn }))).message).toMatch(
      /^This policy has more than one version\./,
    );
    await bench.root.deletePolicyVersion({ PolicyArn, VersionId: "v2" });
    await bench.root.deletePolicy({ PolicyArn });
    expect(await errorOf(bench.root.getPolicy({ PolicyArn }))).toMatchObject({
      name: "NoSuchEntityException",
      message: `Policy ${PolicyArn} was not found.`,
    });
  });

  it("refuses taken names, malformed documents and long ones", async () => {
    await newPolicy("taken");
    expect((await errorOf(newPolicy("TAKEN"))).message).toBe(
      "A policy called TAKEN already exists. Duplicate names are not allowed.",
    );
    const malformed = await errorOf(newPolicy("bad", { PolicyDocument: "{" }));
    expect(malformed.name).toBe("MalformedPolicyDocumentException");
    const old = JSON.stringify({ Statement: [{ Effect: "Allow", Action: "*", Resource: "*" }] });
    expect((await errorOf(newPolicy("old", { PolicyDocument: old }))).message).toBe(
      "Policy document must be version 2012-10-17 or greater.",
    );
    expect(await errorOf(newPolicy("long", { PolicyDocument: longText(6144) }))).toMatchObject({
      name: "LimitExceededException",
      message: "Cannot exceed quota for PolicySize: 6144",
    });
    await newPolicy("spaced", { PolicyDocument: `${" ".repeat(8000)}${longText(100)}` });
  });

  it("tells tag keys apart by case", async () => {
    const PolicyArn = await newPolicy("tagged");
    await bench.root.tagPolicy({
      PolicyArn,
      Tags: [
        { Key: "k", Value: "1" },
        { Key: "K", Value: "2" },
      ],
    });
    await bench.root.untagPolicy({ PolicyArn, TagKeys: ["k"] });
    expect((await bench.root.listPolicyTags({ PolicyArn })).Tags).toEqual([{ Key: "K", Value: "2" }]);
  });
});

describe("attached policies", () => {
  it("counts, lists and takes off", async () => {
    const arns = await Promise.all(Array.from({ length: 11 }, (_, n) => newPolicy(`a${n}`, { Path: "/a/" })));
    for (const PolicyArn of arns.slice(0, 10)) {
      await bench.root.attachRolePolicy({ RoleName: "held", PolicyArn });
      await bench.root.attachRolePolicy({ RoleName: "held", PolicyArn });
    }
    const PolicyArn = arns[10];
    expect(await errorOf(bench.root.attachRolePolicy({ RoleName: "held", PolicyArn }))).toMatchObject({
      name: "LimitExceededException",
      message: "Cannot exceed quota for PoliciesPerRole: 10",
    });
    const page = await bench.root.listAttachedRolePolicies({ RoleName: "held", MaxItems: 6 });
    const rest = await bench.root.listAttachedRolePolicies({ RoleName: "held", Marker: page.Marker });
    expect([page.AttachedPolicies?.length, rest.AttachedPolicies?.length]).toEqual([6, 4]);
    const none = await bench.root.listAttachedRolePolicies({ RoleName: "held", PathPrefix: "/b/" });
    expect(none.AttachedPolicies).toEqual([]);
    await bench.root.detachRolePolicy({ RoleName: "held", PolicyArn: arns[0] });
    const again = await errorOf(bench.root.detachRolePolicy({ RoleName: "held", PolicyArn: arns[0] }));
    expect(again).toMatchObject({
      name: "NoSuchEntityException",
      message: `Policy ${arns[0]} was not found.`,
    });
  });

  it("refuses what is no policy, is nobody's, or is for services alone", async () => {
    const attach = (PolicyArn: string) =>
      errorOf(bench.root.attachUserPolicy({ UserName: "holder", PolicyArn }));
    expect(await attach("this-is-no-arn-of-a-policy")).toMatchObject({
      name: "ValidationError",
      message: "Invalid ARN:  Could not be parsed!",
    });
    const absent = `arn:aws:iam::${account}:policy/absent`;
    expect((await attach(absent)).message).toBe(`Policy ${absent} does not exist or is not attachable.`);
    const foreign = "arn:aws:iam::123456789012:policy/theirs";
    expect((await attach(foreign)).name).toBe("NoSuchEntityException");
    expect(await attach("arn:aws:iam::aws:policy/aws-service-role/AmazonRDSServiceRolePolicy")).toMatchObject(
      {
        name: "PolicyNotAttachableException",
        message: "Cannot attach a Service Role Policy to a Customer Role.",
      },
    );
  });

  it("finds the entities of a policy by kind, path and use", async () => {
    const PolicyArn = await newPolicy("shared");
    await bench.root.createUser({ UserName: "far", Path: "/far/", PermissionsBoundary: PolicyArn });
    await bench.root.attachUserPolicy({ UserName: "holder", PolicyArn });
    await bench.root.attachGroupPolicy({ GroupName: "holders", PolicyArn });
    const entities = async (filter: object) => {
      const found = await bench.root.listEntitiesForPolicy({ PolicyArn, ...filter });
      return [
        ...(found.PolicyGroups ?? []).map(({ GroupName }) => GroupName),
        ...(found.PolicyRoles ?? []).map(({ RoleName }) => RoleName),
        ...(found.PolicyUsers ?? []).map(({ UserName }) => UserName),
      ];
    };
    expect(await entities({})).toEqual(["holders", "holder", "far"]);
    expect(await entities({ EntityFilter: "User" })).toEqual(["holder", "far"]);
    expect(await entities({ EntityFilter: "Role" })).toEqual([]);
    expect(await entities({ PathPrefix: "/far/" })).toEqual(["far"]);
    expect(await entities({ PolicyUsageFilter: "PermissionsPolicy" })).toEqual(["holders", "holder"]);
    const page = await bench.root.listEntitiesForPolicy({ PolicyArn, MaxItems: 2 });
    expect(page.IsTruncated).toBe(true);
  });
});

describe("inline policies", () => {
  it("come back as they were put, percent-encoded", async () => {
    const document = `{ "Version": "2012-10-17",\n "Statement": [{"Effect":"Allow","Action":"s3:*","Resource":"arn:aws:s3:::a%2Fb/(x)'*"}] }`;
    await bench.root.putUserPolicy({ UserName: "holder", PolicyName: "p", PolicyDocument: document });
    const got = await bench.root.getUserPolicy({ UserName: "holder", PolicyName: "p" });
    expect(got.PolicyDocument).toMatch(/^[\w.~%-]+$/);
    expect(decodeURIComponent(got.PolicyDocument ?? "")).toBe(document);
    await bench.root.putRolePolicy({ RoleName: "held", PolicyName: "__proto__", PolicyDocument: document });
    const { PolicyNames } = await bench.root.listRolePolicies({ RoleName: "held" });
    expect(PolicyNames).toEqual(["__proto__"]);
    await bench.root.getRolePolicy({ RoleName: "held", PolicyName: "__proto__" });
    await bench.root.deleteRolePolicy({ RoleName: "held", PolicyName: "__proto__" });
    const gone = bench.root.getRolePolicy({ RoleName: "held", PolicyName: "constructor" });
    expect(await errorOf(gone)).toMatchObject({
      name: "NoSuchEntityException",
      message: "The role policy with name constructor cannot be found.",
    });
  });

  it("share one size, white space not counted", async () => {
    const UserName = "sized";
    await bench.root.createUser({ UserName });
    await bench.root.putUserPolicy({ UserName, PolicyName: "a", PolicyDocument: longText(900) });
    const spaced = `${longText(800)}${" ".repeat(4000)}`;
    await bench.root.putUserPolicy({ UserName, PolicyName: "b", PolicyDocument: spaced });
    const over = bench.root.putUserPolicy({ UserName, PolicyName: "c", PolicyDocument: longText(300) });
    expect(await errorOf(over)).toMatchObject({
      name: "LimitExceededException",
      message: "Maximum policy size of 2048 bytes exceeded for user sized",
    });
    await bench.root.putUserPolicy({ UserName, PolicyName: "b", PolicyDocument: longText(10) });
    await bench.root.putUserPolicy({ UserName, PolicyName: "c", PolicyDocument: longText(300) });
    const page = await bench.root.listUserPolicies({ UserName, MaxItems: 2 });
    expect(page).toMatchObject({ PolicyNames: ["a", "b"], IsTruncated: true });
  });

  it("are refused when malformed", async () => {
    const put = bench.root.putGroupPolicy({
      GroupName: "holders",
      PolicyName: "bad",
      PolicyDocument: policyOf({ Effect: "Allow", Action: "nothing", Resource: "*" }),
    });
    expect((await errorOf(put)).name).toBe("MalformedPolicyDocumentException");
  });
});
