import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { answerOf, expectRecorded, recordedAnswers } from "../../../test/conformance/recorded.ts";
import { errorOf } from "../../../test/harness.ts";
import { account, type Bench, policyOf, startBench, trusting } from "./testing.ts";

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.cloudkeep.stop());

const recorded = recordedAnswers("iam/test_iam.snapshot.json");
const bucket = "arn:aws:s3:::bucket";

describe("the simulator", () => {
  it.skipIf(recorded === undefined).each(["user", "role", "group"])(
    "answers for a %s as recorded from AWS",
    async (kind) => {
      const { root } = bench;
      const PolicyDocument =
        '{"Version": "2012-10-17", "Statement": [{"Sid": "", "Effect": "Allow", "Action": "s3:PutObject", "Resource": "*"}]}';
      const name = `simulated-${kind}`;
      const inline = { PolicyName: "own", PolicyDocument };
      if (kind === "user") {
        await root.createUser({ UserName: name });
        await root.putUserPolicy({ UserName: name, ...inline });
      } else if (kind === "role") {
        await root.createRole({
          RoleName: name,
          AssumeRolePolicyDocument: trusting({ Service: "ec2.amazonaws.com" }),
        });
        await root.putRolePolicy({ RoleName: name, ...inline });
      } else {
        await root.createGroup({ GroupName: name });
        await root.putGroupPolicy({ GroupName: name, ...inline });
      }
      const answer = await answerOf(
        root.simulatePrincipalPolicy({
          PolicySourceArn: `arn:aws:iam::${account}:${kind}/${name}`,
          ActionNames: ["s3:PutObject", "s3:GetObjectVersion"],
          ResourceArns: [bucket],
        }),
      );
      expectRecorded(answer, recorded?.[`test_simulate_principle_policy[${kind}]`]?.response);
    },
  );

  it("judges supposed policies, boundaries, organizations and conditions", async () => {
    const { root } = bench;
    const PolicyInputList = [
      policyOf(
        {
          Effect: "Allow",
          Action: "s3:*",
          Resource: "*",
          Condition: { Bool: { "aws:SecureTransport": "true" } },
        },
        { Effect: "Deny", Action: "s3:DeleteBucket", Resource: "*" },
      ),
    ];
    const simulate = async (more: object = {}) => {
      const { EvaluationResults = [] } = await root.simulateCustomPolicy({
        PolicyInputList,
        ActionNames: ["s3:GetObject", "s3:DeleteBucket"],
        ContextEntries: [
          { ContextKeyName: "aws:SecureTransport", ContextKeyType: "boolean", ContextKeyValues: ["true"] },
        ],
        ...more,
      });
      return EvaluationResults;
    };
    expect((await simulate()).map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "explicitDeny"]);
    const [withoutContext] = await simulate({ ContextEntries: [] });
    expect(withoutContext).toMatchObject({
      EvalDecision: "implicitDeny",
      MissingContextValues: ["aws:SecureTransport"],
    });
    const boundary = policyOf({ Effect: "Allow", Action: "s3:List*", Resource: "*" });
    const [bounded] = await simulate({ PermissionsBoundaryPolicyInputList: [boundary] });
    expect(bounded).toMatchObject({
      EvalDecision: "implicitDeny",
      PermissionsBoundaryDecisionDetail: { AllowedByPermissionsBoundary: false },
    });
    const levels = [{ ServiceControlPolicyInputList: [boundary] }];
    const [organized] = await simulate({ OrderedOrganizationPolicyInputList: levels });
    expect(organized).toMatchObject({
      EvalDecision: "implicitDeny",
      OrganizationsDecisionDetail: { AllowedByOrganizations: false },
    });
  });

  it("agrees with live calls", async () => {
    const { root, userWho } = bench;
    const { iam } = await userWho("live", { Effect: "Allow", Action: "iam:GetUser", Resource: "*" });
    const { EvaluationResults = [] } = await root.simulatePrincipalPolicy({
      PolicySourceArn: `arn:aws:iam::${account}:user/live`,
      ActionNames: ["iam:GetUser", "iam:ListUsers"],
    });
    expect(EvaluationResults.map(({ EvalDecision }) => EvalDecision)).toEqual(["allowed", "implicitDeny"]);
    await iam.getUser({});
    expect((await errorOf(iam.listUsers({}))).name).toBe("AccessDenied");
  });

  it("refuses what is no policy, and sources that do not exist", async () => {
    const { root } = bench;
    const bad = await errorOf(
      root.simulateCustomPolicy({ PolicyInputList: ["{}"], ActionNames: ["s3:GetObject"] }),
    );
    expect(bad.name).toBe("InvalidInputException");
    const PolicySourceArn = `arn:aws:iam::${account}:user/nobody-here`;
    const gone = await errorOf(
      root.simulatePrincipalPolicy({ PolicySourceArn, ActionNames: ["s3:GetObject"] }),
    );
    expect(gone.name).toBe("NoSuchEntityException");
  });

  it("lists the context keys that policies read", async () => {
    const { ContextKeyNames = [] } = await bench.root.getContextKeysForCustomPolicy({
      PolicyInputList: [
        policyOf({
          Effect: "Allow",
          Action: "s3:*",
          Resource: "arn:aws:s3:::home/${aws:username}/*",
          Condition: { DateLessThan: { "aws:CurrentTime": "2030-01-01T00:00:00Z" } },
        }),
      ],
    });
    expect(ContextKeyNames.sort()).toEqual(["aws:CurrentTime", "aws:username"]);
  });
});

describe("last-accessed data", () => {
  it("comes from policies and from the record", async () => {
    const { root, userWho } = bench;
    const { iam } = await userWho("busy", {
      Effect: "Allow",
      Action: ["iam:GetUser", "kms:ListKeys", "sqs:SendMessage"],
      Resource: "*",
    });
    await iam.getUser({});
    const Arn = `arn:aws:iam::${account}:user/busy`;
    const { JobId } = await root.generateServiceLastAccessedDetails({ Arn, Granularity: "ACTION_LEVEL" });
    const details = await root.getServiceLastAccessedDetails({ JobId });
    expect(details).toMatchObject({ JobStatus: "COMPLETED", JobType: "ACTION_LEVEL" });
    const services = details.ServicesLastAccessed ?? [];
    expect(services.map(({ ServiceNamespace }) => ServiceNamespace)).toEqual(["iam", "kms", "sqs"]);
    expect(services[0]).toMatchObject({
      LastAuthenticatedEntity: Arn,
      TrackedActionsLastAccessed: [{ ActionName: "GetUser" }],
    });
    expect(services[1]?.LastAuthenticated).toBeUndefined();
    const entities = await root.getServiceLastAccessedDetailsWithEntities({ JobId, ServiceNamespace: "iam" });
    expect(entities.EntityDetailsList).toMatchObject([{ EntityInfo: { Name: "busy", Type: "USER" } }]);
    expect(entities.EntityDetailsList?.[0]?.LastAuthenticated).toBeInstanceOf(Date);
    const granting = await root.listPoliciesGrantingServiceAccess({ Arn, ServiceNamespaces: ["kms", "s3"] });
    expect(granting.PoliciesGrantingServiceAccess).toMatchObject([
      {
        ServiceNamespace: "kms",
        Policies: [{ PolicyName: "own", PolicyType: "INLINE", EntityName: "busy" }],
      },
      { ServiceNamespace: "s3", Policies: [] },
    ]);
  });
});
