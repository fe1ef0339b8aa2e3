import type { Context } from "../../../kit/context.ts";
import type { GroupFacts } from "../groups/roles.ts";
import type { Basis } from "../tokens/claims.ts";
import { isRecord, trigger, triggerAttributes, unrecognizable } from "./invoke.ts";

/**
 * What the pool's function changes in tokens before they are signed: version 1 the ID token, 2 both, 3 also those of
 * machines. https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-token-generation.html
 */

export interface Changes {
  add: Record<string, unknown>;
  suppress: string[];
}

export interface TokenChanges {
  id: Changes;
  access: Changes;
  scopesToAdd: string[];
  scopesToSuppress: string[];
  groups: GroupFacts;
}

/** Claims that no function changes. */
const fixed: ReadonlySet<string> = new Set([
  "acr",
  "amr",
  "at_hash",
  "aud",
  "auth_time",
  "azp",
  "client_id",
  "cognito:username",
  "device_key",
  "event_id",
  "exp",
  "iat",
  "identities",
  "iss",
  "jti",
  "nbf",
  "nonce",
  "origin_jti",
  "scope",
  "sub",
  "token_use",
  "username",
  "version",
]);

function none(groups: GroupFacts): TokenChanges {
  const nothing = () => ({ add: {}, suppress: [] });
  return { id: nothing(), access: nothing(), scopesToAdd: [], scopesToSuppress: [], groups };
}

const versions = { V1_0: "1", V2_0: "2", V3_0: "3" } as const;

/** `source` is "Authentication", "NewPasswordChallenge", "RefreshTokens", … */
export async function tokenChanges(
  basis: Basis,
  groups: GroupFacts,
  source: string,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<TokenChanges> {
  const { pool, client, user } = basis;
  const config = pool.settings.LambdaConfig?.PreTokenGenerationConfig;
  if (config === undefined) return none(groups);
  const version = versions[config.LambdaVersion ?? "V1_0"];
  const response = await trigger(
    {
      pool,
      name: "PreTokenGeneration",
      source: `TokenGeneration_${source}`,
      version,
      clientId: client.clientId,
      username: user.username,
      request: {
        userAttributes: triggerAttributes(user),
        groupConfiguration: {
          groupsToOverride: groups.groups,
          iamRolesToOverride: groups.roles,
          preferredRole: groups.preferredRole ?? null,
        },
        ...(version !== "1" && { scopes: basis.scopes ?? ["aws.cognito.signin.user.admin"] }),
        ...(clientMetadata && { clientMetadata }),
      },
      response: version === "1" ? { claimsOverrideDetails: null } : { claimsAndScopeOverrideDetails: null },
    },
    ctx,
  );
  return changesOf(response ?? {}, version, groups);
}

/** Changes in the access token of a client without a user, which functions of version 3 are asked for. */
export async function machineChanges(
  { pool, client }: Pick<Basis, "pool" | "client">,
  scopes: readonly string[],
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<TokenChanges> {
  const nobody: GroupFacts = { groups: [], roles: [] };
  if (pool.settings.LambdaConfig?.PreTokenGenerationConfig?.LambdaVersion !== "V3_0") return none(nobody);
  const response = await trigger(
    {
      pool,
      name: "PreTokenGeneration",
      source: "TokenGeneration_ClientCredentials",
      version: versions.V3_0,
      clientId: client.clientId,
      username: client.clientId,
      request: {
        userAttributes: {},
        groupConfiguration: { groupsToOverride: [], iamRolesToOverride: [], preferredRole: null },
        scopes,
        ...(clientMetadata && { clientMetadata }),
      },
      response: { claimsAndScopeOverrideDetails: null },
    },
    ctx,
  );
  return changesOf(response ?? {}, versions.V3_0, nobody);
}

function changesOf(response: Record<string, unknown>, version: string, groups: GroupFacts): TokenChanges {
  const details = version === "1" ? response.claimsOverrideDetails : response.claimsAndScopeOverrideDetails;
  if (details === null || details === undefined) return none(groups);
  if (!isRecord(details)) throw unrecognizable();
  const overridden = groupsOf(details.groupOverrideDetails, groups);
  if (version === "1") {
    return { ...none(overridden), id: claimsOf(details, "claimsToAddOrOverride", false) };
  }
  const access = part(details.accessTokenGeneration);
  return {
    id: claimsOf(part(details.idTokenGeneration), "claimsToAddOrOverride", true),
    access: claimsOf(access, "claimsToAddOrOverride", true),
    scopesToAdd: textsOf(access.scopesToAdd),
    scopesToSuppress: textsOf(access.scopesToSuppress),
    groups: overridden,
  };
}

function part(value: unknown): Record<string, unknown> {
  if (value === null || value === undefined) return {};
  if (!isRecord(value)) throw unrecognizable();
  return value;
}

function textsOf(value: unknown): string[] {
  if (value === null || value === undefined) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === "string")) throw unrecognizable();
  return value;
}

/** Version 1 knows texts alone; the later ones any value. */
function claimsOf(details: Record<string, unknown>, name: string, anyValue: boolean): Changes {
  const wanted = part(details[name]);
  const add = Object.fromEntries(
    Object.entries(wanted)
      .filter(([claim]) => !fixed.has(claim) && !claim.startsWith("cognito:"))
      .map(([claim, value]) => [claim, anyValue ? value : String(value)]),
  );
  return { add, suppress: textsOf(details.claimsToSuppress).filter((claim) => !fixed.has(claim)) };
}

function groupsOf(value: unknown, groups: GroupFacts): GroupFacts {
  if (value === null || value === undefined) return groups;
  const details = part(value);
  const preferred = details.preferredRole;
  return {
    groups: details.groupsToOverride === undefined ? groups.groups : textsOf(details.groupsToOverride),
    roles: details.iamRolesToOverride === undefined ? groups.roles : textsOf(details.iamRolesToOverride),
    ...(typeof preferred === "string"
      ? { preferredRole: preferred }
      : preferred === undefined && groups.preferredRole !== undefined
        ? { preferredRole: groups.preferredRole }
        : {}),
  };
}
