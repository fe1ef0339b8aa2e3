import { GetSessionTokenCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import { clients, credentialsOf, errorOf } from "../../../test/harness.ts";
import { type Bench, iamOf, startBench } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

it("lists, switches off, switches on and deletes keys", async () => {
  const { iam, credentials } = await bench.userWho("kim", {
    Effect: "Allow",
    Action: "iam:*",
    Resource: "*",
  });
  const AccessKeyId = credentials.accessKeyId;
  const { AccessKeyMetadata } = await iam.listAccessKeys({});
  expect(AccessKeyMetadata).toEqual([
    { UserName: "kim", AccessKeyId, Status: "Active", CreateDate: expect.any(Date) },
  ]);
  await bench.root.updateAccessKey({ UserName: "kim", AccessKeyId, Status: "Inactive" });
  expect((await errorOf(iam.getUser({}))).name).toBe("InvalidClientTokenId");
  await bench.root.updateAccessKey({ UserName: "kim", AccessKeyId, Status: "Active" });
  await iam.getUser({});
  await bench.root.deleteAccessKey({ UserName: "kim", AccessKeyId });
  expect((await errorOf(iam.getUser({}))).name).toBe("InvalidClientTokenId");
  expect((await bench.root.listAccessKeys({ UserName: "kim" })).AccessKeyMetadata).toEqual([]);
});

it("allows two keys, and keeps users' keys apart", async () => {
  const { credentials } = await bench.userWho("two");
  await bench.root.createAccessKey({ UserName: "two" });
  const third = await errorOf(bench.root.createAccessKey({ UserName: "two" }));
  expect(third).toMatchObject({
    name: "LimitExceededException",
    message: "Cannot exceed quota for AccessKeysPerUser: 2",
  });
  await bench.root.createUser({ UserName: "stranger" });
  const AccessKeyId = credentials.accessKeyId;
  const foreign = await errorOf(bench.root.deleteAccessKey({ UserName: "stranger", AccessKeyId }));
  expect(foreign).toMatchObject({
    name: "NoSuchEntityException",
    message: `The Access Key with id ${AccessKeyId} cannot be found.`,
  });
  const page = await bench.root.listAccessKeys({ UserName: "two", MaxItems: 1 });
  expect(page.IsTruncated).toBe(true);
  const rest = await bench.root.listAccessKeys({ UserName: "two", Marker: page.Marker });
  expect(rest.AccessKeyMetadata).toHaveLength(1);
});

it("shows the root its own keys, and asks sessions for a user's name", async () => {
  const { AccessKeyMetadata } = await bench.root.listAccessKeys({});
  expect(AccessKeyMetadata?.map(({ AccessKeyId }) => AccessKeyId)).toEqual([
    bench.cloudkeep.credentials.accessKeyId,
  ]);
  const { Role } = await bench.root.createRole({
    RoleName: "visitor",
    AssumeRolePolicyDocument: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { AWS: "000000000000" }, Action: "sts:AssumeRole" }],
    }),
  });
  await bench.root.attachRolePolicy({
    RoleName: "visitor",
    PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  });
  const { credentials } = await bench.userWho("assumer", { Effect: "Allow", Action: "sts:*", Resource: "*" });
  const { AssumeRoleCommand } = await import("@aws-sdk/client-sts");
  const { sts } = clients(bench.cloudkeep, credentials);
  const { Credentials } = await sts.send(
    new AssumeRoleCommand({ RoleArn: Role?.Arn, RoleSessionName: "visit" }),
  );
  const session = iamOf(bench.cloudkeep, credentialsOf(Credentials));
  const nameless = await errorOf(session.listAccessKeys({}));
  expect(nameless).toMatchObject({
    name: "ValidationError",
    message: "Must specify userName when calling with non-User credentials",
  });
  expect((await session.listAccessKeys({ UserName: "two" })).AccessKeyMetadata).toHaveLength(2);
});

it("tells when a key was last used, from the record", async () => {
  const { credentials } = await bench.userWho("lou", { Effect: "Allow", Action: "*", Resource: "*" });
  const AccessKeyId = credentials.accessKeyId;
  const unused = await bench.root.getAccessKeyLastUsed({ AccessKeyId });
  expect(unused).toMatchObject({
    UserName: "lou",
    AccessKeyLastUsed: { ServiceName: "N/A", Region: "N/A" },
  });
  expect(unused.AccessKeyLastUsed?.LastUsedDate).toBeUndefined();
  const { sts } = clients(bench.cloudkeep, credentials, "eu-west-1");
  await sts.send(new GetSessionTokenCommand({}));
  const used = await bench.root.getAccessKeyLastUsed({ AccessKeyId });
  expect(used.AccessKeyLastUsed).toMatchObject({ ServiceName: "sts" });
  expect(used.AccessKeyLastUsed?.LastUsedDate).toBeInstanceOf(Date);
  const unknown = await errorOf(bench.root.getAccessKeyLastUsed({ AccessKeyId: "AKIAAAAAAAAAAAAAAAAA" }));
  expect(unknown).toMatchObject({
    name: "AccessDenied",
    message:
      "User: arn:aws:iam::000000000000:root is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key AKIAAAAAAAAAAAAAAAAA",
  });
});
