import type { MappingRule, RoleMapping } from "@aws-sdk/client-cognito-identity";
import type { Context } from "../../kit/context.ts";
import { passRole } from "../../kit/passRole.ts";
import { identity } from "./contract.ts";
import { anyAccess, findPool, poolAccess } from "./find.ts";
import type { ProvenLogin } from "./logins.ts";
import { keyOf, type PoolRow } from "./poolRow.ts";
import { badConfiguration, invalid, notAuthorized } from "./refusals.ts";
import { pools } from "./tables.ts";
import type { Somebody } from "./who.ts";

/** Which role an identity takes on. https://docs.aws.amazon.com/cognito/latest/developerguide/role-based-access-control.html */

const kinds = ["authenticated", "unauthenticated"];
const roleForm = /^arn:aws:iam::\d{12}:role\/.+$/;
const maxRules = 400;

function checkRoles(roles: Readonly<Record<string, string>>): void {
  for (const [kind, arn] of Object.entries(roles)) {
    if (!kinds.includes(kind)) throw invalid(`Invalid role type: ${kind}`);
    if (!roleForm.test(arn)) throw invalid(`Invalid role ARN: ${arn}`);
  }
}

function checkMapping(
  provider: string,
  { Type, AmbiguousRoleResolution, RulesConfiguration }: RoleMapping,
): void {
  if (AmbiguousRoleResolution === undefined)
    throw invalid(`AmbiguousRoleResolution is required for the role mapping of ${provider}.`);
  const rules = RulesConfiguration?.Rules ?? [];
  if (Type === "Rules" && rules.length === 0)
    throw invalid(`RulesConfiguration is required for the role mapping of ${provider}.`);
  if (Type === "Token" && RulesConfiguration !== undefined)
    throw invalid("RulesConfiguration is not allowed for role mappings of type Token.");
  if (rules.length > maxRules) throw invalid(`A role mapping cannot have more than ${maxRules} rules.`);
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html */
export const setIdentityPoolRoles = identity.operation("SetIdentityPoolRoles", {
  access: () => anyAccess("SetIdentityPoolRoles"),
  async handle({ IdentityPoolId, Roles, RoleMappings = {} }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    const mappings = RoleMappings as Record<string, RoleMapping>;
    checkRoles(Roles);
    for (const [provider, mapping] of Object.entries(mappings)) checkMapping(provider, mapping);
    const mapped = Object.values(mappings).flatMap((one) => one.RulesConfiguration?.Rules ?? []);
    const arns = new Set([...Object.values(Roles), ...mapped.map(({ RoleARN = "" }) => RoleARN)]);
    for (const arn of arns) await passRole(ctx as Context, arn, "cognito-identity.amazonaws.com");
    pools.put(ctx.tx, keyOf(pool), { ...pool, roles: Roles, roleMappings: mappings });
    return {};
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetIdentityPoolRoles.html */
export const getIdentityPoolRoles = identity.operation("GetIdentityPoolRoles", {
  access: ({ IdentityPoolId }, ctx) => poolAccess("GetIdentityPoolRoles", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId }, ctx) {
    const { roles, roleMappings } = await findPool(IdentityPoolId, ctx as Context);
    const isMapped = Object.keys(roleMappings).length > 0;
    return { IdentityPoolId, Roles: roles, ...(isMapped && { RoleMappings: roleMappings as never }) };
  },
});

/** The role that somebody gets. Throws InvalidIdentityPoolConfigurationException where there is none. */
export function roleOf({ pool, proven, amr }: Somebody, customArn: string | undefined): string {
  const isVisitor = amr[0] === "unauthenticated";
  const mapped = isVisitor ? undefined : mappedRole(pool, proven, customArn);
  if (mapped === undefined && customArn !== undefined)
    throw notAuthorized("The custom role is not among those of the token.");
  const arn = mapped ?? pool.roles[isVisitor ? "unauthenticated" : "authenticated"];
  if (arn === undefined) throw badConfiguration();
  return arn;
}

function mappedRole(
  { roleMappings }: PoolRow,
  proven: readonly ProvenLogin[],
  customArn: string | undefined,
): string | undefined {
  for (const { mappedAs, provider, claims } of proven) {
    const mapping = roleMappings[mappedAs] ?? roleMappings[provider];
    if (mapping === undefined) continue;
    const found = mapping.Type === "Token" ? roleOfToken(claims, customArn) : roleOfRules(mapping, claims);
    if (found !== undefined) return found;
    if (mapping.AmbiguousRoleResolution === "Deny") throw notAuthorized("The role could not be determined.");
  }
  return undefined;
}

/** `cognito:preferred_role`, or the one of `cognito:roles` that was asked for. */
function roleOfToken(claims: Readonly<Record<string, unknown>>, customArn: string | undefined) {
  const roles = Array.isArray(claims["cognito:roles"]) ? claims["cognito:roles"].map(String) : [];
  if (customArn !== undefined) return roles.includes(customArn) ? customArn : undefined;
  const preferred = claims["cognito:preferred_role"];
  if (typeof preferred === "string") return preferred;
  return roles.length === 1 ? roles[0] : undefined;
}

/** The first rule that matches decides. */
function roleOfRules({ RulesConfiguration }: RoleMapping, claims: Readonly<Record<string, unknown>>) {
  return RulesConfiguration?.Rules?.find((rule) => matches(rule, claims[rule.Claim ?? ""]))?.RoleARN;
}

function matches({ MatchType, Value = "" }: MappingRule, claim: unknown): boolean {
  const values = (Array.isArray(claim) ? claim : claim === undefined ? [] : [claim]).map(String);
  if (MatchType === "NotEqual") return values.length > 0 && !values.includes(Value);
  return values.some((value) =>
    MatchType === "StartsWith"
      ? value.startsWith(Value)
      : MatchType === "Contains"
        ? value.includes(Value)
        : value === Value,
  );
}
