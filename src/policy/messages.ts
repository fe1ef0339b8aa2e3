import type { Decision } from "./decision.ts";
import type { AuthorizationRequest, PolicyKind } from "./types.ts";

/** Names of the kinds in error messages, with their articles. */
const kindNames: Record<PolicyKind, { article: string; name: string }> = {
  identity: { article: "an", name: "identity-based policy" },
  boundary: { article: "a", name: "permissions boundary" },
  session: { article: "a", name: "session policy" },
  resource: { article: "a", name: "resource-based policy" },
  scp: { article: "a", name: "service control policy" },
  rcp: { article: "a", name: "resource control policy" },
  "vpc-endpoint": { article: "a", name: "VPC endpoint policy" },
};

/**
 * What a denied caller is told.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
 */
export function denialMessage(request: AuthorizationRequest, decision: Decision): string {
  const { principal, action, resource } = request;
  // STS tells external identities nothing of roles.
  if (principal.kind === "web-identity" || principal.kind === "saml")
    return `Not authorized to perform ${action}`;
  const user = principal.arn || principal.service || "anonymous";
  // Amazon S3 puts the resource in quotes.
  const named = action.startsWith("s3:") && resource !== "*" ? `"${resource}"` : resource;
  return `User: ${user} is not authorized to perform: ${action} on resource: ${named}${because(request, decision)}`;
}

function because(request: AuthorizationRequest, decision: Decision): string {
  const { deniedBy, reason, rules } = decision;
  if (deniedBy === undefined) return "";
  const { article, name } = kindNames[deniedBy];
  if (reason === "ExplicitDeny")
    return ` with an explicit deny in ${article} ${name}${policyArn(request, decision)}`;
  // STS gives no reason where a role's trust or the permission to assume it is missing.
  if (rules === "trust") return "";
  return ` because no ${name} allows the ${request.action} action`;
}

/**
 * AWS names the denying policy within one account and within one organization, and resource policies not at all.
 * https://aws.amazon.com/blogs/security/enhanced-access-denied-error-messages-with-policy-arns
 */
function policyArn({ context }: AuthorizationRequest, { crossAccount, decidedBy }: Decision): string {
  if (decidedBy === undefined || decidedBy.kind === "resource" || !managedPolicy.test(decidedBy.policy))
    return "";
  if (crossAccount) {
    const organization = context.get("aws:principalorgid");
    if (organization === undefined || organization !== context.get("aws:resourceorgid")) return "";
  }
  return `: ${decidedBy.policy}`;
}

const managedPolicy = /^arn:[^:]+:(?:iam|organizations)::[^:]*:policy\/[^:]+$/;
