import { afterAll, beforeAll, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { allowsAll, type Bench, startBench, trustsEc2 } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

it("has one alias", async () => {
  expect((await bench.root.listAccountAliases({})).AccountAliases).toEqual([]);
  await bench.root.createAccountAlias({ AccountAlias: "first" });
  const again = bench.root.createAccountAlias({ AccountAlias: "first" });
  expect(await errorOf(again)).toMatchObject({
    name: "EntityAlreadyExistsException",
    message: "The account alias first already exists.",
  });
  await bench.root.createAccountAlias({ AccountAlias: "second" });
  expect((await bench.root.listAccountAliases({})).AccountAliases).toEqual(["second"]);
  const gone = bench.root.deleteAccountAlias({ AccountAlias: "first" });
  expect((await errorOf(gone)).name).toBe("NoSuchEntityException");
  await bench.root.deleteAccountAlias({ AccountAlias: "second" });
  expect((await bench.root.listAccountAliases({})).AccountAliases).toEqual([]);
});

it("sums up what there is, and describes all of it by pages", async () => {
  const { Policy } = await bench.root.createPolicy({ PolicyName: "own", PolicyDocument: allowsAll });
  await bench.root.createGroup({ GroupName: "devs" });
  await bench.root.putGroupPolicy({ GroupName: "devs", PolicyName: "g", PolicyDocument: allowsAll });
  await bench.root.createUser({ UserName: "ann", Tags: [{ Key: "a", Value: "1" }] });
  await bench.root.addUserToGroup({ GroupName: "devs", UserName: "ann" });
  await bench.root.attachUserPolicy({ UserName: "ann", PolicyArn: readOnly });
  await bench.root.createRole({ RoleName: "r", AssumeRolePolicyDocument: trustsEc2 });
  await bench.root.createInstanceProfile({ InstanceProfileName: "ip" });
  await bench.root.addRoleToInstanceProfile({ InstanceProfileName: "ip", RoleName: "r" });
  await bench.root.createUser({ UserName: "gone" });
  await bench.root.deleteUser({ UserName: "gone" });

  const { SummaryMap } = await bench.root.getAccountSummary({});
  expect(SummaryMap).toMatchObject({
    Users: 1,
    UsersQuota: 5000,
    Groups: 1,
    Roles: 1,
    Policies: 1,
    InstanceProfiles: 1,
    AccountAccessKeysPresent: 1,
    MFADevices: 0,
  });

  const all = await bench.root.getAccountAuthorizationDetails({});
  expect(all.UserDetailList).toEqual([
    expect.objectContaining({
      UserName: "ann",
      GroupList: ["devs"],
      Tags: [{ Key: "a", Value: "1" }],
      AttachedManagedPolicies: [{ PolicyName: "ReadOnlyAccess", PolicyArn: readOnly }],
    }),
  ]);
  const inline = all.GroupDetailList?.[0]?.GroupPolicyList?.[0];
  expect(decodeURIComponent(inline?.PolicyDocument ?? "")).toBe(allowsAll);
  expect(all.RoleDetailList?.[0]?.InstanceProfileList?.[0]?.InstanceProfileName).toBe("ip");
  expect(all.Policies?.map(({ Arn }) => Arn)).toEqual([Policy?.Arn, readOnly]);
  const version = all.Policies?.[0]?.PolicyVersionList?.[0];
  expect(decodeURIComponent(version?.Document ?? "")).toBe(allowsAll);

  const roles = await bench.root.getAccountAuthorizationDetails({ Filter: ["Role"] });
  expect([roles.RoleDetailList?.length, roles.UserDetailList?.length]).toEqual([1, 0]);
  const first = await bench.root.getAccountAuthorizationDetails({ MaxItems: 3 });
  const rest = await bench.root.getAccountAuthorizationDetails({ Marker: first.Marker });
  expect(first.IsTruncated).toBe(true);
  expect([rest.UserDetailList?.length, rest.Policies?.length, rest.IsTruncated]).toEqual([0, 2, false]);
});

it("keeps the accounts' callers to what they may", async () => {
  const { iam } = await bench.userWho("nobody");
  const calls = [
    iam.getAccountSummary({}),
    iam.getAccountAuthorizationDetails({}),
    iam.listAccountAliases({}),
    iam.createAccountAlias({ AccountAlias: "mine" }),
    iam.listPolicies({}),
    iam.listRoles({}),
    iam.listGroups({}),
    iam.listInstanceProfiles({}),
    iam.createGroup({ GroupName: "mine" }),
    iam.createPolicy({ PolicyName: "mine", PolicyDocument: allowsAll }),
    iam.createRole({ RoleName: "mine", AssumeRolePolicyDocument: trustsEc2 }),
    iam.getPolicy({ PolicyArn: readOnly }),
  ];
  const refusals = await Promise.all(calls.map((call) => errorOf(call as Promise<unknown>)));
  expect(new Set(refusals.map(({ name }) => name))).toEqual(new Set(["AccessDenied"]));
  expect(refusals[4]?.message).toContain("on resource: policy path /");
  expect(refusals[11]?.message).toContain(`on resource: policy ${readOnly} because no identity-based policy`);
});
