import type { PrincipalBlock } from "./source.ts";
import type { AuthorizationRequest, Principal } from "./types.ts";

/**
 * Principal elements.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */

/**
 * How closely a resource policy names the caller. It decides which implicit denies still count in the same
 * account: measured on AWS, and documented under "Resource-based policies and implicit denies in other policy
 * types".
 */
export const Grant = {
  none: 0,
  /** The account, or its root: the account's own policies decide. */
  account: 1,
  /** The role of a session, or the user who issued a federation token: limited by boundary and session policies. */
  identity: 2,
  /** The user or session itself, the service, or everyone: limited by explicit denies only. */
  direct: 3,
} as const;
export type Grant = (typeof Grant)[keyof typeof Grant];

export type PrincipalTest = (request: AuthorizationRequest) => Grant;

/** Compiles a Principal element, or a NotPrincipal element under Deny. */
export function compilePrincipal(
  block: PrincipalBlock,
  negated: boolean,
  effect: "Allow" | "Deny",
): PrincipalTest {
  const named = compileBlock(block);
  if (!negated) return named.closest;
  // AWS takes NotPrincipal with Deny only. With Allow it would grant to everyone else: it grants to nobody.
  if (effect === "Allow") return () => Grant.none;
  return (request) => (named.namesAll(request) ? Grant.none : Grant.direct);
}

interface NamedPrincipals {
  closest: PrincipalTest;
  /**
   * True if every ARN by which AWS knows the caller is listed: a NotPrincipal must list a session's role and
   * account besides the session, or the caller is denied all the same.
   * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_notprincipal.html
   */
  namesAll: (request: AuthorizationRequest) => boolean;
}

const accountArn = /^arn:[^:]+:iam::(\d{12}):root$/;

function compileBlock(block: PrincipalBlock): NamedPrincipals {
  if (block === "*") return { closest: () => Grant.direct, namesAll: () => true };
  const aws = block.get("AWS") ?? [];
  const accounts = new Set<string>();
  const names = new Set<string>();
  for (const value of aws) {
    const account = accountArn.exec(value)?.[1] ?? (/^\d{12}$/.test(value) ? value : undefined);
    if (account === undefined) names.add(value);
    else accounts.add(account);
  }
  const anyAws = names.has("*");
  const services = new Set(block.get("Service"));
  const federated = new Set(block.get("Federated"));
  const canonical = new Set(block.get("CanonicalUser"));

  const closest: PrincipalTest = (request) => {
    const { principal } = request;
    switch (principal.kind) {
      case "service":
        return anyAws || namesService(services, request) ? Grant.direct : Grant.none;
      case "saml":
      case "web-identity":
        return federated.has("*") || federated.has(principal.service ?? principal.arn)
          ? Grant.direct
          : Grant.none;
      case "anonymous":
        return anyAws ? Grant.direct : Grant.none;
      default:
        if (anyAws) return Grant.direct;
        return closestName(principal, names, accounts, canonical);
    }
  };
  const namesAll = (request: AuthorizationRequest) => {
    const { kind, account, arn, roleArn, issuerArn } = request.principal;
    if (anyAws || account === "" || kind === "root") return closest(request) !== Grant.none;
    const isListed = names.has(arn) || hasUniqueId(names, request.principal);
    const source = roleArn ?? issuerArn;
    return (
      isListed &&
      accounts.has(account) &&
      (source === undefined || names.has(source) || accountArn.test(source))
    );
  };
  return { closest, namesAll };
}

function closestName(
  principal: Principal,
  names: ReadonlySet<string>,
  accounts: ReadonlySet<string>,
  canonical: ReadonlySet<string>,
): Grant {
  const { kind, arn, roleArn, issuerArn, account, canonicalUser } = principal;
  if (names.size > 0) {
    if (names.has(arn)) return Grant.direct;
    const source = roleArn ?? issuerArn;
    if (source !== undefined && names.has(source)) return Grant.identity;
    if (hasUniqueId(names, principal)) return kind === "user" ? Grant.direct : Grant.identity;
  }
  if (accounts.has(account) || (canonicalUser !== undefined && canonical.has(canonicalUser))) {
    return kind === "root" ? Grant.direct : Grant.account;
  }
  return Grant.none;
}

/** IAM keeps principals of saved policies by unique id ("AIDA…", "AROA…"), which survives no deletion. */
function hasUniqueId(names: ReadonlySet<string>, { kind, userId }: Principal): boolean {
  if (userId === "" || (kind !== "user" && kind !== "role-session")) return false;
  const colon = userId.indexOf(":");
  return names.has(colon < 0 ? userId : userId.slice(0, colon));
}

/** A service is named as "logs.amazonaws.com", or for one region as "logs.eu-west-1.amazonaws.com". */
function namesService(services: ReadonlySet<string>, { principal, context }: AuthorizationRequest): boolean {
  if (services.size === 0) return false;
  const service = principal.service ?? principal.arn;
  if (services.has(service) || services.has("*")) return true;
  const region = context.get("aws:requestedregion");
  if (typeof region !== "string") return false;
  const dot = service.indexOf(".");
  return dot > 0 && services.has(`${service.slice(0, dot)}.${region}${service.slice(dot)}`);
}
