import type { Context } from "../../kit/context.ts";
import { identity } from "./contract.ts";
import { anyAccess, findPool, poolAccess } from "./find.ts";
import { keyOf, type PrincipalTagMap } from "./poolRow.ts";
import { invalid } from "./refusals.ts";
import { pools } from "./tables.ts";
import type { Somebody } from "./who.ts";

/** Claims that become session tags. https://docs.aws.amazon.com/cognito/latest/developerguide/attributes-for-access-control.html */

const maxTags = 50;
/** What a provider gives unless told otherwise. */
const defaults: PrincipalTagMap = { usesDefaults: true, tags: { username: "sub", client: "aud" } };

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_SetPrincipalTagAttributeMap.html */
export const setPrincipalTagAttributeMap = identity.operation("SetPrincipalTagAttributeMap", {
  access: () => anyAccess("SetPrincipalTagAttributeMap"),
  async handle({ IdentityPoolId, IdentityProviderName, UseDefaults, PrincipalTags = {} }, ctx) {
    const pool = await findPool(IdentityPoolId, ctx as Context);
    if (Object.keys(PrincipalTags).length > maxTags)
      throw invalid(`No more than ${maxTags} principal tags are allowed.`);
    const map = UseDefaults ? defaults : { usesDefaults: false, tags: PrincipalTags };
    const principalTags = { ...pool.principalTags, [IdentityProviderName]: map };
    pools.put(ctx.tx, keyOf(pool), { ...pool, principalTags });
    return { IdentityPoolId, IdentityProviderName, UseDefaults: map.usesDefaults, PrincipalTags: map.tags };
  },
});

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetPrincipalTagAttributeMap.html */
export const getPrincipalTagAttributeMap = identity.operation("GetPrincipalTagAttributeMap", {
  access: ({ IdentityPoolId }, ctx) =>
    poolAccess("GetPrincipalTagAttributeMap", IdentityPoolId, ctx as Context),
  async handle({ IdentityPoolId, IdentityProviderName }, ctx) {
    const { principalTags } = await findPool(IdentityPoolId, ctx as Context);
    const map = principalTags[IdentityProviderName] ?? { usesDefaults: false, tags: {} };
    return { IdentityPoolId, IdentityProviderName, UseDefaults: map.usesDefaults, PrincipalTags: map.tags };
  },
});

/** Session tags of somebody: what the providers' claims say, and what a developer's token carries. */
export function tagsOf({ pool, proven, tags }: Somebody): Record<string, string> {
  const found: Record<string, string> = { ...tags };
  for (const { provider, claims } of proven) {
    for (const [tag, claim] of Object.entries(pool.principalTags[provider]?.tags ?? {})) {
      const value = claims[claim];
      if (value !== undefined) found[tag] = String(value);
    }
  }
  return found;
}
