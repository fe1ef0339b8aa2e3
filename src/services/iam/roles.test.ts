import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import { account, allowsAll, type Bench, policyOf, startBench, trusting, trustsEc2 } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";
const trustOf = (document: string | undefined) => JSON.parse(decodeURIComponent(document ?? ""));

describe("roles", () => {
  it("makes, shows, lists, changes and deletes them", async () => {
    const created = await bench.root.createRole({
      RoleName: "deploy",
      Path: "/ci/",
      AssumeRolePolicyDocument: trustsEc2,
      MaxSessionDuration: 7200,
      Description: "Deploys.",
      Tags: [{ Key: "a", Value: "1" }],
      PermissionsBoundary: readOnly,
    });
    expect(created.Role).toMatchObject({
      Arn: `arn:aws:iam::${account}:role/ci/deploy`,
      MaxSessionDuration: 7200,
      Tags: [{ Key: "a", Value: "1" }],
      PermissionsBoundary: { PermissionsBoundaryArn: readOnly },
    });
    expect(created.Role?.RoleId).toMatch(/^AROA/);
    const { Roles } = await bench.root.listRoles({ PathPrefix: "/ci/" });
    expect(Roles).toHaveLength(1);
    for (const member of ["Tags", "PermissionsBoundary", "RoleLastUsed"]) {
      expect(Roles?.[0]).not.toHaveProperty(member);
    }
    await bench.root.updateRole({ RoleName: "deploy", MaxSessionDuration: 3600 });
    const described = await bench.root.updateRoleDescription({ RoleName: "deploy", Description: "New." });
    expect(described.Role?.Description).toBe("New.");
    const { Role } = await bench.root.getRole({ RoleName: "DEPLOY" });
    expect(Role).toMatchObject({ MaxSessionDuration: 3600, Description: "New.", RoleLastUsed: {} });
    await bench.root.tagRole({ RoleName: "deploy", Tags: [{ Key: "A", Value: "2" }] });
    expect((await bench.root.listRoleTags({ RoleName: "deploy" })).Tags).toEqual([{ Key: "A", Value: "2" }]);
    await bench.root.untagRole({ RoleName: "deploy", TagKeys: ["a"] });
    await bench.root.putRolePolicy({ RoleName: "deploy", PolicyName: "p", PolicyDocument: allowsAll });
    expect((await errorOf(bench.root.deleteRole({ RoleName: "deploy" }))).message).toBe(
      "Cannot delete entity, must delete policies first.",
    );
    await bench.root.deleteRolePolicy({ RoleName: "deploy", PolicyName: "p" });
    await bench.root.deleteRole({ RoleName: "deploy" });
    expect(await errorOf(bench.root.getRole({ RoleName: "deploy" }))).toMatchObject({
      name: "NoSuchEntityException",
      message: "The role with name deploy cannot be found.",
    });
  });

  it("refuses taken names, AWS's paths, long sessions and bad documents", async () => {
    await bench.root.createRole({ RoleName: "taken", AssumeRolePolicyDocument: trustsEc2 });
    const create = (input: object) =>
      errorOf(bench.root.createRole({ RoleName: "x", AssumeRolePolicyDocument: trustsEc2, ...input }));
    expect((await create({ RoleName: "Taken" })).message).toBe("Role with name Taken already exists.");
    expect(await create({ Path: "/aws-service-role/ecs.amazonaws.com/" })).toMatchObject({
      name: "InvalidInputException",
      message: "Path prefix '/aws-service-role/' can only be used for AWS Service linked Roles",
    });
    expect((await create({ MaxSessionDuration: 60 })).name).toBe("ValidationError");
    expect((await create({ MaxSessionDuration: 43_201 })).name).toBe("ValidationError");
    expect((await create({ AssumeRolePolicyDocument: allowsAll })).name).toBe(
      "MalformedPolicyDocumentException",
    );
    const long = trusting({ Service: Array.from({ length: 80 }, (_, n) => `service${n}x.amazonaws.com`) });
    expect(await create({ AssumeRolePolicyDocument: long })).toMatchObject({
      name: "LimitExceededException",
      message: "Cannot exceed quota for ACLSizePerRole: 2048",
    });
  });
});

describe("trust", () => {
  it("names only principals that exist, and stays with them", async () => {
    const arn = `arn:aws:iam::${account}:user/friend`;
    const trustsFriend = trusting({ AWS: arn });
    const RoleName = "befriended";
    const early = bench.root.createRole({ RoleName, AssumeRolePolicyDocument: trustsFriend });
    expect(await errorOf(early)).toMatchObject({
      name: "MalformedPolicyDocumentException",
      message: `Invalid principal in policy: "AWS":"${arn}"`,
    });
    const friend = await bench.userWho("friend", { Effect: "Allow", Action: "sts:*", Resource: "*" });
    const { Role } = await bench.root.createRole({ RoleName, AssumeRolePolicyDocument: trustsFriend });
    expect(trustOf(Role?.AssumeRolePolicyDocument)).toEqual(JSON.parse(trustsFriend));
    const assume = (credentials: typeof friend.credentials) =>
      clients(bench.cloudkeep, credentials).sts.send(
        new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "session" }),
      );
    await assume(friend.credentials);

    const id = (await bench.root.getUser({ UserName: "friend" })).User?.UserId;
    await bench.root.updateUser({ UserName: "friend", NewUserName: "pal" });
    const renamed = await bench.root.getRole({ RoleName });
    expect(trustOf(renamed.Role?.AssumeRolePolicyDocument).Statement[0].Principal.AWS).toBe(
      `arn:aws:iam::${account}:user/pal`,
    );
    await assume(friend.credentials);
    await bench.root.updateUser({ UserName: "pal", NewUserName: "friend" });

    const AccessKeyId = friend.credentials.accessKeyId;
    await bench.root.deleteAccessKey({ UserName: "friend", AccessKeyId });
    await bench.root.deleteUserPolicy({ UserName: "friend", PolicyName: "own" });
    await bench.root.deleteUser({ UserName: "friend" });
    const impostor = await bench.userWho("friend", { Effect: "Allow", Action: "sts:*", Resource: "*" });
    expect((await errorOf(assume(impostor.credentials))).name).toBe("AccessDenied");
    const orphaned = await bench.root.getRole({ RoleName });
    expect(trustOf(orphaned.Role?.AssumeRolePolicyDocument).Statement[0].Principal.AWS).toBe(id);
    await bench.root.updateAssumeRolePolicy({ RoleName, PolicyDocument: trustsFriend });
    await assume(impostor.credentials);
  });

  it("shows an account's number as the account's ARN, and leaves the rest as it was written", async () => {
    const document = ` ${trusting({ AWS: ["123456789012", "*"], Service: "ec2.amazonaws.com" })}`;
    const { Role } = await bench.root.createRole({ RoleName: "open", AssumeRolePolicyDocument: document });
    expect(trustOf(Role?.AssumeRolePolicyDocument).Statement[0].Principal).toEqual({
      AWS: ["arn:aws:iam::123456789012:root", "*"],
      Service: "ec2.amazonaws.com",
    });
    await bench.root.updateAssumeRolePolicy({ RoleName: "open", PolicyDocument: ` ${trustsEc2}` });
    const got = await bench.root.getRole({ RoleName: "open" });
    expect(decodeURIComponent(got.Role?.AssumeRolePolicyDocument ?? "")).toBe(` ${trustsEc2}`);
  });

  it("tells when the role was last used", async () => {
    const { Role } = await bench.root.createRole({
      RoleName: "used",
      AssumeRolePolicyDocument: trusting({ AWS: account }),
    });
    const { credentials } = await bench.userWho("user-of-it", {
      Effect: "Allow",
      Action: "sts:AssumeRole",
      Resource: "*",
    });
    const { sts } = clients(bench.cloudkeep, credentials);
    const { Credentials } = await sts.send(
      new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "session" }),
    );
    bench.cloudkeep.clock.advance(60_000);
    const session = clients(bench.cloudkeep, credentialsOf(Credentials), "eu-west-1");
    await session.sts.send(new GetCallerIdentityCommand({}));
    const { RoleLastUsed } = (await bench.root.getRole({ RoleName: "used" })).Role ?? {};
    const lastUsed = RoleLastUsed?.LastUsedDate?.getTime() ?? 0;
    expect(bench.cloudkeep.clock.now() - lastUsed).toBeLessThan(30_000);
  });
});

describe("service-linked roles", () => {
  it("belong to their service", async () => {
    const { Role } = await bench.root.createServiceLinkedRole({ AWSServiceName: "ecs.amazonaws.com" });
    const RoleName = "AWSServiceRoleForECS";
    expect(Role).toMatchObject({ RoleName, Path: "/aws-service-role/ecs.amazonaws.com/" });
    const changes = [
      bench.root.deleteRole({ RoleName }),
      bench.root.attachRolePolicy({ RoleName, PolicyArn: readOnly }),
      bench.root.putRolePolicy({ RoleName, PolicyName: "p", PolicyDocument: allowsAll }),
      bench.root.updateAssumeRolePolicy({ RoleName, PolicyDocument: trustsEc2 }),
      bench.root.putRolePermissionsBoundary({ RoleName, PermissionsBoundary: readOnly }),
    ];
    for (const refused of await Promise.all(changes.map(errorOf))) {
      expect(refused).toMatchObject({
        name: "UnmodifiableEntityException",
        message: `Cannot perform the operation on the protected role '${RoleName}' - this role is only modifiable by AWS`,
      });
    }
    await bench.root.updateRoleDescription({ RoleName, Description: "mine" });
    const { DeletionTaskId } = await bench.root.deleteServiceLinkedRole({ RoleName });
    expect(DeletionTaskId).toMatch(
      /^task\/aws-service-role\/ecs\.amazonaws\.com\/AWSServiceRoleForECS\/[\w-]{36}$/,
    );
    expect((await bench.root.getServiceLinkedRoleDeletionStatus({ DeletionTaskId })).Status).toBe(
      "SUCCEEDED",
    );
    expect((await errorOf(bench.root.getRole({ RoleName }))).name).toBe("NoSuchEntityException");
    const policy = "arn:aws:iam::aws:policy/aws-service-role/AmazonECSServiceRolePolicy";
    expect((await bench.root.listEntitiesForPolicy({ PolicyArn: policy })).PolicyRoles).toEqual([]);
    const unknown = bench.root.getServiceLinkedRoleDeletionStatus({ DeletionTaskId: "task/a/b/c/d" });
    expect((await errorOf(unknown)).name).toBe("NoSuchEntityException");
    await bench.root.createRole({ RoleName: "ordinary", AssumeRolePolicyDocument: trustsEc2 });
    const ordinary = bench.root.deleteServiceLinkedRole({ RoleName: "ordinary" });
    expect((await errorOf(ordinary)).name).toBe("NoSuchEntityException");
  });

  it("are made by whoever may make them for that service", async () => {
    const { iam } = await bench.userWho("linker", {
      Effect: "Allow",
      Action: "iam:CreateServiceLinkedRole",
      Resource: "arn:aws:iam::*:role/aws-service-role/*",
      Condition: { StringEquals: { "iam:AWSServiceName": "kafka.amazonaws.com" } },
    });
    await iam.createServiceLinkedRole({ AWSServiceName: "kafka.amazonaws.com" });
    const other = iam.createServiceLinkedRole({ AWSServiceName: "ecs.amazonaws.com" });
    expect((await errorOf(other)).name).toBe("AccessDenied");
  });
});

describe("instance profiles", () => {
  it("hold one role", async () => {
    const InstanceProfileName = "web";
    await bench.root.createRole({ RoleName: "web-role", AssumeRolePolicyDocument: trustsEc2 });
    const { InstanceProfile } = await bench.root.createInstanceProfile({
      InstanceProfileName,
      Path: "/p/",
      Tags: [{ Key: "a", Value: "1" }],
    });
    expect(InstanceProfile).toMatchObject({
      Arn: `arn:aws:iam::${account}:instance-profile/p/web`,
      Tags: [{ Key: "a", Value: "1" }],
    });
    expect((await errorOf(bench.root.createInstanceProfile({ InstanceProfileName: "WEB" }))).message).toBe(
      "Instance Profile WEB already exists.",
    );
    await bench.root.addRoleToInstanceProfile({ InstanceProfileName, RoleName: "web-role" });
    const second = bench.root.addRoleToInstanceProfile({ InstanceProfileName, RoleName: "taken" });
    expect((await errorOf(second)).message).toBe(
      "Cannot exceed quota for InstanceSessionsPerInstanceProfile: 1",
    );
    const got = await bench.root.getInstanceProfile({ InstanceProfileName });
    expect(got.InstanceProfile?.Roles?.map(({ RoleName }) => RoleName)).toEqual(["web-role"]);
    const of = await bench.root.listInstanceProfilesForRole({ RoleName: "web-role" });
    expect(of.InstanceProfiles?.map((each) => each.InstanceProfileName)).toEqual(["web"]);
    const { InstanceProfiles } = await bench.root.listInstanceProfiles({ PathPrefix: "/p/" });
    expect(InstanceProfiles).toHaveLength(1);
    const inUse = "Cannot delete entity, must remove roles from instance profile first.";
    expect((await errorOf(bench.root.deleteRole({ RoleName: "web-role" }))).message).toBe(inUse);
    expect((await errorOf(bench.root.deleteInstanceProfile({ InstanceProfileName }))).message).toBe(inUse);
    const wrong = bench.root.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName: "taken" });
    expect((await errorOf(wrong)).name).toBe("NoSuchEntityException");
    await bench.root.removeRoleFromInstanceProfile({ InstanceProfileName, RoleName: "web-role" });
    await bench.root.tagInstanceProfile({ InstanceProfileName, Tags: [{ Key: "A", Value: "2" }] });
    await bench.root.untagInstanceProfile({ InstanceProfileName, TagKeys: ["a"] });
    const { Tags } = await bench.root.listInstanceProfileTags({ InstanceProfileName });
    expect(Tags).toEqual([{ Key: "A", Value: "2" }]);
    await bench.root.deleteInstanceProfile({ InstanceProfileName });
    await bench.root.deleteRole({ RoleName: "web-role" });
    expect((await errorOf(bench.root.getInstanceProfile({ InstanceProfileName }))).message).toBe(
      "Instance Profile web cannot be found.",
    );
  });

  it("take no role that the caller may not pass on", async () => {
    await bench.root.createInstanceProfile({ InstanceProfileName: "guarded" });
    const { iam } = await bench.userWho("filler", {
      Effect: "Allow",
      Action: "iam:AddRoleToInstanceProfile",
      Resource: "*",
    });
    const input = { InstanceProfileName: "guarded", RoleName: "taken" };
    expect((await errorOf(iam.addRoleToInstanceProfile(input))).message).toContain(
      `iam:PassRole on resource: arn:aws:iam::${account}:role/taken`,
    );
    await bench.root.putUserPolicy({
      UserName: "filler",
      PolicyName: "pass",
      PolicyDocument: policyOf({ Effect: "Allow", Action: "iam:PassRole", Resource: "*" }),
    });
    await iam.addRoleToInstanceProfile(input);
  });
});
