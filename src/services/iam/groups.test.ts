import { afterAll, beforeAll, expect, it } from "vitest";
import { errorOf } from "../../../test/harness.ts";
import { account, allowsAll, type Bench, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const readOnly = "arn:aws:iam::aws:policy/ReadOnlyAccess";

it("makes, shows, renames and lists groups", async () => {
  const { Group } = await bench.root.createGroup({ GroupName: "devs", Path: "/eng/" });
  expect(Group).toMatchObject({ GroupName: "devs", Arn: `arn:aws:iam::${account}:group/eng/devs` });
  expect(Group?.GroupId).toMatch(/^AGPA/);
  expect(await errorOf(bench.root.createGroup({ GroupName: "DEVS" }))).toMatchObject({
    name: "EntityAlreadyExistsException",
    message: "Group with name DEVS already exists.",
  });
  await bench.root.createGroup({ GroupName: "ops" });
  await bench.root.attachGroupPolicy({ GroupName: "devs", PolicyArn: readOnly });
  await bench.root.updateGroup({ GroupName: "devs", NewGroupName: "builders", NewPath: "/" });
  const { Groups } = await bench.root.listGroups({});
  expect(Groups?.map(({ Arn }) => Arn)).toEqual([
    `arn:aws:iam::${account}:group/builders`,
    `arn:aws:iam::${account}:group/ops`,
  ]);
  const { PolicyGroups } = await bench.root.listEntitiesForPolicy({ PolicyArn: readOnly });
  expect(PolicyGroups).toEqual([{ GroupName: "builders", GroupId: Group?.GroupId }]);
  const taken = bench.root.updateGroup({ GroupName: "builders", NewGroupName: "ops" });
  expect((await errorOf(taken)).name).toBe("EntityAlreadyExistsException");
  expect(await errorOf(bench.root.getGroup({ GroupName: "devs" }))).toMatchObject({
    name: "NoSuchEntityException",
    message: "The group with name devs cannot be found.",
  });
});

it("pages members, and holds users to ten groups", async () => {
  for (const UserName of ["u1", "u2", "u3"]) {
    await bench.root.createUser({ UserName });
    await bench.root.addUserToGroup({ GroupName: "ops", UserName });
    await bench.root.addUserToGroup({ GroupName: "ops", UserName });
  }
  const first = await bench.root.getGroup({ GroupName: "ops", MaxItems: 2 });
  expect(first.Users?.map(({ UserName }) => UserName)).toEqual(["u1", "u2"]);
  const second = await bench.root.getGroup({ GroupName: "ops", Marker: first.Marker });
  expect(second.Users?.map(({ UserName }) => UserName)).toEqual(["u3"]);
  for (let n = 0; n < 9; n++) {
    await bench.root.createGroup({ GroupName: `g${n}` });
    await bench.root.addUserToGroup({ GroupName: `g${n}`, UserName: "u1" });
  }
  const eleventh = await errorOf(bench.root.addUserToGroup({ GroupName: "builders", UserName: "u1" }));
  expect(eleventh).toMatchObject({
    name: "LimitExceededException",
    message: "Cannot exceed quota for GroupsPerUser: 10",
  });
  const { Groups } = await bench.root.listGroupsForUser({ UserName: "u1" });
  expect(Groups).toHaveLength(10);
});

it("deletes a group only when nothing is left", async () => {
  const GroupName = "builders";
  await bench.root.createUser({ UserName: "last" });
  await bench.root.addUserToGroup({ GroupName, UserName: "last" });
  await bench.root.putGroupPolicy({ GroupName, PolicyName: "all", PolicyDocument: allowsAll });
  const refusal = async () => (await errorOf(bench.root.deleteGroup({ GroupName }))).message;
  expect(await refusal()).toBe("Cannot delete entity, must remove users from group first.");
  await bench.root.removeUserFromGroup({ GroupName, UserName: "last" });
  expect(await refusal()).toBe("Cannot delete entity, must detach all policies first.");
  await bench.root.detachGroupPolicy({ GroupName, PolicyArn: readOnly });
  expect(await refusal()).toBe("Cannot delete entity, must delete policies first.");
  await bench.root.deleteGroupPolicy({ GroupName, PolicyName: "all" });
  await bench.root.deleteGroup({ GroupName });
  expect((await bench.root.listGroupsForUser({ UserName: "last" })).Groups).toEqual([]);
});
