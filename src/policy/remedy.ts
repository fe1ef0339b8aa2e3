import type { Decision } from "./decision.ts";
import type { AuthorizationRequest, PolicyKind } from "./types.ts";

/** A statement that would let a request through, and the kind of policy in which it belongs. */
export interface Remedy {
  kind: PolicyKind;
  statement: { Effect: "Allow"; Principal?: Record<string, string>; Action: string; Resource?: string };
}

/**
 * The least that would have allowed a denied request: one statement for each kind that lacks an allow, or a
 * sentence where an explicit deny stands in the way, which no statement overrides.
 */
export function smallestStatement(request: AuthorizationRequest, decision: Decision): Remedy[] | string {
  if (decision.allowed) return "The request is allowed.";
  if (decision.reason === "ExplicitDeny") {
    const { kind, policy, statement } = decision.decidedBy ?? { kind: "policy", policy: "", statement: 0 };
    const which = typeof statement === "string" ? `"${statement}"` : `number ${(statement ?? 0) + 1}`;
    return `Statement ${which} of the ${kind} policy ${policy} denies it explicitly: remove or narrow that statement. No allow overrides it.`;
  }
  return decision.missing.map((kind) => remedyFor(kind, request, decision));
}

function remedyFor(kind: PolicyKind, request: AuthorizationRequest, { rules }: Decision): Remedy {
  const { action, resource } = request;
  if (kind === "rcp")
    return {
      kind,
      statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: action, Resource: resource },
    };
  if (kind !== "resource")
    return { kind, statement: { Effect: "Allow", Action: action, Resource: resource } };
  const Principal = principalElement(request);
  if (rules === "trust") return { kind, statement: { Effect: "Allow", Principal, Action: action } };
  // In a key policy "*" is the key itself.
  const Resource = rules === "key-policy" ? "*" : resource;
  return { kind, statement: { Effect: "Allow", Principal, Action: action, Resource } };
}

/** The narrowest element that names the caller and outlives a session. */
function principalElement({ principal }: AuthorizationRequest): Record<string, string> {
  const { kind, arn, roleArn, service } = principal;
  if (kind === "service") return { Service: service ?? arn };
  if (kind === "web-identity" || kind === "saml") return { Federated: service ?? arn };
  return { AWS: kind === "anonymous" ? "*" : (roleArn ?? arn) };
}
