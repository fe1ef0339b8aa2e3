import type { Caller, Guardrails, PrincipalPolicies } from "../kit/caller.ts";
import type { Ports } from "../kit/ports.ts";
import type { Access } from "../kit/service.ts";
import { compileCached, type Decision, evaluate, type NamedPolicy, type PolicySet } from "../policy/index.ts";
import type { AuthorizationRequest } from "../policy/types.ts";
import type { Transaction } from "../storage/store.ts";
import { type CallFacts, keysOfAccess, keysOfCall } from "./conditions.ts";

/** Everything that one decision was made from, for its message and for `explain`. */
export interface Judgement {
  access: Access;
  request: AuthorizationRequest;
  policies: PolicySet;
  decision: Decision;
}

type AuthorizerPorts = Partial<Pick<Ports, "principalPolicies" | "guardrails">>;

/**
 * Decides what one caller may do. Made once for each call; it gathers the caller's policies on first use and
 * keeps them for the call's further decisions.
 */
export class Authorizer {
  readonly #caller: Caller;
  readonly #tx: Transaction;
  readonly #ports: AuthorizerPorts;
  readonly #facts: CallFacts;
  #principal: PrincipalPolicies | undefined;
  #guardrails: Guardrails | undefined;
  #keys: ReturnType<typeof keysOfCall> | undefined;

  constructor(facts: CallFacts, tx: Transaction, ports: AuthorizerPorts) {
    this.#caller = facts.caller;
    this.#facts = facts;
    this.#tx = tx;
    this.#ports = ports;
  }

  async #gather(): Promise<ReturnType<typeof keysOfCall>> {
    if (this.#keys !== undefined) return this.#keys;
    const { principal } = this.#caller;
    if (principal.account) {
      this.#principal = await this.#ports.principalPolicies?.(this.#caller, this.#tx);
      this.#guardrails = await this.#ports.guardrails?.(principal.account, this.#tx);
    }
    this.#keys = keysOfCall(this.#facts, this.#principal, this.#guardrails);
    return this.#keys;
  }

  async judge(access: Access): Promise<Judgement> {
    const callKeys = await this.#gather();
    const { principal } = this.#caller;
    const resourceAccount = access.resourceAccount ?? accountOfArn(access.resource) ?? principal.account;
    const resourceGuardrails =
      resourceAccount === principal.account
        ? this.#guardrails
        : resourceAccount
          ? await this.#ports.guardrails?.(resourceAccount, this.#tx)
          : undefined;
    const request: AuthorizationRequest = {
      principal,
      action: access.action,
      resource: access.resource,
      resourceAccount,
      context: keysOfAccess(callKeys, access, resourceAccount, resourceGuardrails),
    };
    const policies = this.#policySet(access, resourceGuardrails);
    return { access, request, policies, decision: evaluate(request, policies) };
  }

  #policySet(access: Access, resourceGuardrails: Guardrails | undefined): PolicySet {
    const set: PolicySet = { identity: this.#principal?.identity ?? [] };
    if (this.#principal?.boundary) set.boundary = this.#principal.boundary;
    const session = sessionPolicies(this.#caller, this.#principal);
    if (session !== undefined) set.session = session;
    if (this.#caller.session?.delegate !== undefined) set.sessionLimitsAll = true;
    const { resourcePolicy } = access;
    if (resourcePolicy !== undefined) {
      set.resource = {
        name: resourcePolicy.name,
        policy: compileCached(resourcePolicy.document, resourcePolicy.kind),
      };
      if (resourcePolicy.kind === "key") set.resourceRules = "key-policy";
      else if (resourcePolicy.kind === "trust") set.resourceRules = "trust";
    }
    if (access.extraAllow !== undefined) set.extraAllow = access.extraAllow;
    if (!isServiceLinked(this.#caller)) {
      const scps = this.#guardrails?.scps;
      if (scps !== undefined) set.scps = scps;
      const rcps = resourceGuardrails?.rcps;
      if (rcps !== undefined && rcpServices.has(access.action.split(":", 1)[0] ?? "")) set.rcps = rcps;
    }
    return set;
  }
}

/**
 * Services whose resources RCPs guard.
 * https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_rcps.html#rcp-supported-services
 */
const rcpServices: ReadonlySet<string> = new Set([
  "aoss",
  "appconfig",
  "appstream",
  "autoscaling",
  "autoscaling-plans",
  "budgets",
  "clouddirectory",
  "cloudfront",
  "cloudsearch",
  "cloudtrail-data",
  "codeartifact",
  "codebuild",
  "codecommit",
  "codepipeline",
  "cognito-identity",
  "cognito-idp",
  "comprehend",
  "comprehendmedical",
  "compute-optimizer",
  "cost-optimization-hub",
  "dax",
  "dsql",
  "dynamodb",
  "ecr",
  "ecr-public",
  "events",
  "firehose",
  "fis",
  "fms",
  "gamelift",
  "health",
  "inspector-scan",
  "kendra",
  "kinesisvideo",
  "kms",
  "logs",
  "memorydb",
  "networkmonitor",
  "notifications",
  "opensearch",
  "pca-connector-ad",
  "personalize",
  "polly",
  "pricing",
  "resource-groups",
  "rolesanywhere",
  "s3",
  "secretsmanager",
  "servicediscovery",
  "signin",
  "sqs",
  "sts",
  "support",
  "swf",
  "textract",
  "timestream-influxdb",
  "transcribe",
  "transfer",
  "translate",
  "wafv2",
  "workspaces",
  "xray",
]);

/** Service-linked roles are outside of SCPs and RCPs, as on AWS. */
function isServiceLinked(caller: Caller): boolean {
  return caller.principal.roleArn?.includes(":role/aws-service-role/") ?? false;
}

function sessionPolicies(
  caller: Caller,
  principal: PrincipalPolicies | undefined,
): NamedPolicy[] | undefined {
  const { session } = caller;
  if (session === undefined || (session.policy === undefined && session.policyArns === undefined))
    return undefined;
  const policies = [...(principal?.session ?? [])];
  if (session.policy !== undefined) {
    policies.push({ name: "session policy", policy: compileCached(session.policy, "session") });
  }
  return policies;
}

/** The account in an ARN, if it names one. */
export function accountOfArn(arn: string): string | undefined {
  if (!arn.startsWith("arn:")) return undefined;
  const account = arn.split(":", 5)[4];
  return account === undefined || account === "" ? undefined : account;
}
