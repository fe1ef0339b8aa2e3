import {
  AttachUserPolicyCommand,
  CreateAccessKeyCommand,
  CreateUserCommand,
  GetUserCommand,
  ListUsersCommand,
} from "@aws-sdk/client-iam";
import { CreateKeyCommand, DescribeKeyCommand, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import { Organizations } from "@aws-sdk/client-organizations";
import { AssumeRoleCommand, GetCallerIdentityCommand } from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
/** Roles may not be taken on by the root. */
let boss: ReturnType<typeof clients>;
let organizations: Organizations;
let member: string;
let rootId: string;

function policyOf(...statements: object[]): string {
  return JSON.stringify({ Version: "2012-10-17", Statement: statements });
}

/** Clients of the role that lets the management account into a member. */
async function into(account: string) {
  const { Credentials } = await boss.sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${account}:role/OrganizationAccountAccessRole`,
      RoleSessionName: "admin",
    }),
  );
  const credentials = credentialsOf(Credentials);
  const options = { endpoint: cloudkeep.endpoint, region: "us-east-1", credentials, maxAttempts: 1 };
  return { ...clients(cloudkeep, credentials), organizations: new Organizations(options) };
}

async function newAccount(AccountName: string): Promise<string> {
  const made = await organizations.createAccount({ AccountName, Email: `${AccountName}@example.com` });
  expect(made.CreateAccountStatus).toMatchObject({ State: "IN_PROGRESS", AccountName });
  const { CreateAccountStatus } = await organizations.describeCreateAccountStatus({
    CreateAccountRequestId: made.CreateAccountStatus?.Id,
  });
  expect(CreateAccountStatus?.State).toBe("SUCCEEDED");
  return CreateAccountStatus?.AccountId ?? "";
}

beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  await root.iam.send(new CreateUserCommand({ UserName: "boss" }));
  const PolicyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
  await root.iam.send(new AttachUserPolicyCommand({ UserName: "boss", PolicyArn }));
  const { AccessKey } = await root.iam.send(new CreateAccessKeyCommand({ UserName: "boss" }));
  boss = clients(cloudkeep, credentialsOf(AccessKey));
  const { credentials, endpoint } = cloudkeep;
  organizations = new Organizations({ endpoint, region: "us-east-1", credentials, maxAttempts: 1 });
  expect((await errorOf(organizations.describeOrganization({}))).message).toBe(
    "Your account is not a member of an organization.",
  );
  await organizations.createOrganization({ FeatureSet: "ALL" });
  const { Roots = [] } = await organizations.listRoots({});
  rootId = Roots[0]?.Id ?? "";
  member = await newAccount("data");
});
afterAll(() => cloudkeep.stop());

describe("accounts", () => {
  it("can be entered by the management account's role", async () => {
    const inside = await into(member);
    const { Account, Arn } = await inside.sts.send(new GetCallerIdentityCommand({}));
    expect([Account, Arn]).toEqual([
      member,
      `arn:aws:sts::${member}:assumed-role/OrganizationAccountAccessRole/admin`,
    ]);
    await inside.iam.send(new CreateUserCommand({ UserName: "inside" }));
    expect((await errorOf(root.iam.send(new GetUserCommand({ UserName: "inside" })))).name).toBe(
      "NoSuchEntityException",
    );
    const { Organization } = await inside.organizations.describeOrganization({});
    expect(Organization?.MasterAccountId).toBe(cloudkeep.accountId);
    expect((await errorOf(inside.organizations.listAccounts({}))).message).toBe(
      "You don't have permissions to access this resource.",
    );
  });

  it("are listed in pages", async () => {
    await newAccount("second");
    const ids: (string | undefined)[] = [];
    let NextToken: string | undefined;
    do {
      const page = await organizations.listAccounts({ MaxResults: 1, ...(NextToken && { NextToken }) });
      ids.push(...(page.Accounts ?? []).map(({ Id }) => Id));
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    expect(ids).toHaveLength(3);
    expect(ids).toContain(member);
    expect((await errorOf(organizations.listAccounts({ NextToken: "nonsense" }))).name).toBe(
      "InvalidInputException",
    );
  });
});

describe("service control policies", () => {
  it("refuse a member what they deny, whoever asks there, and the management account nothing", async () => {
    await organizations.enablePolicyType({ RootId: rootId, PolicyType: "SERVICE_CONTROL_POLICY" });
    const inside = await into(member);
    await inside.iam.send(new ListUsersCommand({}));
    const { Policy } = await organizations.createPolicy({
      Name: "no-users",
      Description: "",
      Type: "SERVICE_CONTROL_POLICY",
      Content: policyOf({ Effect: "Deny", Action: "iam:ListUsers", Resource: "*" }),
    });
    const PolicyId = Policy?.PolicySummary?.Id;
    await organizations.attachPolicy({ PolicyId, TargetId: rootId });
    const denied = await errorOf(inside.iam.send(new ListUsersCommand({})));
    expect(denied.name).toBe("AccessDenied");
    expect(denied.message).toContain("with an explicit deny in a service control policy");
    await root.iam.send(new ListUsersCommand({}));
    await organizations.detachPolicy({ PolicyId, TargetId: rootId });
    await inside.iam.send(new ListUsersCommand({}));
    await organizations.deletePolicy({ PolicyId });
  });

  it("must allow at every level of the tree", async () => {
    const { OrganizationalUnit } = await organizations.createOrganizationalUnit({
      ParentId: rootId,
      Name: "sandbox",
    });
    const unit = OrganizationalUnit?.Id ?? "";
    await organizations.moveAccount({ AccountId: member, SourceParentId: rootId, DestinationParentId: unit });
    expect((await organizations.listParents({ ChildId: member })).Parents).toEqual([
      { Id: unit, Type: "ORGANIZATIONAL_UNIT" },
    ]);
    const { Policy } = await organizations.createPolicy({
      Name: "keys-only",
      Description: "",
      Type: "SERVICE_CONTROL_POLICY",
      Content: policyOf({ Effect: "Allow", Action: ["kms:*", "sts:*"], Resource: "*" }),
    });
    const PolicyId = Policy?.PolicySummary?.Id;
    const last = await errorOf(organizations.detachPolicy({ PolicyId: "p-FullAWSAccess", TargetId: unit }));
    expect(last.name).toBe("ConstraintViolationException");
    await organizations.attachPolicy({ PolicyId, TargetId: unit });
    await organizations.detachPolicy({ PolicyId: "p-FullAWSAccess", TargetId: unit });
    const inside = await into(member);
    await inside.kms.send(new CreateKeyCommand({}));
    const denied = await errorOf(inside.iam.send(new ListUsersCommand({})));
    expect(denied.message).toContain("because no service control policy allows the iam:ListUsers action");
    expect((await organizations.listTargetsForPolicy({ PolicyId })).Targets).toMatchObject([
      { TargetId: unit },
    ]);
    await organizations.attachPolicy({ PolicyId: "p-FullAWSAccess", TargetId: unit });
    await inside.iam.send(new ListUsersCommand({}));
  });
});

describe("resource control policies", () => {
  it("keep strangers from a member's resources, whatever their policies say", async () => {
    const inside = await into(member);
    const { KeyMetadata } = await inside.kms.send(new CreateKeyCommand({}));
    await inside.kms.send(
      new PutKeyPolicyCommand({
        KeyId: KeyMetadata?.KeyId,
        Policy: policyOf(
          {
            Effect: "Allow",
            Principal: { AWS: `arn:aws:iam::${member}:root` },
            Action: "kms:*",
            Resource: "*",
          },
          {
            Effect: "Allow",
            Principal: { AWS: cloudkeep.accountId },
            Action: "kms:DescribeKey",
            Resource: "*",
          },
        ),
      }),
    );
    const look = () => root.kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.Arn }));
    await look();
    await organizations.enablePolicyType({ RootId: rootId, PolicyType: "RESOURCE_CONTROL_POLICY" });
    await look();
    const { Policy } = await organizations.createPolicy({
      Name: "own-account-only",
      Description: "",
      Type: "RESOURCE_CONTROL_POLICY",
      Content: policyOf({
        Effect: "Deny",
        Principal: "*",
        Action: "kms:*",
        Resource: "*",
        Condition: { StringNotEquals: { "aws:PrincipalAccount": member } },
      }),
    });
    await organizations.attachPolicy({ PolicyId: Policy?.PolicySummary?.Id, TargetId: member });
    const denied = await errorOf(look());
    expect(denied.message).toContain("with an explicit deny in a resource control policy");
    await inside.kms.send(new DescribeKeyCommand({ KeyId: KeyMetadata?.KeyId }));
  });
});

describe("management policies", () => {
  it("are merged from the root to the account", async () => {
    const PolicyType = "TAG_POLICY";
    const create = async (Name: string, settings: object) => {
      const Content = JSON.stringify({ tags: { costcenter: settings } });
      const { Policy } = await organizations.createPolicy({
        Name,
        Description: "",
        Type: PolicyType,
        Content,
      });
      return Policy?.PolicySummary?.Id ?? "";
    };
    const top = await create("top", {
      tag_key: { "@@assign": "CostCenter" },
      tag_value: { "@@assign": ["100"], "@@operators_allowed_for_child_policies": ["@@append"] },
    });
    const attach = { PolicyId: top, TargetId: rootId };
    expect((await errorOf(organizations.attachPolicy(attach))).name).toBe("PolicyTypeNotEnabledException");
    const { Root } = await organizations.enablePolicyType({ RootId: rootId, PolicyType });
    expect(Root?.PolicyTypes?.map(({ Type }) => Type)).toContain(PolicyType);
    await organizations.attachPolicy(attach);
    const below = await create("below", { tag_value: { "@@append": ["200"] } });
    await organizations.attachPolicy({ PolicyId: below, TargetId: member });
    const { EffectivePolicy } = await organizations.describeEffectivePolicy({ PolicyType, TargetId: member });
    expect(JSON.parse(EffectivePolicy?.PolicyContent ?? "")).toEqual({
      tags: { costcenter: { tag_key: "CostCenter", tag_value: ["100", "200"] } },
    });

    const inside = await into(member);
    const own = await inside.organizations.describeEffectivePolicy({ PolicyType });
    expect(own.EffectivePolicy).toMatchObject({
      TargetId: member,
      PolicyContent: EffectivePolicy?.PolicyContent,
    });
    const other = { PolicyType, TargetId: cloudkeep.accountId } as const;
    expect((await errorOf(inside.organizations.describeEffectivePolicy(other))).name).toBe(
      "AccessDeniedException",
    );
    const { Policies } = await organizations.listPoliciesForTarget({ TargetId: member, Filter: PolicyType });
    expect(Policies?.map(({ Name }) => Name)).toEqual(["below"]);
    await organizations.disablePolicyType({ RootId: rootId, PolicyType });
    const none = await errorOf(organizations.describeEffectivePolicy({ PolicyType, TargetId: member }));
    expect(none.name).toBe("EffectivePolicyNotFoundException");
    const malformed = {
      Name: "bad",
      Description: "",
      Type: PolicyType,
      Content: '{"tags":{"a":1}}',
    } as const;
    expect((await errorOf(organizations.createPolicy(malformed))).name).toBe(
      "MalformedPolicyDocumentException",
    );
  });
});

describe("the rest", () => {
  it("lets a delegated administrator read", async () => {
    const inside = await into(member);
    await organizations.registerDelegatedAdministrator({
      AccountId: member,
      ServicePrincipal: "guardduty.amazonaws.com",
    });
    expect((await inside.organizations.listAccounts({})).Accounts?.length).toBeGreaterThan(1);
    expect((await organizations.listDelegatedAdministrators({})).DelegatedAdministrators).toMatchObject([
      { Id: member },
    ]);
    const { DelegatedServices } = await organizations.listDelegatedServicesForAccount({ AccountId: member });
    expect(DelegatedServices).toMatchObject([{ ServicePrincipal: "guardduty.amazonaws.com" }]);
    await organizations.deregisterDelegatedAdministrator({
      AccountId: member,
      ServicePrincipal: "guardduty.amazonaws.com",
    });
  });

  it("tags, and gives services access", async () => {
    await organizations.tagResource({ ResourceId: member, Tags: [{ Key: "stage", Value: "test" }] });
    expect((await organizations.listTagsForResource({ ResourceId: member })).Tags).toEqual([
      { Key: "stage", Value: "test" },
    ]);
    await organizations.untagResource({ ResourceId: member, TagKeys: ["stage"] });
    await organizations.enableAWSServiceAccess({ ServicePrincipal: "cloudtrail.amazonaws.com" });
    const { EnabledServicePrincipals } = await organizations.listAWSServiceAccessForOrganization({});
    expect(EnabledServicePrincipals).toMatchObject([{ ServicePrincipal: "cloudtrail.amazonaws.com" }]);
  });

  it("refuses what AWS refuses", async () => {
    expect((await errorOf(organizations.createOrganization({}))).name).toBe("AlreadyInOrganizationException");
    expect((await errorOf(organizations.deleteOrganization({}))).name).toBe("OrganizationNotEmptyException");
    const bad = { Name: "bad", Description: "", Type: "SERVICE_CONTROL_POLICY", Content: "{}" } as const;
    expect((await errorOf(organizations.createPolicy(bad))).name).toBe("MalformedPolicyDocumentException");
    const self = { AccountId: cloudkeep.accountId };
    expect((await errorOf(organizations.removeAccountFromOrganization(self))).name).toBe(
      "MasterCannotLeaveOrganizationException",
    );
    const gone = await errorOf(organizations.describeAccount({ AccountId: "999999999999" }));
    expect(gone.name).toBe("AccountNotFoundException");
  });
});
