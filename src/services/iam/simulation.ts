import type { EvaluationResult, Statement } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import {
  type CompiledPolicy,
  compileCached,
  type Decision,
  type DocumentKind,
  evaluate,
  MalformedPolicy,
  matchedStatements,
  missingContextKeys,
  type NamedPolicy,
  type PolicySet,
  type Principal,
  resultsByPolicy,
} from "../../policy/index.ts";
import { iam } from "./contract.ts";
import { findSource, type PolicySource, sourcePolicyId } from "./policySources.ts";
import { paged } from "./shared.ts";

/**
 * The policy simulator: the engine of live calls, with policies and conditions that the caller supposes.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_testing-policies.html
 */

type Errors = "InvalidInputException" | "PolicyEvaluationException" | "NoSuchEntityException";

interface Supposed {
  PolicyInputList?: readonly string[] | undefined;
  PermissionsBoundaryPolicyInputList?: readonly string[] | undefined;
  ActionNames: readonly string[];
  ResourceArns?: readonly string[] | undefined;
  ResourcePolicy?: string | undefined;
  ResourceOwner?: string | undefined;
  CallerArn?: string | undefined;
  ContextEntries?:
    | readonly { ContextKeyName?: string; ContextKeyValues?: string[]; ContextKeyType?: string }[]
    | undefined;
  MaxItems?: number | undefined;
  Marker?: string | undefined;
}

function compiled(document: string, kind: DocumentKind, ctx: Context<Errors>): CompiledPolicy {
  try {
    return compileCached(document, kind);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw ctx.error("InvalidInputException", `Invalid policy: ${error.message}`);
  }
}

function namedList(
  list: string,
  documents: readonly string[],
  kind: DocumentKind,
  ctx: Context<Errors>,
): NamedPolicy[] {
  return documents.map((document, i) => ({
    name: `${list}.${i + 1}`,
    policy: compiled(document, kind, ctx),
  }));
}

/** Values of the context; names in lower case, lists kept as lists. */
function contextOf({ ContextEntries = [] }: Supposed): Map<string, string | readonly string[]> {
  const context = new Map<string, string | readonly string[]>();
  for (const { ContextKeyName = "", ContextKeyValues = [], ContextKeyType = "string" } of ContextEntries) {
    const isList = ContextKeyType.endsWith("List");
    const [first] = ContextKeyValues;
    if (isList) context.set(ContextKeyName.toLowerCase(), ContextKeyValues);
    else if (first !== undefined) context.set(ContextKeyName.toLowerCase(), first);
  }
  return context;
}

/** The principal of an ARN, for resource policies; the root of the caller's account where none is supposed. */
function principalOf(arn: string | undefined, ctx: Context): Principal {
  const [, account = ctx.account, kind = ""] =
    /^arn:aws:(?:iam|sts)::(\d{12}):([a-z-]+)/.exec(arn ?? "") ?? [];
  // Simulated by policies alone: an ARN of the root would be allowed everything.
  if (arn === undefined)
    return { kind: "user", account, arn: `arn:aws:iam::${account}:user/simulated`, userId: "" };
  if (kind === "role") return { kind: "role-session", account, arn, roleArn: arn, userId: "" };
  return { kind: kind === "root" ? "root" : "user", account, arn, userId: "" };
}

const decisions = { Allowed: "allowed", ExplicitDeny: "explicitDeny", ImplicitDeny: "implicitDeny" } as const;

interface Subject {
  policies: PolicySet;
  principal: Principal;
}

/** Every action on every resource, one result each. */
async function simulate({ policies, principal }: Subject, input: Supposed, ctx: Context<Errors>) {
  const { ActionNames, ResourceArns = ["*"], ResourceOwner } = input;
  const context = contextOf(input);
  const owner = /(\d{12})/.exec(ResourceOwner ?? "")?.[1] ?? principal.account;
  const questions = ActionNames.flatMap((action) => ResourceArns.map((resource) => ({ action, resource })));
  const { items, truncation } = await paged(
    input,
    ctx,
    ({ limit, marker }) => pageOfList(questions, limit, marker),
    ({ action, resource }) => {
      if (!/^[a-zA-Z0-9-]+:[a-zA-Z0-9*?]+$/.test(action)) {
        throw ctx.error("InvalidInputException", `Invalid Entity Action: ${action}`);
      }
      const request = { principal, action, resource, resourceAccount: owner, context };
      const decision = evaluate(request, policies);
      return resultOf(request, policies, decision);
    },
  );
  return { EvaluationResults: items, ...truncation };
}

function resultOf(
  request: Parameters<typeof evaluate>[0],
  policies: PolicySet,
  decision: Decision,
): EvaluationResult {
  const matched = matchedStatements(request, policies)
    .filter(({ kind }) => kind === "identity" || kind === "resource")
    .map(
      ({ kind, policy, start, end }): Statement => ({
        SourcePolicyId: sourcePolicyId(policy),
        // AWS answers these, whatever the enumeration in its model says.
        SourcePolicyType: (kind === "resource"
          ? "Resource Policy"
          : "IAM Policy") as Statement["SourcePolicyType"],
        StartPosition: { Line: start.line, Column: start.column },
        // AWS points at the statement's last character.
        EndPosition: { Line: end.line, Column: end.column - 1 },
      }),
    );
  const EvalDecision = decisions[decision.reason];
  const MissingContextValues = missingContextKeys(request, policies);
  const boundaryDetail = policies.boundary && {
    PermissionsBoundaryDecisionDetail: {
      AllowedByPermissionsBoundary: decision.results.boundary.verdict === "allow",
    },
  };
  return {
    EvalActionName: request.action,
    EvalResourceName: request.resource,
    EvalDecision,
    MatchedStatements: matched,
    MissingContextValues,
    OrganizationsDecisionDetail: {
      AllowedByOrganizations: policies.scps === undefined || decision.results.scp.verdict === "allow",
    },
    ...boundaryDetail,
    EvalDecisionDetails: decision.crossAccount
      ? Object.fromEntries(
          resultsByPolicy(request, policies).map(({ policy, decision: own }) => [
            sourcePolicyId(policy),
            own,
          ]),
        )
      : {},
    ResourceSpecificResults: [
      {
        EvalResourceName: request.resource,
        EvalResourceDecision: EvalDecision,
        MatchedStatements: matched,
        MissingContextValues,
        ...boundaryDetail,
      },
    ],
  };
}

function supposedPolicies(
  input: Supposed & {
    OrderedOrganizationPolicyInputList?: { ServiceControlPolicyInputList?: string[] }[] | undefined;
  },
  ctx: Context<Errors>,
): PolicySet {
  const { PolicyInputList = [], PermissionsBoundaryPolicyInputList = [], ResourcePolicy } = input;
  const { OrderedOrganizationPolicyInputList: organization } = input;
  const [boundary] = namedList(
    "PermissionsBoundaryPolicyInputList",
    PermissionsBoundaryPolicyInputList,
    "boundary",
    ctx,
  );
  return {
    identity: namedList("PolicyInputList", PolicyInputList, "identity", ctx),
    ...(boundary && { boundary }),
    ...(ResourcePolicy !== undefined && {
      resource: { name: "ResourcePolicy", policy: compiled(ResourcePolicy, "resource", ctx) },
    }),
    ...(organization && {
      scps: organization.map(({ ServiceControlPolicyInputList = [] }) =>
        namedList("OrderedOrganizationPolicyInputList", ServiceControlPolicyInputList, "scp", ctx),
      ),
    }),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulateCustomPolicy.html */
export const simulateCustomPolicy = iam.operation("SimulateCustomPolicy", {
  access: () => ({ action: "iam:SimulateCustomPolicy", resource: "*" }),
  async handle(input, ctx) {
    if (input.ResourcePolicy !== undefined && input.CallerArn === undefined) {
      throw ctx.error("InvalidInputException", "CallerArn is required when a ResourcePolicy is given.");
    }
    const subject = { policies: supposedPolicies(input, ctx), principal: principalOf(input.CallerArn, ctx) };
    return await simulate(subject, input, ctx);
  },
});

/** The source of policies, or NoSuchEntity. */
async function existingSource(arn: string, ctx: Context<Errors>): Promise<PolicySource> {
  const source = await findSource(arn, ctx);
  if (source === undefined)
    throw ctx.error("NoSuchEntityException", `The entity with ARN ${arn} cannot be found.`);
  return source;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html */
export const simulatePrincipalPolicy = iam.operation("SimulatePrincipalPolicy", {
  access: ({ PolicySourceArn }) => ({ action: "iam:SimulatePrincipalPolicy", resource: PolicySourceArn }),
  async handle(input, ctx) {
    const source = await existingSource(input.PolicySourceArn, ctx);
    const supposed = supposedPolicies(input, ctx);
    const excluded = new Set(
      (input.PolicyExclusionList ?? []).flatMap(({ PolicyArn }) =>
        PolicyArn === undefined ? [] : [PolicyArn],
      ),
    );
    const boundary = supposed.boundary ?? source.boundary;
    const policies: PolicySet = {
      ...supposed,
      identity: [...source.identity.filter(({ name }) => !excluded.has(name)), ...supposed.identity],
      ...(boundary && { boundary }),
    };
    const principal = input.CallerArn === undefined ? source.principal : principalOf(input.CallerArn, ctx);
    return await simulate({ policies, principal: principal ?? principalOf(undefined, ctx) }, input, ctx);
  },
});
