import { conditionsHold, type Statement } from "./compile.ts";
import type { NamedPolicy, PolicySet } from "./decision.ts";
import type { Position } from "./malformed.ts";
import { Grant } from "./principal.ts";
import type { AuthorizationRequest, PolicyKind } from "./types.ts";

/** A second, slower look at a request: for the policy simulator and for `explain`. */

export interface MatchedStatement {
  kind: PolicyKind;
  policy: string;
  statement: Statement;
  effect: "Allow" | "Deny";
  start: Position;
  end: Position;
}

/** How far one statement came. */
export interface Trial {
  kind: PolicyKind;
  policy: string;
  statement: Statement;
  action: boolean;
  principal: boolean;
  resource: boolean;
  conditions: boolean;
}

/** All policies of a set with their kinds, in the order in which a decision is explained. */
export function policiesByKind(policies: PolicySet): [PolicyKind, readonly NamedPolicy[]][] {
  const { boundary, resource, vpcEndpoint } = policies;
  const one = (policy: NamedPolicy | undefined) => (policy === undefined ? [] : [policy]);
  return [
    ["rcp", policies.rcps?.flat() ?? []],
    ["scp", policies.scps?.flat() ?? []],
    ["vpc-endpoint", one(vpcEndpoint)],
    ["resource", one(resource)],
    ["identity", policies.identity],
    ["boundary", one(boundary)],
    ["session", policies.session ?? []],
  ];
}

/** Tries every statement of every policy on every element. */
export function tryAll(request: AuthorizationRequest, policies: PolicySet): Trial[] {
  const action = request.action.toLowerCase();
  return policiesByKind(policies).flatMap(([kind, named]) =>
    named.flatMap(({ name, policy }) =>
      policy.statements.map((statement) => ({
        kind,
        policy: name,
        statement,
        action: statement.matchesAction(action),
        principal: statement.grants === undefined || statement.grants(request) !== Grant.none,
        resource: statement.matchesResource?.(request.resource, request.context) ?? true,
        conditions: conditionsHold(statement, request.context),
      })),
    ),
  );
}

/** Every statement that applies to a request, with its place in its policy: `MatchedStatements` of the simulator. */
export function matchedStatements(request: AuthorizationRequest, policies: PolicySet): MatchedStatement[] {
  return tryAll(request, policies)
    .filter((trial) => trial.action && trial.principal && trial.resource && trial.conditions)
    .map(({ kind, policy, statement }) => {
      const { effect, start, end } = statement;
      return { kind, policy, statement, effect, start, end };
    });
}

/**
 * Context keys that statements which cover the action read, and that the request lacks:
 * `MissingContextValues` of the simulator. As the policies write them.
 */
export function missingContextKeys(request: AuthorizationRequest, policies: PolicySet): string[] {
  const missing = new Map<string, string>();
  const action = request.action.toLowerCase();
  for (const [, named] of policiesByKind(policies)) {
    for (const { policy } of named) {
      for (const statement of policy.statements) {
        if (!statement.matchesAction(action)) continue;
        for (const [key, name] of statement.contextKeys) {
          if (!request.context.has(key) && !missing.has(key)) missing.set(key, name);
        }
      }
    }
  }
  return [...missing.values()];
}

/** What each policy of a set says by itself: `EvalDecisionDetails` of the simulator. */
export function resultsByPolicy(
  request: AuthorizationRequest,
  policies: PolicySet,
): { kind: PolicyKind; policy: string; decision: "allowed" | "explicitDeny" | "implicitDeny" }[] {
  const matched = matchedStatements(request, policies);
  return policiesByKind(policies).flatMap(([kind, named]) =>
    named.map(({ name }) => {
      const own = matched.filter((match) => match.kind === kind && match.policy === name);
      const isDenied = own.some(({ effect }) => effect === "Deny");
      const decision = isDenied ? "explicitDeny" : own.length > 0 ? "allowed" : "implicitDeny";
      return { kind, policy: name, decision } as const;
    }),
  );
}
