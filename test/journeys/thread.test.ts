import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { CreateAccessKeyCommand, CreateUserCommand, GetUserCommand } from "@aws-sdk/client-iam";
import { GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, credentialsOf, errorOf, startForTest } from "../harness.ts";

/** One thread through the whole path: signed, authorized, recorded, from the real SDK. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

it("answers root, makes a user, refuses the user what nobody allowed it, and records it all", async () => {
  const root = clients(cloudkeep, cloudkeep.credentials);
  const identity = await root.sts.send(new GetCallerIdentityCommand({}));
  expect(identity.Arn).toBe("arn:aws:iam::000000000000:root");

  await root.iam.send(new CreateUserCommand({ UserName: "alice" }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
  const alice = clients(cloudkeep, credentialsOf(AccessKey));
  expect((await alice.sts.send(new GetCallerIdentityCommand({}))).Arn).toBe(
    "arn:aws:iam::000000000000:user/alice",
  );

  const refused = await errorOf(alice.iam.send(new GetUserCommand({ UserName: "alice" })));
  expect(refused.name).toBe("AccessDenied");
  expect(refused.message).toBe(
    "User: arn:aws:iam::000000000000:user/alice is not authorized to perform: iam:GetUser on resource: user alice because no identity-based policy allows the iam:GetUser action",
  );

  const { Events = [] } = await root.cloudtrail.send(new LookupEventsCommand({}));
  expect(Events.map(({ EventName }) => EventName)).toEqual(
    expect.arrayContaining(["GetCallerIdentity", "CreateUser", "CreateAccessKey", "GetUser"]),
  );
  const denied = Events.find(({ EventName }) => EventName === "GetUser");
  expect(JSON.parse(denied?.CloudTrailEvent ?? "")).toMatchObject({
    errorCode: "AccessDenied",
    userIdentity: { type: "IAMUser", userName: "alice" },
  });
  expect(JSON.stringify(Events)).not.toContain(AccessKey?.SecretAccessKey);
});
