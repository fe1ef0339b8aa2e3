import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import { resolve } from "../identities/resolve.ts";
import { admit, anybody, recorded } from "../open.ts";
import { notAuthorized } from "../refusals.ts";
import { issueToken } from "../tokens/tokens.ts";
import { amrOf } from "./amr.ts";
import { tagsFor } from "./principalTags.ts";

const tokenSeconds = 600;

/** The basic flow: the app takes a role itself. https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_GetOpenIdToken.html */
export const getOpenIdToken = identity.operation("GetOpenIdToken", {
  access: anybody,
  async handle({ IdentityId, Logins }, ctx) {
    admit(ctx as Context);
    const { pool, identityId, proofs } = await resolve(IdentityId, Logins, ctx as Context);
    if (!pool.allowClassic)
      throw notAuthorized("Basic (classic) flow is not enabled, please use enhanced flow.");
    const tags = await tagsFor(pool, proofs, ctx as Context);
    const content = { poolId: pool.poolId, identityId, amr: amrOf(proofs), tags, seconds: tokenSeconds };
    return { IdentityId: identityId, Token: await issueToken(content, ctx) };
  },
  record: recorded,
});
