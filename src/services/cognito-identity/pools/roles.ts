import type { Context } from "../../../kit/context.ts";
import { passRole } from "../../../kit/passRole.ts";
import { identity } from "../contract.ts";
import { invalid } from "../refusals.ts";
import { pools } from "../tables.ts";
import { existingPool, onPool } from "./find.ts";
import type { PoolRow, RoleMapping } from "./poolRow.ts";

/** Roles that a pool gives. */

const roleForm = /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const service = "cognito-identity.amazonaws.com";
/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_RulesConfigurationType.html */
const maxRules = 25;

interface MappingInput {
  Type: RoleMapping["type"];
  AmbiguousRoleResolution?: RoleMapping["ambiguous"] | undefined;
  RulesConfiguration?:
    | {
        Rules: readonly {
          Claim: string;
          MatchType: "Equals" | "Contains" | "StartsWith" | "NotEqual";
          Value: string;
          RoleARN: string;
        }[];
      }
    | undefined;
}

function mappingOf(provider: string, input: MappingInput): RoleMapping {
  const { Type, AmbiguousRoleResolution, RulesConfiguration } = input;
  const rules = RulesConfiguration?.Rules ?? [];
  if ((Type === "Rules") !== rules.length > 0)
    throw invalid(`RulesConfiguration goes with the type Rules, for role mapping of ${provider}.`);
  if (rules.length > maxRules) throw invalid(`A role mapping cannot have more than ${maxRules} rules.`);
  if (AmbiguousRoleResolution === undefined)
    throw invalid("AmbiguousRoleResolution is required for role mappings.");
  return {
    type: Type,
    ambiguous: AmbiguousRoleResolution,
    ...(rules.length > 0 && {
      rules: rules.map(({ Claim, MatchType, Value, RoleARN }) => ({
        claim: Claim,
        match: MatchType,
        value: Value,
        role: RoleARN,
      })),
    }),
  };
}

/** Whoever gives a role to the pool must be allowed to pass it. */
async function passAll(roles: Iterable<string>, ctx: Context): Promise<void> {
  for (const role of new Set(roles)) {
    if (!roleForm.test(role)) throw invalid(`Invalid role ARN: ${role}`);
    await passRole(ctx, role, service);
  }
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetIdentityPoolRoles.html */
export const setIdentityPoolRoles = identity.operation("SetIdentityPoolRoles", {
  access: () => ({ action: "cognito-identity:SetIdentityPoolRoles", resource: "*" }),
  async handle({ IdentityPoolId, Roles, RoleMappings = {} }, ctx) {
    const { roles: _, mappings: __, ...rest } = await existingPool(IdentityPoolId, ctx);
    const mappings: Record<string, RoleMapping> = {};
    for (const [provider, input] of Object.entries(RoleMappings))
      mappings[provider] = mappingOf(provider, input);
    const ruled = Object.values(mappings).flatMap(({ rules = [] }) => rules.map(({ role }) => role));
    await passAll([...Object.values(Roles), ...ruled], ctx as Context);
    const pool: PoolRow = {
      ...rest,
      roles: { ...Roles },
      ...(Object.keys(mappings).length > 0 && { mappings }),
    };
    pools.put(ctx.tx, [ctx.account, ctx.region, IdentityPoolId], pool);
    return {};
  },
});

function shownMapping({ type, ambiguous, rules }: RoleMapping) {
  return {
    Type: type,
    ...(ambiguous && { AmbiguousRoleResolution: ambiguous }),
    ...(rules && {
      RulesConfiguration: {
        Rules: rules.map(({ claim, match, value, role }) => ({
          Claim: claim,
          MatchType: match,
          Value: value,
          RoleARN: role,
        })),
      },
    }),
  };
}

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetIdentityPoolRoles.html */
export const getIdentityPoolRoles = identity.operation("GetIdentityPoolRoles", {
  access: onPool("GetIdentityPoolRoles"),
  async handle({ IdentityPoolId }, ctx) {
    const { roles = {}, mappings } = await existingPool(IdentityPoolId, ctx);
    return {
      IdentityPoolId,
      Roles: { ...roles },
      ...(mappings && {
        RoleMappings: Object.fromEntries(
          Object.entries(mappings).map(([provider, mapping]) => [provider, shownMapping(mapping)]),
        ),
      }),
    };
  },
});
