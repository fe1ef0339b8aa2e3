import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden } from "../recorded.ts";
import { invalid, noUser } from "../refusals.ts";
import { existingUser, type FoundUser, findAlias } from "./find.ts";
import { putUser, removeUser } from "./put.ts";
import type { IdentityRow, UserRow } from "./userRow.ts";

/** Users of other providers, linked to one of the pool: whoever signs in there is that one here. */

/** https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-identity-federation-consolidate-users.html */
const maxLinks = 5;
const own = "Cognito";

interface Named {
  ProviderName?: string | undefined;
  ProviderAttributeName?: string | undefined;
  ProviderAttributeValue?: string | undefined;
}

/** The alias by which a user of another provider is found. */
export function identityKind(providerName: string): string {
  return `identity/${providerName}`;
}

async function destinationOf(
  pool: PoolRow,
  { ProviderName, ProviderAttributeValue = "" }: Named,
  ctx: Context,
): Promise<FoundUser> {
  if (ProviderName === own) return await existingUser(pool, ProviderAttributeValue, ctx);
  return await existingUser(pool, `${ProviderName}_${ProviderAttributeValue}`, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminLinkProviderForUser.html */
export const adminLinkProviderForUser = idp.operation("AdminLinkProviderForUser", {
  access: onPool("AdminLinkProviderForUser"),
  async handle({ UserPoolId, DestinationUser, SourceUser }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { ProviderName, ProviderAttributeValue } = SourceUser;
    if (!ProviderName || ProviderName === own)
      throw invalid("Invalid SourceUser: it must be of an external provider.");
    if (!ProviderAttributeValue) throw invalid("Invalid SourceUser: ProviderAttributeValue is required.");
    const found = await destinationOf(pool, DestinationUser, ctx as Context);
    const known = found.user.identities ?? [];
    if (known.length >= maxLinks)
      throw ctx.error(
        "LimitExceededException",
        `A user cannot be linked to more than ${maxLinks} identities.`,
      );
    const standing = await findAlias(pool, identityKind(ProviderName), ProviderAttributeValue, ctx);
    if (standing !== undefined) throw invalid("SourceUser is already linked to DestinationUser");
    const identity: IdentityRow = {
      userId: ProviderAttributeValue,
      providerName: ProviderName,
      providerType: ProviderName,
      issuer: null,
      primary: false,
      dateCreated: ctx.clock.now(),
    };
    const user: UserRow = { ...found.user, identities: [...known, identity], modifiedMs: ctx.clock.now() };
    await putUser(pool, found, user, ctx);
    return {};
  },
  record: { request: hidden("destinationUser", "sourceUser") },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableProviderForUser.html */
export const adminDisableProviderForUser = idp.operation("AdminDisableProviderForUser", {
  access: onPool("AdminDisableProviderForUser"),
  async handle({ UserPoolId, User }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { ProviderName = "", ProviderAttributeValue = "" } = User;
    if (ProviderName === own) {
      await removeUser(pool, await existingUser(pool, ProviderAttributeValue, ctx), ctx);
      return {};
    }
    const found = await findAlias(pool, identityKind(ProviderName), ProviderAttributeValue, ctx);
    if (found === undefined) throw noUser();
    const identities = (found.user.identities ?? []).filter(
      ({ providerName, userId }) => providerName !== ProviderName || userId !== ProviderAttributeValue,
    );
    await putUser(pool, found, { ...found.user, identities, modifiedMs: ctx.clock.now() }, ctx);
    return {};
  },
  record: { request: hidden("user") },
});
