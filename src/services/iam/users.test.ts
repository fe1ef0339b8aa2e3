import { ListKeysCommand } from "@aws-sdk/client-kms";
import { GetFederationTokenCommand, GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import { account, allowsAll, type Bench, policyOf, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const admin = "arn:aws:iam::aws:policy/AdministratorAccess";

describe("users", () => {
  it("makes a user with path, tags and boundary", async () => {
    const { User } = await bench.root.createUser({
      UserName: "ann",
      Path: "/staff/",
      Tags: [{ Key: "team", Value: "data" }],
      PermissionsBoundary: admin,
    });
    expect(User).toMatchObject({
      UserName: "ann",
      Path: "/staff/",
      Arn: `arn:aws:iam::${account}:user/staff/ann`,
      Tags: [{ Key: "team", Value: "data" }],
      PermissionsBoundary: { PermissionsBoundaryArn: admin, PermissionsBoundaryType: "Policy" },
    });
    expect(User?.UserId).toMatch(/^AIDA[A-Z2-7]{17}$/);
    expect(User?.CreateDate?.getMilliseconds()).toBe(0);
    expect((await bench.root.getUser({ UserName: "ANN" })).User).toEqual(User);
  });

  it("refuses names that differ by case only, and boundaries that do not exist", async () => {
    const taken = await errorOf(bench.root.createUser({ UserName: "Ann" }));
    expect(taken).toMatchObject({
      name: "EntityAlreadyExistsException",
      message: "User with name Ann already exists.",
    });
    const arn = `arn:aws:iam::${account}:policy/nowhere`;
    const unbound = await errorOf(bench.root.createUser({ UserName: "bo", PermissionsBoundary: arn }));
    expect(unbound).toMatchObject({
      name: "NoSuchEntityException",
      message: `Scope ARN: ${arn} does not exist or is not attachable.`,
    });
    expect(unbound.$metadata?.httpStatusCode).toBe(404);
  });

  it("describes the root, and asks sessions for a name", async () => {
    const { User } = await bench.root.getUser({});
    expect(User).toMatchObject({ UserId: account, Arn: `arn:aws:iam::${account}:root` });
  });

  it("lists by path, page by page, without tags", async () => {
    for (const UserName of ["p1", "p2", "p3"]) await bench.root.createUser({ UserName, Path: "/paged/" });
    const first = await bench.root.listUsers({ PathPrefix: "/paged/", MaxItems: 2 });
    expect(first).toMatchObject({ IsTruncated: true });
    expect(first.Users?.map(({ UserName }) => UserName)).toEqual(["p1", "p2"]);
    const second = await bench.root.listUsers({ PathPrefix: "/paged/", Marker: first.Marker });
    expect(second.Users?.map(({ UserName }) => UserName)).toEqual(["p3"]);
    expect(second.IsTruncated).toBe(false);
    const staff = await bench.root.listUsers({ PathPrefix: "/staff/" });
    expect(staff.Users?.[0]).not.toHaveProperty("Tags");
    const bad = await errorOf(bench.root.listUsers({ Marker: "nonsense" }));
    expect(bad.name).toBe("ValidationError");
  });

  it("keeps keys, groups and policies through a change of name", async () => {
    const { iam } = await bench.userWho("old-name", { Effect: "Allow", Action: "iam:*", Resource: "*" });
    await bench.root.createGroup({ GroupName: "renamed-group" });
    await bench.root.addUserToGroup({ GroupName: "renamed-group", UserName: "old-name" });
    await bench.root.attachUserPolicy({ UserName: "old-name", PolicyArn: admin });
    const before = (await bench.root.getUser({ UserName: "old-name" })).User;
    await bench.root.updateUser({ UserName: "old-name", NewUserName: "new-name", NewPath: "/moved/" });

    const { User } = await iam.getUser({});
    expect(User).toMatchObject({ UserName: "new-name", UserId: before?.UserId, Path: "/moved/" });
    expect(User?.Arn).toBe(`arn:aws:iam::${account}:user/moved/new-name`);
    expect((await errorOf(bench.root.getUser({ UserName: "old-name" }))).name).toBe("NoSuchEntityException");
    const { AccessKeyMetadata } = await bench.root.listAccessKeys({ UserName: "new-name" });
    expect(AccessKeyMetadata?.[0]?.UserName).toBe("new-name");
    const { Users } = await bench.root.getGroup({ GroupName: "renamed-group" });
    expect(Users?.map(({ UserName }) => UserName)).toEqual(["new-name"]);
    const { PolicyUsers } = await bench.root.listEntitiesForPolicy({ PolicyArn: admin });
    expect(PolicyUsers?.map(({ UserName }) => UserName)).toContain("new-name");

    const taken = await errorOf(bench.root.updateUser({ UserName: "new-name", NewUserName: "ann" }));
    expect(taken.name).toBe("EntityAlreadyExistsException");
    await bench.root.updateUser({ UserName: "new-name", NewUserName: "NEW-name" });
    expect((await iam.getUser({})).User?.UserName).toBe("NEW-name");
  });

  it("deletes a user only when nothing is left", async () => {
    const UserName = "leaver";
    await bench.root.createUser({ UserName, PermissionsBoundary: admin });
    const { AccessKey } = await bench.root.createAccessKey({ UserName });
    await bench.root.attachUserPolicy({ UserName, PolicyArn: admin });
    await bench.root.putUserPolicy({ UserName, PolicyName: "own", PolicyDocument: allowsAll });
    await bench.root.createGroup({ GroupName: "leavers" });
    await bench.root.addUserToGroup({ GroupName: "leavers", UserName });

    const refusal = async () => {
      const { name, message, $metadata } = await errorOf(bench.root.deleteUser({ UserName }));
      expect([name, $metadata?.httpStatusCode]).toEqual(["DeleteConflictException", 409]);
      return message;
    };
    expect(await refusal()).toBe("Cannot delete entity, must delete access keys first.");
    await bench.root.deleteAccessKey({ UserName, AccessKeyId: AccessKey?.AccessKeyId });
    expect(await refusal()).toBe("Cannot delete entity, must detach all policies first.");
    await bench.root.detachUserPolicy({ UserName, PolicyArn: admin });
    expect(await refusal()).toBe("Cannot delete entity, must delete policies first.");
    await bench.root.deleteUserPolicy({ UserName, PolicyName: "own" });
    expect(await refusal()).toBe("Cannot delete entity, must remove users from group first.");
    await bench.root.removeUserFromGroup({ GroupName: "leavers", UserName });
    await bench.root.deleteUser({ UserName });
    expect((await errorOf(bench.root.deleteUser({ UserName }))).message).toBe(
      "The user with name leaver cannot be found.",
    );
    const bounded = await bench.root.listEntitiesForPolicy({
      PolicyArn: admin,
      PolicyUsageFilter: "PermissionsBoundary",
    });
    expect(bounded.PolicyUsers?.map((user) => user.UserName)).not.toContain(UserName);
  });
});

describe("tags of users", () => {
  it("takes keys for the same whatever their case", async () => {
    const UserName = "tagged";
    await bench.root.createUser({ UserName, Tags: [{ Key: "Team", Value: "a" }] });
    await bench.root.tagUser({
      UserName,
      Tags: [
        { Key: "team", Value: "b" },
        { Key: "x", Value: "" },
      ],
    });
    expect((await bench.root.listUserTags({ UserName })).Tags).toEqual([
      { Key: "team", Value: "b" },
      { Key: "x", Value: "" },
    ]);
    await bench.root.untagUser({ UserName, TagKeys: ["TEAM"] });
    expect((await bench.root.getUser({ UserName })).User?.Tags).toEqual([{ Key: "x", Value: "" }]);
  });

  it("refuses duplicates, more than 50, and AWS's own prefix", async () => {
    const UserName = "tagged";
    const twice = await errorOf(
      bench.root.tagUser({
        UserName,
        Tags: [
          { Key: "k", Value: "1" },
          { Key: "K", Value: "2" },
        ],
      }),
    );
    expect(twice).toMatchObject({
      name: "InvalidInputException",
      message: "Duplicate tag keys found. Please note that Tag keys are case insensitive.",
    });
    const fifty = Array.from({ length: 50 }, (_, n) => ({ Key: `n${n}`, Value: "" }));
    expect((await errorOf(bench.root.tagUser({ UserName, Tags: fifty }))).name).toBe(
      "LimitExceededException",
    );
    const reserved = bench.root.tagUser({ UserName, Tags: [{ Key: "aws:x", Value: "" }] });
    expect((await errorOf(reserved)).name).toMatch(/InvalidInputException|ValidationError/);
  });

  it("pages", async () => {
    const UserName = "tagged-much";
    const Tags = ["a", "b", "c"].map((Key) => ({ Key, Value: Key }));
    await bench.root.createUser({ UserName, Tags });
    const first = await bench.root.listUserTags({ UserName, MaxItems: 2 });
    expect(first.IsTruncated).toBe(true);
    const rest = await bench.root.listUserTags({ UserName, MaxItems: 2, Marker: first.Marker });
    expect([...(first.Tags ?? []), ...(rest.Tags ?? [])]).toEqual(Tags);
  });
});

describe("what a user may do", () => {
  it("follows its policies, its groups and its boundary at once", async () => {
    const { iam } = await bench.userWho("worker");
    const attempt = () => iam.listUsers({});
    expect((await errorOf(attempt())).name).toBe("AccessDenied");
    await bench.root.createGroup({ GroupName: "readers" });
    await bench.root.putGroupPolicy({
      GroupName: "readers",
      PolicyName: "read",
      PolicyDocument: policyOf({ Effect: "Allow", Action: "iam:List*", Resource: "*" }),
    });
    await bench.root.addUserToGroup({ GroupName: "readers", UserName: "worker" });
    await expect(attempt()).resolves.toMatchObject({ IsTruncated: false });
    await bench.root.putUserPermissionsBoundary({
      UserName: "worker",
      PermissionsBoundary: "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess",
    });
    const bounded = await errorOf(attempt());
    expect(bounded.message).toBe(
      `User: arn:aws:iam::${account}:user/worker is not authorized to perform: iam:ListUsers on resource: arn:aws:iam::${account}:user/ because no permissions boundary allows the iam:ListUsers action`,
    );
    await bench.root.deleteUserPermissionsBoundary({ UserName: "worker" });
    await attempt();
    await bench.root.updateGroup({ GroupName: "readers", NewGroupName: "viewers" });
    await attempt();
    await bench.root.removeUserFromGroup({ GroupName: "viewers", UserName: "worker" });
    expect((await errorOf(attempt())).name).toBe("AccessDenied");
    expect((await errorOf(bench.root.deleteUserPermissionsBoundary({ UserName: "worker" }))).name).toBe(
      "NoSuchEntityException",
    );
  });

  it("belongs to the user, not to the name", async () => {
    const statement = { Effect: "Allow", Action: ["kms:ListKeys", "sts:*"], Resource: "*" };
    const { credentials } = await bench.userWho("first", statement);
    const { sts } = clients(bench.cloudkeep, credentials);
    const own = await sts.send(new GetSessionTokenCommand({}));
    const Policy = policyOf({ Effect: "Allow", Action: "*", Resource: "*" });
    const federated = await sts.send(new GetFederationTokenCommand({ Name: "guest", Policy }));
    const [session, guest] = [own, federated].map(
      ({ Credentials }) => clients(bench.cloudkeep, credentialsOf(Credentials)).kms,
    );
    const listKeys = new ListKeysCommand({});
    await session?.send(listKeys);
    await guest?.send(listKeys);
    await bench.root.updateUser({ UserName: "first", NewUserName: "renamed" });
    await session?.send(listKeys);
    await bench.root.updateUser({ UserName: "renamed", NewUserName: "first" });

    const AccessKeyId = credentials.accessKeyId;
    await bench.root.deleteAccessKey({ UserName: "first", AccessKeyId });
    await bench.root.deleteUserPolicy({ UserName: "first", PolicyName: "own" });
    await bench.root.deleteUser({ UserName: "first" });
    bench.cloudkeep.clock.advance(2000);
    await bench.userWho("first", statement);
    for (const kms of [session, guest]) {
      expect((await errorOf(kms?.send(listKeys) as Promise<unknown>)).name).toBe("AccessDeniedException");
    }
  });

  it("tells a caller without permission nothing of who exists", async () => {
    const { iam } = await bench.userWho("curious");
    const there = await errorOf(iam.getUser({ UserName: "worker" }));
    const gone = await errorOf(iam.getUser({ UserName: "nobody" }));
    expect(there.message.replace("worker", "nobody")).toBe(gone.message);
    expect(gone.message).toContain("on resource: user nobody because");
  });

  it("judges by path, tags and condition keys of the service", async () => {
    const only = "arn:aws:iam::aws:policy/ReadOnlyAccess";
    const { iam } = await bench.userWho(
      "delegate",
      {
        Effect: "Allow",
        Action: "iam:AttachUserPolicy",
        Resource: "*",
        Condition: { ArnEquals: { "iam:PolicyARN": only } },
      },
      {
        Effect: "Allow",
        Action: "iam:CreateUser",
        Resource: `arn:aws:iam::${account}:user/made/*`,
        Condition: { StringEquals: { "iam:PermissionsBoundary": only, "aws:RequestTag/by": "delegate" } },
      },
      {
        Effect: "Allow",
        Action: "iam:DeleteUser",
        Resource: "*",
        Condition: { StringEquals: { "iam:ResourceTag/by": "delegate" } },
      },
    );
    const wanted = { UserName: "made", Path: "/made/", Tags: [{ Key: "by", Value: "delegate" }] };
    expect((await errorOf(iam.createUser(wanted))).name).toBe("AccessDenied");
    await iam.createUser({ ...wanted, PermissionsBoundary: only });
    await iam.attachUserPolicy({ UserName: "made", PolicyArn: only });
    const other = await errorOf(iam.attachUserPolicy({ UserName: "made", PolicyArn: admin }));
    expect(other.name).toBe("AccessDenied");
    await bench.root.detachUserPolicy({ UserName: "made", PolicyArn: only });
    expect((await errorOf(iam.deleteUser({ UserName: "worker" }))).name).toBe("AccessDenied");
    await iam.deleteUser({ UserName: "made" });
  });
});
