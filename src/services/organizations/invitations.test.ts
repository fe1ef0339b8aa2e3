import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  GetRoleCommand,
} from "@aws-sdk/client-iam";
import { Organizations } from "@aws-sdk/client-organizations";
import { AssumeRoleCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let boss: ReturnType<typeof clients>;
let management: Organizations;

function organizationsAs(credentials: ReturnType<typeof credentialsOf>) {
  return new Organizations({
    endpoint: cloudkeep.endpoint,
    region: "us-east-1",
    credentials,
    maxAttempts: 1,
  });
}

async function into(account: string) {
  const RoleArn = `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`;
  const { Credentials } = await boss.sts.send(new AssumeRoleCommand({ RoleArn, RoleSessionName: "admin" }));
  const credentials = credentialsOf(Credentials);
  return { ...clients(cloudkeep, credentials), organizations: organizationsAs(credentials) };
}

/** An account outside of any organization, entered by its role: made here, it has left. */
async function standalone(AccountName: string) {
  const made = await management.createAccount({ AccountName, Email: `${AccountName}@example.com` });
  const { CreateAccountStatus } = await management.describeCreateAccountStatus({
    CreateAccountRequestId: made.CreateAccountStatus?.Id,
  });
  const account = CreateAccountStatus?.AccountId ?? "";
  const inside = await into(account);
  await inside.organizations.leaveOrganization({});
  return { account, ...inside };
}

beforeAll(async () => {
  cloudkeep = await startForTest();
  const root = clients(cloudkeep, cloudkeep.credentials);
  await root.iam.send(new CreateUserCommand({ UserName: "boss" }));
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await root.iam.send(new AttachUserPolicyCommand({ UserName: "boss", PolicyArn }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "boss" }));
  const credentials = credentialsOf(AccessKey);
  boss = clients(cloudkeep, credentials);
  management = organizationsAs(credentials);
  await management.createOrganization({ FeatureSet: "CONSOLIDATED_BILLING" });
});
afterAll(() => cloudkeep.stop());

describe("an invitation", () => {
  it("is seen by both sides, and accepted by the one that was asked", async () => {
    const guest = await standalone("guest");
    const stranger = await standalone("stranger");
    const Target = { Type: "ACCOUNT", Id: guest.account } as const;
    const { Handshake } = await management.inviteAccountToOrganization({
      Target,
      Notes: "Welcome",
      Tags: [{ Key: "stage", Value: "test" }],
    });
    const { Organization } = await management.describeOrganization({});
    const HandshakeId = Handshake?.Id ?? "";
    expect(Handshake).toMatchObject({
      Action: "INVITE",
      State: "OPEN",
      Arn: `arn:aws:organizations::${cloudkeep.accountId}:handshake/${Organization?.Id}/invite/${HandshakeId}`,
      Parties: [
        { Id: Organization?.Id, Type: "ORGANIZATION" },
        { Id: guest.account, Type: "ACCOUNT" },
      ],
    });
    expect(Handshake?.Resources?.[2]).toEqual({ Type: "NOTES", Value: "Welcome" });
    const again = await errorOf(management.inviteAccountToOrganization({ Target }));
    expect(again.name).toBe("DuplicateHandshakeException");

    const listed = await guest.organizations.listHandshakesForAccount({});
    expect(listed.Handshakes?.map(({ Id }) => Id)).toEqual([HandshakeId]);
    expect((await stranger.organizations.listHandshakesForAccount({})).Handshakes).toEqual([]);
    for (const asked of [
      stranger.organizations.describeHandshake({ HandshakeId }),
      stranger.organizations.acceptHandshake({ HandshakeId }),
      stranger.organizations.declineHandshake({ HandshakeId }),
      stranger.organizations.cancelHandshake({ HandshakeId }),
    ])
      expect((await errorOf(asked)).name).toBe("HandshakeNotFoundException");
    expect((await errorOf(management.acceptHandshake({ HandshakeId }))).name).toBe("AccessDeniedException");
    expect((await errorOf(guest.organizations.cancelHandshake({ HandshakeId }))).name).toBe(
      "AccessDeniedException",
    );

    const accepted = await guest.organizations.acceptHandshake({ HandshakeId });
    expect(accepted.Handshake?.State).toBe("ACCEPTED");
    const { Account } = await management.describeAccount({ AccountId: guest.account });
    expect(Account).toMatchObject({ JoinedMethod: "INVITED", State: "ACTIVE" });
    expect((await management.listTagsForResource({ ResourceId: guest.account })).Tags).toEqual([
      { Key: "stage", Value: "test" },
    ]);
    const twice = await errorOf(guest.organizations.acceptHandshake({ HandshakeId }));
    expect(twice.name).toBe("HandshakeAlreadyInStateException");
    const late = await errorOf(guest.organizations.declineHandshake({ HandshakeId }));
    expect(late.name).toBe("InvalidHandshakeTransitionException");
    const member = await errorOf(management.inviteAccountToOrganization({ Target }));
    expect([member.name, "Reason" in member && member.Reason]).toEqual([
      "HandshakeConstraintViolationException",
      "ALREADY_IN_AN_ORGANIZATION",
    ]);
  });

  it("can be declined, canceled, sent to an address, and expires", async () => {
    const guest = await standalone("shy");
    const Target = { Type: "EMAIL", Id: `${guest.account}@example.com` } as const;
    const invite = async () => (await management.inviteAccountToOrganization({ Target })).Handshake?.Id ?? "";
    const first = await invite();
    const declined = await guest.organizations.declineHandshake({ HandshakeId: first });
    expect(declined.Handshake?.State).toBe("DECLINED");
    const second = await invite();
    expect((await management.cancelHandshake({ HandshakeId: second })).Handshake?.State).toBe("CANCELED");
    const third = await invite();
    await cloudkeep.clock.advance(15 * 24 * 3_600_000);
    const fresh = await into(guest.account);
    const expired = await fresh.organizations.describeHandshake({ HandshakeId: third });
    expect(expired.Handshake?.State).toBe("EXPIRED");
    expect((await errorOf(fresh.organizations.acceptHandshake({ HandshakeId: third }))).name).toBe(
      "InvalidHandshakeTransitionException",
    );
    const of = async (filter: object) =>
      (await management.listHandshakesForOrganization({ Filter: filter })).Handshakes?.map(({ Id }) => Id);
    expect(await of({ ActionType: "INVITE" })).toEqual(expect.arrayContaining([first, second, third]));
    expect(await of({ ActionType: "ENABLE_ALL_FEATURES" })).toEqual([]);
    await cloudkeep.clock.advance(31 * 24 * 3_600_000);
    const last = await invite();
    expect(await of({ ActionType: "INVITE" })).toEqual([last]);
  });

  it("must name an account", async () => {
    for (const Target of [
      { Type: "ACCOUNT", Id: "data" },
      { Type: "ORGANIZATION", Id: "o-1234567890" },
    ] as const)
      expect((await errorOf(management.inviteAccountToOrganization({ Target }))).name).toBe(
        "InvalidInputException",
      );
  });
});

describe("an organization of consolidated billing", () => {
  it("has no policies until its invited members agree and the management account confirms", async () => {
    const { Organization, Roots } = {
      ...(await management.describeOrganization({})),
      ...(await management.listRoots({})),
    };
    expect(Organization).toMatchObject({ FeatureSet: "CONSOLIDATED_BILLING", AvailablePolicyTypes: [] });
    const enable = { RootId: Roots?.[0]?.Id, PolicyType: "SERVICE_CONTROL_POLICY" } as const;
    expect((await errorOf(management.enablePolicyType(enable))).name).toBe(
      "PolicyTypeNotAvailableForOrganizationException",
    );
    const access = { ServicePrincipal: "cloudtrail.amazonaws.com" };
    expect((await errorOf(management.enableAWSServiceAccess(access))).name).toBe(
      "ConstraintViolationException",
    );

    const { Handshake: request } = await management.enableAllFeatures({});
    expect(request).toMatchObject({ Action: "ENABLE_ALL_FEATURES", State: "REQUESTED" });
    const again = await errorOf(management.enableAllFeatures({}));
    expect("Reason" in again && again.Reason).toBe("ORGANIZATION_IS_ALREADY_PENDING_ALL_FEATURES_MIGRATION");
    const { Accounts = [] } = await management.listAccounts({});
    const guest = await into(Accounts.find(({ Name }) => Name !== "management")?.Id ?? "");
    const asked = await guest.organizations.listHandshakesForAccount({
      Filter: { ParentHandshakeId: request?.Id },
    });
    expect(asked.Handshakes).toMatchObject([{ Action: "ENABLE_ALL_FEATURES", State: "REQUESTED" }]);
    await guest.organizations.acceptHandshake({ HandshakeId: asked.Handshakes?.[0]?.Id });

    const { Handshakes } = await management.listHandshakesForAccount({});
    expect(Handshakes).toMatchObject([{ Action: "APPROVE_ALL_FEATURES", State: "OPEN" }]);
    await management.acceptHandshake({ HandshakeId: Handshakes?.[0]?.Id });
    expect((await management.describeOrganization({})).Organization?.FeatureSet).toBe("ALL");
    await management.enablePolicyType(enable);
    const RoleName = "AWSServiceRoleForOrganizations";
    await boss.iam.send(new GetRoleCommand({ RoleName }));
    const done = await errorOf(management.enableAllFeatures({}));
    expect("Reason" in done && done.Reason).toBe("ORGANIZATION_ALREADY_HAS_ALL_FEATURES");
  });
});
