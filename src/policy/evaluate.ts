import { conditionsHold, type Statement } from "./compile.ts";
import type { Decision, KindResult, NamedPolicy, PolicySet } from "./decision.ts";
import { Grant } from "./principal.ts";
import type { AuthorizationRequest, PolicyKind } from "./types.ts";

/**
 * AWS's evaluation logic.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic_policy-eval-denyallow.html
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic-cross-account.html
 */
export function evaluate(request: AuthorizationRequest, policies: PolicySet): Decision {
  const results = judgeAll(request, policies);
  const crossAccount = isCrossAccount(request);
  const rules = policies.resourceRules ?? "normal";
  for (const kind of reportOrder) {
    const result = results[kind];
    if (result.verdict === "deny") {
      const decidedBy = describe(kind, result);
      return {
        allowed: false,
        reason: "ExplicitDeny",
        deniedBy: kind,
        decidedBy,
        crossAccount,
        results,
        missing: [],
        rules,
      };
    }
  }
  const missing = findMissing(request, policies, results, crossAccount);
  if (missing.length > 0) {
    const deniedBy = missing[0];
    return {
      allowed: false,
      reason: "ImplicitDeny",
      deniedBy,
      decidedBy: undefined,
      crossAccount,
      results,
      missing,
      rules,
    };
  }
  const decidedBy = allowedBy(request, policies, results);
  return {
    allowed: true,
    reason: "Allowed",
    deniedBy: undefined,
    decidedBy,
    crossAccount,
    results,
    missing,
    rules,
  };
}

/** The order in which AWS's flow chart asks the kinds: the first that denies is the one reported. */
const reportOrder: readonly PolicyKind[] = [
  "rcp",
  "scp",
  "vpc-endpoint",
  "resource",
  "identity",
  "boundary",
  "session",
];

type Results = Record<PolicyKind, KindResult>;

const notApplicable: KindResult = Object.freeze({ verdict: "not-applicable" });
const none: KindResult = Object.freeze({ verdict: "none" });
const noneMissing: readonly PolicyKind[] = Object.freeze([]);

function judgeAll(request: AuthorizationRequest, policies: PolicySet): Results {
  const { boundary, session, resource, vpcEndpoint } = policies;
  const isIdentity = hasIdentity(request);
  return {
    identity: isIdentity ? judgeUnion(request, policies.identity) : notApplicable,
    boundary: boundary === undefined ? notApplicable : judgeUnion(request, [boundary]),
    session: session === undefined ? notApplicable : judgeUnion(request, session),
    resource: resource === undefined ? notApplicable : judgeResource(request, resource),
    scp: policies.scps === undefined || !isIdentity ? notApplicable : judgeLevels(request, policies.scps),
    rcp: policies.rcps === undefined ? notApplicable : judgeLevels(request, policies.rcps),
    "vpc-endpoint": vpcEndpoint === undefined ? notApplicable : judgeUnion(request, [vpcEndpoint]),
  };
}

/** Services, external identities and anonymous callers have no policies of their own. */
function hasIdentity({ principal: { kind } }: AuthorizationRequest): boolean {
  return kind === "role-session" || kind === "user" || kind === "root" || kind === "federated-user";
}

function isCrossAccount({ principal: { account }, resourceAccount }: AuthorizationRequest): boolean {
  return account !== "" && resourceAccount !== "" && account !== resourceAccount;
}

/** Any one of several policies may allow; any one may deny. */
function judgeUnion(request: AuthorizationRequest, policies: readonly NamedPolicy[]): KindResult {
  let result = none;
  for (const { name, policy } of policies) {
    const { allows, denies } = policy.candidates(request.action);
    for (const statement of denies)
      if (applies(statement, request)) return { verdict: "deny", policy: name, statement };
    if (result !== none) continue;
    for (const statement of allows) {
      if (applies(statement, request)) {
        result = { verdict: "allow", policy: name, statement };
        break;
      }
    }
  }
  return result;
}

/** Every level must allow. An organization without levels allows nothing. */
function judgeLevels(request: AuthorizationRequest, levels: readonly (readonly NamedPolicy[])[]): KindResult {
  let result = none;
  for (let level = 0; level < levels.length; level += 1) {
    const found = judgeUnion(request, levels[level] as readonly NamedPolicy[]);
    if (found.verdict === "deny") return found;
    if (found.verdict === "none") result = result.level === undefined ? { verdict: "none", level } : result;
    else if (result.level === undefined) result = found;
  }
  return result;
}

/** Finds the allow that names the caller most closely. */
function judgeResource(request: AuthorizationRequest, { name, policy }: NamedPolicy): KindResult {
  const { allows, denies } = policy.candidates(request.action);
  for (const statement of denies)
    if (applies(statement, request)) return { verdict: "deny", policy: name, statement };
  let closest: Grant = Grant.none;
  let decided: Statement | undefined;
  for (const statement of allows) {
    const grant = statement.grants?.(request) ?? Grant.direct;
    if (grant > closest && covers(statement, request)) {
      closest = grant;
      decided = statement;
      if (grant === Grant.direct) break;
    }
  }
  return decided === undefined
    ? none
    : { verdict: "allow", policy: name, statement: decided, grant: closest };
}

function applies(statement: Statement, request: AuthorizationRequest): boolean {
  return (
    (statement.grants === undefined || statement.grants(request) !== Grant.none) && covers(statement, request)
  );
}

function covers(statement: Statement, request: AuthorizationRequest): boolean {
  const { matchesResource } = statement;
  if (matchesResource !== undefined && !matchesResource(request.resource, request.context)) return false;
  return conditionsHold(statement, request.context);
}

/** The kinds whose allow is needed and absent, in the order of reporting; nothing denies explicitly here. */
function findMissing(
  request: AuthorizationRequest,
  policies: PolicySet,
  results: Results,
  crossAccount: boolean,
): readonly PolicyKind[] {
  let missing = noneMissing;
  if (results.rcp.verdict === "none") missing = [...missing, "rcp"];
  if (results.scp.verdict === "none") missing = [...missing, "scp"];
  if (results["vpc-endpoint"].verdict === "none") missing = [...missing, "vpc-endpoint"];

  const grant = grantOf(policies, results);
  const isIdentity = hasIdentity(request);
  const needsResource = !isIdentity || crossAccount || (policies.resourceRules ?? "normal") !== "normal";
  if (needsResource && grant === Grant.none) missing = [...missing, "resource"];
  if (!isIdentity) return missing;

  const isGranted = policies.extraAllow !== undefined || (!crossAccount && grant >= Grant.identity);
  if (!isGranted && !identityAllows(request, results)) missing = [...missing, "identity"];
  // Only a grant to the user or session itself, in its own account, is above boundary and session policies,
  // unless it acts for somebody else.
  if (!crossAccount && grant === Grant.direct && !policies.sessionLimitsAll) return missing;
  if (results.boundary.verdict === "none") missing = [...missing, "boundary"];
  if (sessionLacksAllow(request, results)) missing = [...missing, "session"];
  return missing;
}

/** A federated user without session policy has no permissions but those that name the session. */
function sessionLacksAllow({ principal }: AuthorizationRequest, { session }: Results): boolean {
  return (
    session.verdict === "none" ||
    (session.verdict === "not-applicable" && principal.kind === "federated-user")
  );
}

/** A KMS grant names its grantee, a role as well as a user, and needs no other allow, not even across accounts. */
function grantOf({ extraAllow }: PolicySet, { resource }: Results): Grant {
  const grant = resource.verdict === "allow" ? (resource.grant ?? Grant.none) : Grant.none;
  return extraAllow !== undefined && grant < Grant.identity ? Grant.identity : grant;
}

/** The root user needs no policy of its own account; nor does a session that root federated. */
function identityAllows({ principal }: AuthorizationRequest, { identity }: Results): boolean {
  return identity.verdict === "allow" || isRoot(principal);
}

function isRoot({ kind, issuerArn }: AuthorizationRequest["principal"]): boolean {
  return (
    kind === "root" || (kind === "federated-user" && issuerArn !== undefined && issuerArn.endsWith(":root"))
  );
}

function allowedBy(
  request: AuthorizationRequest,
  { extraAllow }: PolicySet,
  results: Results,
): Decision["decidedBy"] {
  const { identity, resource } = results;
  if (resource.verdict === "allow" && resource.grant !== Grant.account) return describe("resource", resource);
  if (extraAllow !== undefined) return { kind: extraAllow.kind, policy: extraAllow.name };
  if (identity.verdict === "allow") return describe("identity", identity);
  return { kind: "root", policy: request.principal.arn };
}

function describe(kind: PolicyKind, { policy = "", statement }: KindResult): Decision["decidedBy"] {
  return { kind, policy, statement: statement?.sid || statement?.index || 0 };
}
