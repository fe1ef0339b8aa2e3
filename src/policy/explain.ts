import type { Condition } from "./conditions/index.ts";
import type { Decision, KindResult, PolicySet } from "./decision.ts";
import { Grant } from "./principal.ts";
import { type Trial, tryAll } from "./trace.ts";
import type { AuthorizationRequest, ContextKeys, PolicyKind } from "./types.ts";

/** Near misses told for each kind of policy; a policy of a thousand statements would drown the reason. */
export const maxNearMissesPerKind = 5;
/** Values of a context key or a condition shown. */
const maxShownValues = 5;

const kindNames: Record<PolicyKind, string> = {
  rcp: "resource control policies",
  scp: "service control policies",
  "vpc-endpoint": "VPC endpoint policy",
  resource: "resource-based policy",
  identity: "identity-based policies",
  boundary: "permissions boundary",
  session: "session policies",
};

/** Why a request was allowed or denied: a verdict for each kind of policy, and the statements that nearly applied. */
export function explain(request: AuthorizationRequest, policies: PolicySet, decision: Decision): string[] {
  const lines = [summary(decision)];
  const trials = tryAll(request, policies);
  for (const kind of Object.keys(kindNames) as PolicyKind[]) {
    const result = decision.results[kind];
    if (result.verdict === "not-applicable") continue;
    const isNeeded = decision.missing.includes(kind);
    lines.push(`${kindNames[kind]}: ${verdictOf(result, isNeeded)}`);
    if (result.verdict !== "none") continue;
    const near = trials.filter(
      (trial) => trial.kind === kind && trial.statement.effect === "Allow" && trial.action,
    );
    for (const trial of near.slice(0, maxNearMissesPerKind)) lines.push(`  ${nearMiss(trial, request)}`);
    if (near.length > maxNearMissesPerKind) lines.push(`  and ${near.length - maxNearMissesPerKind} more`);
  }
  if (policies.extraAllow !== undefined)
    lines.push(
      `${policies.extraAllow.kind === "service" ? "Service" : "KMS grant"} ${policies.extraAllow.name}: allows`,
    );
  return lines;
}

function summary({ reason, deniedBy, missing, crossAccount }: Decision): string {
  const across = crossAccount ? " (across accounts: both sides must allow)" : "";
  if (reason === "Allowed") return `Allowed${across}`;
  if (reason === "ExplicitDeny") return `Explicitly denied by ${kindNames[deniedBy as PolicyKind]}${across}`;
  return `Denied: no allow in ${missing.map((kind) => kindNames[kind]).join(", nor in ")}${across}`;
}

function verdictOf({ verdict, policy, statement, grant, level }: KindResult, isNeeded: boolean): string {
  if (verdict === "none") {
    const where = level === undefined ? "" : ` at level ${level} below the root`;
    return `no statement allows${where}${isNeeded ? "" : " (not needed)"}`;
  }
  const name = statement?.sid ? `"${statement.sid}"` : `number ${(statement?.index ?? 0) + 1}`;
  const line = statement === undefined ? "" : ` (line ${statement.start.line})`;
  const delegates = grant === Grant.account ? ", by naming the account: its identity policies decide" : "";
  return `statement ${name}${line} of ${policy} ${verdict === "deny" ? "denies" : "allows"}${delegates}`;
}

function nearMiss({ policy, statement, principal, resource }: Trial, request: AuthorizationRequest): string {
  const name = statement.sid ? `"${statement.sid}"` : `number ${statement.index + 1}`;
  const causes: string[] = [];
  if (!principal) causes.push("its Principal does not name the caller");
  if (!resource) {
    const { values = [], negated = false } = statement.source.resource ?? {};
    causes.push(
      `its ${negated ? "NotResource" : "Resource"} is ${list(values)}, the request's is ${request.resource}`,
    );
  }
  for (const condition of statement.conditions) {
    if (!condition.holds(request.context)) causes.push(conditionMiss(condition, request.context));
  }
  if (causes.length === 0) causes.push("it allows, but not enough of this kind do");
  return `statement ${name} of ${policy} covers the action, but ${causes.join("; ")}`;
}

function conditionMiss({ operator, key, contextKey, values }: Condition, context: ContextKeys): string {
  const value = context.get(contextKey);
  const actual =
    value === undefined ? "is absent" : `is ${list(typeof value === "string" ? [value] : value)}`;
  return `${key} ${actual}, wanted ${operator} ${list(values)}`;
}

function list(values: readonly string[]): string {
  const shown = values.slice(0, maxShownValues).map((value) => JSON.stringify(value));
  if (values.length > maxShownValues) shown.push("…");
  return values.length === 1 ? (shown[0] as string) : `[${shown.join(", ")}]`;
}
