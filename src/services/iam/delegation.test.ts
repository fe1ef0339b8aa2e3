import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import type { CreateDelegationRequestRequest, IAM } from "@aws-sdk/client-iam";
import { CreateOrganizationCommand } from "@aws-sdk/client-organizations";
import { PutBucketPolicyCommand } from "@aws-sdk/client-s3";
import { DeleteMessageCommand, ReceiveMessageCommand } from "@aws-sdk/client-sqs";
import {
  AssumeRoleCommand,
  GetCallerIdentityCommand,
  GetDelegatedAccessTokenCommand,
} from "@aws-sdk/client-sts";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Credentials, clients, credentialsOf, errorOf, newMember } from "../../../test/harness.ts";
import { signed } from "../../../test/hostile/sign.ts";
import type { TrailEvent } from "../../kit/record.ts";
import { type Bench, iamOf, account as partner, policyOf, startBench } from "./testing.ts";

/** A partner in the home account asks a customer in another one. */

const dayMs = 86_400_000;
let bench: Bench;
let customer: string;
let admin: IAM;
let adminCredentials: Credentials;
let adminArn: string;
let topic: string;
let queue: string;
let template: string;
let workflow = 0;

async function own(operation: string, input: object): Promise<Record<string, unknown>> {
  const host = `127.0.0.1:${bench.cloudkeep.port}`;
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Cloudkeep.${operation}` };
  const draft = { method: "POST", path: "/", query: "", headers, body: JSON.stringify(input) };
  const { credentials } = bench.cloudkeep;
  const request = signed("header", draft, { credentials, service: "cloudkeep", host });
  const answer = await fetch(`http://${host}/`, {
    method: "POST",
    headers: request.headers,
    body: request.body,
  });
  return (await answer.json()) as Record<string, unknown>;
}

const partnerInput = { PartnerName: "Example", PartnerDomain: "example.com", AccountIds: [partner] };

async function register(TemplateName: string, ...statements: object[]): Promise<string> {
  const input = { ...partnerInput, TemplateName, PolicyTemplate: policyOf(...statements) };
  return (await own("PutDelegationTemplate", input)).PolicyTemplateArn as string;
}

/** A user of the customer's account. */
async function customerUser(UserName: string, ...statements: object[]): Promise<IAM> {
  await admin.createUser({ UserName });
  if (statements.length > 0)
    await admin.putUserPolicy({ UserName, PolicyName: "own", PolicyDocument: policyOf(...statements) });
  const { AccessKey } = await admin.createAccessKey({ UserName });
  return iamOf(bench.cloudkeep, credentialsOf(AccessKey));
}

beforeAll(async () => {
  bench = await startBench();
  const { organizations, sns, sqs } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
  await organizations.send(new CreateOrganizationCommand({ FeatureSet: "ALL" }));
  customer = await newMember(organizations, "customer");
  const { credentials } = await bench.userWho("operator", { Effect: "Allow", Action: "*", Resource: "*" });
  const assumed = await clients(bench.cloudkeep, credentials).sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${customer}:role/OrganizationAccountAccessRole`,
      RoleSessionName: "admin",
    }),
  );
  adminCredentials = credentialsOf(assumed.Credentials);
  adminArn = assumed.AssumedRoleUser?.Arn ?? "";
  admin = iamOf(bench.cloudkeep, adminCredentials);

  topic = (await sns.createTopic({ Name: "delegations" })).TopicArn ?? "";
  const Policy = policyOf({
    Effect: "Allow",
    Principal: { Service: "iam.amazonaws.com" },
    Action: "SNS:Publish",
    Resource: topic,
  });
  await sns.setTopicAttributes({ TopicArn: topic, AttributeName: "Policy", AttributeValue: Policy });
  const { CreateQueueCommand } = await import("@aws-sdk/client-sqs");
  const Endpoint = `arn:aws:sqs:us-east-1:${partner}:notices`;
  const allowed = { Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: Endpoint };
  const made = await sqs.send(
    new CreateQueueCommand({ QueueName: "notices", Attributes: { Policy: policyOf(allowed) } }),
  );
  queue = made.QueueUrl ?? "";
  const Attributes = { RawMessageDelivery: "true" };
  await sns.subscribe({ TopicArn: topic, Protocol: "sqs", Endpoint, Attributes });
  template = await register("reader", {
    Effect: "Allow",
    Action: ["s3:GetBucketLocation", "s3:CreateBucket"],
    Resource: "arn:aws:s3:::@{bucket}",
  });
});
afterAll(() => bench.cloudkeep.stop());

async function notice(Type: string, State: string, RequestId: string): Promise<Record<string, string>> {
  const { sqs } = clients(bench.cloudkeep, bench.cloudkeep.credentials);
  for (let tries = 0; tries < 50; tries += 1) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl: queue, WaitTimeSeconds: 1, MaxNumberOfMessages: 10 }),
    );
    for (const { Body = "{}", ReceiptHandle } of Messages) {
      await sqs.send(new DeleteMessageCommand({ QueueUrl: queue, ReceiptHandle }));
      const told = JSON.parse(Body) as Record<string, string>;
      if (told.RequestId === RequestId && told.Type === Type && told.State === State) return told;
    }
  }
  throw new Error(`No ${Type} of ${State} came.`);
}

async function request(more: Partial<CreateDelegationRequestRequest> = {}): Promise<string> {
  workflow += 1;
  const { DelegationRequestId } = await bench.root.createDelegationRequest({
    Description: "Sets things up",
    Permissions: {
      PolicyTemplateArn: template,
      Parameters: [{ Name: "bucket", Values: ["*"], Type: "string" }],
    },
    RequestorWorkflowId: `workflow-${workflow}`,
    NotificationChannel: topic,
    SessionDuration: 7200,
    ...more,
  });
  return DelegationRequestId ?? "";
}

/** Takes a request on, accepts it and sends the token, as one identity; the token. */
async function granted(iam: IAM, DelegationRequestId: string): Promise<string> {
  await iam.associateDelegationRequest({ DelegationRequestId });
  await iam.acceptDelegationRequest({ DelegationRequestId });
  await iam.sendDelegationToken({ DelegationRequestId });
  const { ExchangeToken = "" } = await notice("ExchangeToken", "FINALIZED", DelegationRequestId);
  return ExchangeToken;
}

function redeem(TradeInToken: string, credentials: Credentials = bench.cloudkeep.credentials) {
  return clients(bench.cloudkeep, credentials).sts.send(new GetDelegatedAccessTokenCommand({ TradeInToken }));
}

async function stateOf(iam: IAM, DelegationRequestId: string): Promise<string | undefined> {
  return (await iam.getDelegationRequest({ DelegationRequestId })).DelegationRequest?.State;
}

describe("a request", () => {
  it("goes from the partner to the customer and back as credentials of the approver, within the policy", async () => {
    const id = await request({ OwnerAccountId: customer, RequestMessage: "Hello" });
    const { DelegationRequest } = await admin.getDelegationRequest({ DelegationRequestId: id });
    expect(DelegationRequest).toMatchObject({
      DelegationRequestId: id,
      OwnerAccountId: customer,
      State: "UNASSIGNED",
      RequestorId: partner,
      RequestorName: "Example",
      SessionDuration: 7200,
      RequestMessage: "Hello",
    });
    expect(JSON.parse(DelegationRequest?.PermissionPolicy ?? "").Statement[0].Resource).toBe(
      "arn:aws:s3:::*",
    );
    await admin.associateDelegationRequest({ DelegationRequestId: id });
    expect(await notice("StateChange", "ASSIGNED", id)).toMatchObject({
      RequestorWorkflowId: `workflow-${workflow}`,
      OwnerAccountId: customer,
    });
    await admin.acceptDelegationRequest({ DelegationRequestId: id });
    await admin.sendDelegationToken({ DelegationRequestId: id });
    const sent = await notice("ExchangeToken", "FINALIZED", id);
    const { Credentials, AssumedPrincipal } = await redeem(sent.ExchangeToken ?? "");
    expect(AssumedPrincipal).toBe(adminArn);
    const expiresMs = Credentials?.Expiration?.getTime() ?? 0;
    expect(Math.abs(expiresMs - Date.parse(sent.ExpiresAt ?? ""))).toBeLessThan(1_000);

    const delegated = clients(bench.cloudkeep, credentialsOf(Credentials));
    const identity = await delegated.sts.send(new GetCallerIdentityCommand({}));
    expect(identity.Account).toBe(customer);
    const { CreateBucketCommand, DeleteBucketCommand } = await import("@aws-sdk/client-s3");
    await delegated.s3.send(new CreateBucketCommand({ Bucket: "set-up-by-partner" }));
    const refused = await errorOf(
      delegated.s3.send(new DeleteBucketCommand({ Bucket: "set-up-by-partner" })),
    );
    expect(refused.name).toBe("AccessDenied");
    // Not even what names the session itself opens more.
    await clients(bench.cloudkeep, adminCredentials).s3.send(
      new PutBucketPolicyCommand({
        Bucket: "set-up-by-partner",
        Policy: policyOf({
          Effect: "Allow",
          Principal: { AWS: adminArn },
          Action: "s3:*",
          Resource: "arn:aws:s3:::set-up-by-partner",
        }),
      }),
    );
    const still = await errorOf(delegated.s3.send(new DeleteBucketCommand({ Bucket: "set-up-by-partner" })));
    expect(still.name).toBe("AccessDenied");
    const { cloudtrail } = clients(bench.cloudkeep, adminCredentials);
    const { Events = [] } = await cloudtrail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "CreateBucket" }],
      }),
    );
    const event = JSON.parse(Events[0]?.CloudTrailEvent ?? "{}") as TrailEvent;
    expect(event.userIdentity).toMatchObject({
      type: "AssumedRole",
      arn: adminArn,
      invokedByDelegate: { accountId: partner },
    });
  });

  it("gives credentials again and again, which all end with it", async () => {
    const token = await granted(admin, await request());
    const first = await redeem(token);
    await bench.cloudkeep.clock.advance(3_600_000);
    const second = await redeem(token);
    expect(second.Credentials?.Expiration).toEqual(first.Credentials?.Expiration);
    await bench.cloudkeep.clock.advance(3_700_000);
    expect((await errorOf(redeem(token))).name).toBe("ExpiredTradeInTokenException");
    const late = clients(bench.cloudkeep, credentialsOf(second.Credentials));
    expect((await errorOf(late.sts.send(new GetCallerIdentityCommand({})))).name).toMatch(/^ExpiredToken/);
    // The administrator's own session has ended meanwhile, too.
    await freshAdmin();
  });

  it("gives them to the partner alone", async () => {
    const token = await granted(admin, await request());
    expect((await errorOf(redeem(token, adminCredentials))).name).toBe("AccessDenied");
    expect((await errorOf(redeem(`${token}x`))).name).toBe("AccessDenied");
    const events = await clients(bench.cloudkeep, adminCredentials).cloudtrail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "GetDelegatedAccessToken" }],
      }),
    );
    expect(JSON.stringify(events)).not.toContain(token);
  });
});

async function freshAdmin(): Promise<void> {
  const { credentials } = await bench.userWho(`operator-${Date.now()}`, {
    Effect: "Allow",
    Action: "*",
    Resource: "*",
  });
  const { Credentials } = await clients(bench.cloudkeep, credentials).sts.send(
    new AssumeRoleCommand({
      RoleArn: `arn:aws:iam::${customer}:role/OrganizationAccountAccessRole`,
      RoleSessionName: "admin",
      DurationSeconds: 3600,
    }),
  );
  adminCredentials = credentialsOf(Credentials);
  admin = iamOf(bench.cloudkeep, adminCredentials);
}

describe("a partner", () => {
  it.each<[string, Partial<CreateDelegationRequestRequest>]>([
    [
      "a template that is not registered",
      { Permissions: { PolicyTemplateArn: "arn:aws:iam::partner:x/y/z" } },
    ],
    ["a parameter left out", { Permissions: {} }],
    ["somebody else's topic", { NotificationChannel: "arn:aws:sns:us-east-1:999999999999:x" }],
    ["a queue for a topic", { NotificationChannel: "arn:aws:sqs:us-east-1:000000000000:x" }],
  ])("cannot ask with %s", async (_name, wrong) => {
    const more = { ...wrong };
    if (wrong.Permissions?.PolicyTemplateArn === undefined && wrong.Permissions !== undefined)
      more.Permissions = { PolicyTemplateArn: template };
    expect((await errorOf(request(more))).name).toBe("InvalidInputException");
  });

  it("cannot ask from an account that is not registered, nor twice for one workflow", async () => {
    const foreign = {
      Description: "x",
      Permissions: { PolicyTemplateArn: template },
      RequestorWorkflowId: "workflow",
      NotificationChannel: topic,
      SessionDuration: 300,
    };
    expect((await errorOf(admin.createDelegationRequest(foreign))).name).toBe("InvalidInputException");
    await request({ RequestorWorkflowId: "the same" });
    expect((await errorOf(request({ RequestorWorkflowId: "the same" }))).name).toBe(
      "EntityAlreadyExistsException",
    );
  });

  it("no longer sees a request that somebody has taken on", async () => {
    const id = await request();
    expect(await stateOf(bench.root, id)).toBe("UNASSIGNED");
    await admin.associateDelegationRequest({ DelegationRequestId: id });
    expect((await errorOf(stateOf(bench.root, id))).name).toBe("NoSuchEntityException");
    const early = await errorOf(admin.sendDelegationToken({ DelegationRequestId: id }));
    expect(early.name).toBe("InvalidInputException");
  });
});

describe("in the customer's account", () => {
  it("who took a request on may handle it, but not accept it; an administrator may", async () => {
    const owner = await customerUser("owner");
    const other = await customerUser("other");
    const id = { DelegationRequestId: await request({ OnlySendByOwner: true }) };
    await owner.associateDelegationRequest(id);
    expect(await stateOf(owner, id.DelegationRequestId)).toBe("ASSIGNED");
    expect((await errorOf(other.getDelegationRequest(id))).name).toBe("AccessDenied");
    expect((await errorOf(owner.acceptDelegationRequest(id))).name).toBe("AccessDenied");
    await owner.updateDelegationRequest({ ...id, Notes: "please" });
    const { DelegationRequest } = await admin.getDelegationRequest(id);
    expect(DelegationRequest).toMatchObject({ State: "PENDING_APPROVAL", Notes: "please" });
    await admin.acceptDelegationRequest(id);
    expect((await errorOf(admin.sendDelegationToken(id))).name).toBe("AccessDenied");
    await owner.sendDelegationToken(id);
    const { ExchangeToken = "" } = await notice("ExchangeToken", "FINALIZED", id.DelegationRequestId);
    expect((await redeem(ExchangeToken)).AssumedPrincipal).toContain("OrganizationAccountAccessRole");

    const OwnerId = `arn:aws:iam::${customer}:user/owner`;
    const { DelegationRequests = [], isTruncated } = await owner.listDelegationRequests({ OwnerId });
    expect(DelegationRequests.map(({ State }) => State)).toEqual(["FINALIZED"]);
    expect(isTruncated).toBe(false);
    expect((await errorOf(owner.listDelegationRequests({}))).name).toBe("AccessDenied");
    expect((await admin.listDelegationRequests({})).DelegationRequests?.length).toBeGreaterThan(1);
    expect((await admin.listDelegationRequests({ MaxItems: 1 })).isTruncated).toBe(true);
  });

  it("nobody else can take on a request for it, or one that is taken", async () => {
    const id = { DelegationRequestId: await request({ OwnerAccountId: customer }) };
    expect((await errorOf(bench.root.associateDelegationRequest(id))).name).toBe("NoSuchEntityException");
    await admin.associateDelegationRequest(id);
    expect((await errorOf(admin.associateDelegationRequest(id))).name).toBe("InvalidInputException");
  });

  it("a rejected request stays rejected", async () => {
    const id = { DelegationRequestId: await request() };
    await admin.associateDelegationRequest(id);
    await admin.acceptDelegationRequest(id);
    await admin.rejectDelegationRequest({ ...id, Notes: "no" });
    const { DelegationRequest } = await admin.getDelegationRequest(id);
    expect(DelegationRequest).toMatchObject({ State: "REJECTED", RejectionReason: "no" });
    expect((await errorOf(admin.acceptDelegationRequest(id))).name).toBe("ValidationError");
    expect((await errorOf(admin.sendDelegationToken(id))).name).toBe("InvalidInputException");
    await notice("StateChange", "REJECTED", id.DelegationRequestId);
  });

  it("a session with policies of its own cannot accept, so that nothing delegated is delegated on", async () => {
    const arn = await register("acceptor", {
      Effect: "Allow",
      Action: ["iam:AcceptDelegationRequest", "iam:AssociateDelegationRequest"],
      Resource: "*",
    });
    const token = await granted(admin, await request({ Permissions: { PolicyTemplateArn: arn } }));
    const delegated = iamOf(bench.cloudkeep, credentialsOf((await redeem(token)).Credentials));
    const id = { DelegationRequestId: await request() };
    await delegated.associateDelegationRequest(id);
    const refused = await errorOf(delegated.acceptDelegationRequest(id));
    expect([refused.name, refused.message]).toEqual([
      "AccessDenied",
      expect.stringContaining("without session policies"),
    ]);
  });

  it("the approver's own permissions limit what is delegated, and its end ends it", async () => {
    const modest = await customerUser("modest", {
      Effect: "Allow",
      Action: "iam:AcceptDelegationRequest",
      Resource: "*",
    });
    const token = await granted(modest, await request());
    const delegated = clients(bench.cloudkeep, credentialsOf((await redeem(token)).Credentials));
    const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
    const beyond = delegated.s3.send(new CreateBucketCommand({ Bucket: "beyond-the-approver" }));
    expect((await errorOf(beyond)).name).toBe("AccessDenied");
    await admin.deleteUserPolicy({ UserName: "modest", PolicyName: "own" });
    const { AccessKeyMetadata = [] } = await admin.listAccessKeys({ UserName: "modest" });
    await admin.deleteAccessKey({ UserName: "modest", AccessKeyId: AccessKeyMetadata[0]?.AccessKeyId ?? "" });
    await admin.deleteUser({ UserName: "modest" });
    expect((await errorOf(redeem(token))).name).toBe("AccessDenied");
  });

  it("the root accepts four hours at most, and its session has the policy's limits", async () => {
    const long = { DelegationRequestId: await request({ SessionDuration: 14_401 }) };
    await bench.root.associateDelegationRequest(long);
    expect((await errorOf(bench.root.acceptDelegationRequest(long))).message).toContain("4 hours");
    const token = await granted(bench.root, await request({ SessionDuration: 14_400 }));
    const delegated = clients(bench.cloudkeep, credentialsOf((await redeem(token)).Credentials));
    const { CreateBucketCommand } = await import("@aws-sdk/client-s3");
    await delegated.s3.send(new CreateBucketCommand({ Bucket: "made-for-the-root" }));
    const { ListUsersCommand } = await import("@aws-sdk/client-iam");
    expect((await errorOf(delegated.iam.send(new ListUsersCommand({})))).name).toBe("AccessDenied");
  });
});

describe("what helps to decide", () => {
  it("tells whether the caller has what is asked", async () => {
    const DelegationRequestId = await request();
    const check = async (iam: IAM) =>
      (await iam.getDelegationRequest({ DelegationRequestId, DelegationPermissionCheck: true }))
        .PermissionCheckResult;
    expect(await check(admin)).toBe("ALLOWED");
    expect(await check(await customerUser("poor"))).toBe("DENIED");
    const arn = await register("wide", { Effect: "Allow", Action: "s3:*", Resource: "*" });
    const wide = await request({ Permissions: { PolicyTemplateArn: arn } });
    const { PermissionCheckResult, PermissionCheckStatus } = await admin.getDelegationRequest({
      DelegationRequestId: wide,
      DelegationPermissionCheck: true,
    });
    expect([PermissionCheckStatus, PermissionCheckResult]).toEqual(["COMPLETE", "UNSURE"]);
  });

  it("says in words what is asked", async () => {
    const id = await request();
    const EntityArn = `arn:aws:iam::${customer}:delegation-request/${id}`;
    const { SummaryContent, SummaryState } = await admin.getHumanReadableSummary({ EntityArn });
    expect(SummaryState).toBe("AVAILABLE");
    expect(SummaryContent).toBe(
      [
        `Example (account ${partner}) asks to act as whoever approves, for 2 hours from when the token is sent, and within these limits:`,
        "- It may do s3:GetBucketLocation, s3:CreateBucket on arn:aws:s3:::*.",
      ].join("\n"),
    );
    expect((await admin.getHumanReadableSummary({ EntityArn, Locale: "ja" })).SummaryState).toBe(
      "NOT_SUPPORTED",
    );
    const role = `arn:aws:iam::${customer}:role/x`;
    expect((await errorOf(admin.getHumanReadableSummary({ EntityArn: role }))).name).toBe(
      "InvalidInputException",
    );
  });

  it("is the boundary that roles will have, which all accounts can read and use", async () => {
    const PolicyDocument = policyOf({ Effect: "Allow", Action: "sqs:*", Resource: "*" });
    const input = { PartnerDomain: "example.com", PolicyName: "Queues", PolicyDocument };
    const boundary = (await own("PutPartnerBoundary", input)).PolicyArn as string;
    expect(boundary).toMatch(
      /^arn:aws:iam::partner:policy\/permission_boundary\/example\.com\/Queues_\d{8}$/,
    );
    expect((await own("PutPartnerBoundary", input)).__type).toContain("ValidationException");
    const arn = await register("maker", {
      Effect: "Allow",
      Action: ["iam:CreateRole"],
      Resource: "arn:aws:iam::*:role/example.com/*",
      Condition: { StringEquals: { "iam:PermissionsBoundary": boundary } },
    });
    const id = await request({ Permissions: { PolicyTemplateArn: arn } });
    const { DelegationRequest } = await admin.getDelegationRequest({ DelegationRequestId: id });
    expect(DelegationRequest?.RolePermissionRestrictionArns).toEqual([boundary]);
    expect((await admin.getPolicy({ PolicyArn: boundary })).Policy?.Arn).toBe(boundary);
    const version = await admin.getPolicyVersion({ PolicyArn: boundary, VersionId: "v1" });
    expect(decodeURIComponent(version.PolicyVersion?.Document ?? "")).toBe(PolicyDocument);
    const attached = admin.attachUserPolicy({ UserName: "poor", PolicyArn: boundary });
    expect((await errorOf(attached)).name).toBe("NoSuchEntityException");
    const token = await granted(admin, id);
    const delegated = iamOf(bench.cloudkeep, credentialsOf((await redeem(token)).Credentials));
    const role = {
      RoleName: "Integration",
      Path: "/example.com/",
      AssumeRolePolicyDocument: policyOf({
        Effect: "Allow",
        Principal: { AWS: partner },
        Action: "sts:AssumeRole",
      }),
    };
    expect((await errorOf(delegated.createRole(role))).name).toBe("AccessDenied");
    await delegated.createRole({ ...role, PermissionsBoundary: boundary });
    const free = await register("free", { Effect: "Allow", Action: "iam:*", Resource: "*" });
    const refused = await errorOf(request({ Permissions: { PolicyTemplateArn: free } }));
    expect([refused.name, refused.message]).toEqual([
      "InvalidInputException",
      expect.stringContaining("iam:PermissionsBoundary"),
    ]);
  });
});

describe("the operator", () => {
  it("lists and removes templates; requests stay", async () => {
    const arn = await register("passing", { Effect: "Allow", Action: "s3:GetObject", Resource: "*" });
    const id = await request({ Permissions: { PolicyTemplateArn: arn } });
    const list = async () =>
      ((await own("ListDelegationTemplates", {})).Templates as { PolicyTemplateArn: string }[]).map(
        ({ PolicyTemplateArn }) => PolicyTemplateArn,
      );
    expect(await list()).toContain(arn);
    await own("DeleteDelegationTemplate", { PolicyTemplateArn: arn });
    expect(await list()).not.toContain(arn);
    expect((await own("DeleteDelegationTemplate", { PolicyTemplateArn: arn })).__type).toContain("NotFound");
    expect(await stateOf(admin, id)).toBe("UNASSIGNED");
    const bad = await own("PutDelegationTemplate", {
      ...partnerInput,
      TemplateName: "x",
      PolicyTemplate: "{}",
    });
    expect(bad.__type).toContain("ValidationException");
  });
});

describe("time", () => {
  it("ends what nobody acts on, tells the partner, and forgets it", async () => {
    const early = await request();
    const assigned = await request();
    await admin.associateDelegationRequest({ DelegationRequestId: assigned });
    await bench.cloudkeep.clock.advance(dayMs);
    await notice("StateChange", "EXPIRED", early);
    await freshAdmin();
    // Nobody owns it: it is nobody's to act on any more.
    expect(await stateOf(admin, early)).toBe("EXPIRED");
    expect(await stateOf(admin, assigned)).toBe("ASSIGNED");
    await bench.cloudkeep.clock.advance(6 * dayMs);
    await freshAdmin();
    expect(await stateOf(admin, assigned)).toBe("EXPIRED");
    await bench.cloudkeep.clock.advance(8 * dayMs);
    await freshAdmin();
    expect((await errorOf(stateOf(admin, assigned))).name).toBe("NoSuchEntityException");
    const { DelegationRequests } = await admin.listDelegationRequests({});
    expect(DelegationRequests?.map(({ DelegationRequestId }) => DelegationRequestId)).not.toContain(assigned);
  });
});
