import type { Context } from "../../../kit/context.ts";
import { identity } from "../contract.ts";
import { admit, anybody, recorded } from "../open.ts";
import { notAuthorized } from "../refusals.ts";
import { existing, unlink } from "./find.ts";
import { resolve } from "./resolve.ts";

/** Somebody parts with logins of theirs. https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UnlinkIdentity.html */
export const unlinkIdentity = identity.operation("UnlinkIdentity", {
  access: anybody,
  async handle({ IdentityId, Logins, LoginsToRemove }, ctx) {
    admit(ctx as Context);
    const { identityId, proofs } = await resolve(IdentityId, Logins, ctx as Context);
    if (proofs.length === 0 || identityId !== IdentityId)
      throw notAuthorized(`Access to Identity '${IdentityId}' is forbidden.`);
    const { poolId, row } = await existing(IdentityId, ctx);
    const removed = row.logins.filter(({ provider }) => LoginsToRemove.includes(provider));
    if (removed.length > 0) unlink(poolId, row, removed, ctx as Context);
    return {};
  },
  record: recorded,
});
