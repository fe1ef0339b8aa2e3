import type { Proof } from "../identities/proofs.ts";
import type { PoolRow, RoleMapping, Rule } from "../pools/poolRow.ts";
import { badConfiguration, notAuthorized } from "../refusals.ts";

/**
 * Which role somebody gets.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html
 */
export function roleOf(pool: PoolRow, proofs: readonly Proof[], asked: string | undefined): string {
  const standard = proofs.length === 0 ? pool.roles?.unauthenticated : pool.roles?.authenticated;
  for (const proof of proofs) {
    const name = proof.names.find((one) => pool.mappings?.[one] !== undefined);
    const mapping = name === undefined ? undefined : pool.mappings?.[name];
    if (mapping !== undefined) return mapped(mapping, proof, standard, asked);
  }
  if (standard === undefined) throw badConfiguration();
  return standard;
}

function mapped(
  mapping: RoleMapping,
  { claims }: Proof,
  standard: string | undefined,
  asked: string | undefined,
): string {
  const role =
    mapping.type === "Token" ? roleOfToken(claims, asked) : roleOfRules(mapping.rules ?? [], claims);
  if (role !== undefined) return role;
  if (mapping.ambiguous !== "AuthenticatedRole") {
    throw notAuthorized("Access denied: no role of the identity pool's role mapping fits this user.");
  }
  if (standard === undefined) throw badConfiguration();
  return standard;
}

/** A claim's values as texts; SAML's are lists. */
function valuesOf(claims: Readonly<Record<string, unknown>>, name: string): string[] {
  const value = claims[name];
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** Roles in a token of a user pool, or in a SAML assertion ("role,provider"). */
function roleOfToken(
  claims: Readonly<Record<string, unknown>>,
  asked: string | undefined,
): string | undefined {
  const saml = valuesOf(claims, "Role").flatMap((pair) =>
    pair.split(",").filter((part) => /^arn:aws:iam::\d{12}:role\//.test(part.trim())),
  );
  const offered = [...valuesOf(claims, "cognito:roles"), ...saml.map((arn) => arn.trim())];
  if (asked !== undefined) {
    if (!offered.includes(asked)) throw notAuthorized("The role is not among those of the token.");
    return asked;
  }
  const [preferred] = valuesOf(claims, "cognito:preferred_role");
  return preferred ?? (offered.length === 1 ? offered[0] : undefined);
}

function roleOfRules(rules: readonly Rule[], claims: Readonly<Record<string, unknown>>): string | undefined {
  return rules.find((rule) => fits(rule, valuesOf(claims, rule.claim)))?.role;
}

function fits({ match, value }: Rule, values: readonly string[]): boolean {
  if (match === "Equals") return values.includes(value);
  // What somebody does not say differs from nothing.
  if (match === "NotEqual") return values.length > 0 && !values.includes(value);
  return values.some((one) => (match === "Contains" ? one.includes(value) : one.startsWith(value)));
}
