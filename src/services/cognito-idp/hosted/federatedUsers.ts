import type { ClientRow } from "../clients/clientRow.ts";
import { providerGroup } from "../groups/members.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { keyOf } from "../pools/poolRow.ts";
import { notAuthorized } from "../refusals.ts";
import { members } from "../tables.ts";
import { isRecord, trigger, triggerAttributes } from "../triggers/invoke.ts";
import { checkRequired, checkValues } from "../users/attributes.ts";
import { confirmed } from "../users/confirm.ts";
import { type FoundUser, findAlias, findByKey, userKeyOf } from "../users/find.ts";
import { identityKind } from "../users/linking.ts";
import { newSub, newUser } from "../users/newUser.ts";
import { addUser, putUser } from "../users/put.ts";
import type { UserRow } from "../users/userRow.ts";
import type { ProviderRow } from "./tables.ts";
import type { Visit } from "./visit.ts";

/** Users of other providers, as users of the pool. */

export interface Identity {
  /** As the provider knows the user, for good. */
  subject: string;
  /** What it says of the user, by its own names. */
  attributes: Readonly<Record<string, string>>;
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-specifying-attribute-mapping.html */
function mapped({ mapping }: ProviderRow, { attributes }: Identity): Record<string, string> {
  const given: Record<string, string> = {};
  for (const [own, theirs] of Object.entries(mapping)) {
    const value = Object.hasOwn(attributes, theirs) ? attributes[theirs] : undefined;
    if (own !== "username" && own !== "sub" && value !== undefined) given[own] = value;
  }
  return given;
}

export async function arrivedUser(
  visit: Visit,
  client: ClientRow,
  provider: ProviderRow,
  identity: Identity,
): Promise<FoundUser> {
  const { pool, ctx } = visit;
  const attributes = mapped(provider, identity);
  checkValues(pool, attributes);
  const linked = await findAlias(pool, identityKind(provider.name), identity.subject, ctx);
  if (linked !== undefined) return await following(visit, enabled(linked), attributes);
  const username = `${provider.name}_${identity.subject}`;
  const userKey = userKeyOf(pool, await keysOf(pool, ctx), username);
  const known = await findByKey(pool, userKey, ctx);
  if (known === undefined) return await join(visit, client, provider, identity, username, attributes);
  // Somebody who signed up under such a name is not whom the provider vouches for.
  const isTheirs = known.user.identities?.some(
    ({ providerName, userId, primary }) =>
      primary && providerName === provider.name && userId === identity.subject,
  );
  if (known.user.status !== "EXTERNAL_PROVIDER" || !isTheirs)
    throw notAuthorized("The user is not of this identity provider.");
  return await following(visit, enabled(known), attributes);
}

/** What the provider says of its user holds from each sign-in on. */
async function following(
  { pool, ctx }: Visit,
  known: FoundUser,
  attributes: Record<string, string>,
): Promise<FoundUser> {
  const { user: before, userKey } = known;
  const changed = Object.entries(attributes).filter(([name, value]) => before.attributes[name] !== value);
  if (changed.length === 0) return known;
  const merged = { ...before.attributes, ...attributes };
  for (const name of ["email", "phone_number"]) {
    const isNew = changed.some(([one]) => one === name);
    // A new address is as unproven as any, unless the mapping has the provider vouch for it.
    if (isNew && attributes[`${name}_verified`] === undefined) merged[`${name}_verified`] = "false";
  }
  const user: UserRow = { ...before, attributes: merged, modifiedMs: ctx.clock.now() };
  await putUser(pool, known, user, ctx);
  return { userKey, user };
}

function enabled(found: FoundUser): FoundUser {
  if (!found.user.enabled) throw notAuthorized("User is disabled.");
  return found;
}

async function join(
  { pool, ctx }: Visit,
  client: ClientRow,
  provider: ProviderRow,
  identity: Identity,
  username: string,
  attributes: Record<string, string>,
): Promise<FoundUser> {
  checkRequired(pool, attributes);
  const sub = await newSub(pool, ctx);
  const user: UserRow = {
    ...newUser({ username, sub, attributes }, "EXTERNAL_PROVIDER", ctx),
    identities: [
      {
        userId: identity.subject,
        providerName: provider.name,
        providerType: provider.type,
        issuer: provider.details.oidc_issuer ?? null,
        primary: true,
        dateCreated: ctx.clock.now(),
      },
    ],
  };
  const { sub: _, "cognito:user_status": __, identities: ___, ...userAttributes } = triggerAttributes(user);
  const response = await trigger(
    {
      pool,
      name: "PreSignUp",
      source: "PreSignUp_ExternalProvider",
      clientId: client.clientId,
      username,
      request: { userAttributes, validationData: null },
      response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
    },
    ctx,
  );
  const vouched = { ...attributes };
  if (isRecord(response)) {
    if (response.autoVerifyEmail === true && vouched.email) vouched.email_verified = "true";
    if (response.autoVerifyPhone === true && vouched.phone_number) vouched.phone_number_verified = "true";
  }
  const group = await providerGroup(pool, provider.name, ctx);
  const found = await addUser(pool, { ...user, attributes: vouched, groups: [group] }, ctx);
  members.put(ctx.tx, [...keyOf(pool), group, found.userKey], {});
  await confirmed({ pool, client }, found.user, "ConfirmSignUp", undefined, ctx);
  return found;
}
