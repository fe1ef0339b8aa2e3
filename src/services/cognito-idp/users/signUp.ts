import type { CodeDeliveryDetailsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { openSession, type SessionState, sealSession } from "../auth/session.ts";
import { clientAndPool, type PoolAndClient } from "../clients/find.ts";
import { checkSecretHash } from "../clients/secretHash.ts";
import { allows } from "../clients/settings.ts";
import { idp } from "../contract.ts";
import { deliveryOf } from "../messages/send.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden, hiddenDelivery } from "../recorded.ts";
import { codeMismatch, expiredCode, invalid, notAuthorized, noUser } from "../refusals.ts";
import { checkCompromised } from "../risk/compromised.ts";
import { noteEvent } from "../risk/events.ts";
import { isRecord, trigger, triggerAttributes } from "../triggers/invoke.ts";
import { attributesOf, checkRequired, checkValues, checkWritable } from "./attributes.ts";
import { proveUserCode, sendCode } from "./codes.ts";
import { confirmed } from "./confirm.ts";
import { type FoundUser, findUser } from "./find.ts";
import { checkFree, nameAndAttributes, newUser } from "./newUser.ts";
import { checkPolicy, passwordRow } from "./passwords.ts";
import { addUser, putUser } from "./put.ts";
import type { UserRow } from "./userRow.ts";

/** Users who sign themselves up. */

const byCode = "Who signs up has no credentials yet; AWS takes the call unsigned.";

/** The address that a new user's code goes to: of two, the telephone, as on AWS. */
export function verifiedBy({ settings }: PoolRow, user: UserRow): "email" | "phone_number" | undefined {
  const wanted = settings.AutoVerifiedAttributes ?? [];
  return (["phone_number", "email"] as const).find((name) => wanted.includes(name) && user.attributes[name]);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SignUp.html */
export const signUp = idp.operation("SignUp", {
  access: { noPermissionNeeded: byCode },
  async handle(input, ctx) {
    const named = await clientAndPool(input.ClientId, ctx as Context);
    const { pool, client } = named;
    checkSecretHash(client, input.Username, input.SecretHash);
    if (pool.settings.AdminCreateUserConfig?.AllowAdminCreateUserOnly)
      throw notAuthorized("SignUp is not permitted for this user pool");
    const given = attributesOf(input.UserAttributes);
    checkWritable(client, Object.keys(given));
    const fresh = await nameAndAttributes(pool, input.Username, given, ctx as Context);
    checkValues(pool, fresh.attributes);
    checkRequired(pool, fresh.attributes);
    const first = newUser(fresh, "UNCONFIRMED", ctx);
    if (input.Password !== undefined) checkPolicy(pool, input.Password);
    else if (!takesNoPassword(pool)) throw invalid("Missing required parameter Password");
    await checkFree(pool, first, "User already exists", ctx as Context);
    if (input.Password !== undefined)
      await checkCompromised(pool, client.clientId, input.Password, "SIGN_UP", ctx as Context);
    const decided = await preSignUp(named, first, input, ctx as Context);
    const withSecret: UserRow = {
      ...decided.user,
      ...(input.Password !== undefined && {
        password: passwordRow(pool, first.username, input.Password, ctx.clock.now()),
      }),
    };
    const { user, delivery, Session } = await added(
      named,
      withSecret,
      decided.isConfirmed,
      input.ClientMetadata,
      ctx as Context,
    );
    ctx.event.additionalEventData = { sub: user.sub };
    return {
      UserConfirmed: decided.isConfirmed,
      UserSub: user.sub,
      ...(delivery && { CodeDeliveryDetails: delivery }),
      ...(Session && { Session }),
    };
  },
  record: { request: hidden("userAttributes", "validationData"), response: hiddenDelivery },
});

function takesNoPassword({ settings }: PoolRow): boolean {
  return (settings.Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? []).some(
    (factor) => factor !== "PASSWORD",
  );
}

interface Asked {
  ValidationData?: Parameters<typeof attributesOf>[0];
  ClientMetadata?: Record<string, string> | undefined;
}

/** The pool's function may refuse, confirm at once, and vouch for addresses. */
async function preSignUp(
  { pool, client }: PoolAndClient,
  user: UserRow,
  { ValidationData, ClientMetadata }: Asked,
  ctx: Context,
): Promise<{ user: UserRow; isConfirmed: boolean }> {
  const { sub: _, "cognito:user_status": __, ...userAttributes } = triggerAttributes(user);
  const response = await trigger(
    {
      pool,
      name: "PreSignUp",
      source: "PreSignUp_SignUp",
      clientId: client.clientId,
      username: user.username,
      request: {
        userAttributes,
        validationData: ValidationData === undefined ? null : attributesOf(ValidationData),
        ...(ClientMetadata && { clientMetadata: ClientMetadata }),
      },
      response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
    },
    ctx,
  );
  if (!isRecord(response)) return { user, isConfirmed: false };
  const attributes = { ...user.attributes };
  if (response.autoVerifyEmail === true && attributes.email) attributes.email_verified = "true";
  if (response.autoVerifyPhone === true && attributes.phone_number) attributes.phone_number_verified = "true";
  const isConfirmed = response.autoConfirmUser === true;
  return { user: { ...user, attributes, ...(isConfirmed && { status: "CONFIRMED" as const }) }, isConfirmed };
}

async function added(
  named: PoolAndClient,
  user: UserRow,
  isConfirmed: boolean,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<{ user: UserRow; delivery?: CodeDeliveryDetailsType; Session?: string }> {
  const { pool, client } = named;
  const found = await addUser(pool, user, ctx);
  await noteEvent(pool, found.userKey, { type: "SignUp", isPass: true, challenges: [] }, ctx);
  if (isConfirmed) {
    await confirmed(named, user, "ConfirmSignUp", clientMetadata, ctx);
    return { user };
  }
  const attribute = verifiedBy(pool, user);
  if (attribute === undefined) return { user };
  const source = "CustomMessage_SignUp";
  const sent = await sendCode(
    { pool, found, purpose: "signUp", attribute, source, client, clientMetadata },
    ctx,
  );
  await putUser(pool, found, sent.user, ctx);
  const Session = allows(client.settings, "ALLOW_USER_AUTH")
    ? await sealSession(pool, client, signUpState(named, found, []), ctx)
    : undefined;
  return { user: sent.user, delivery: sent.delivery, ...(Session !== undefined && { Session }) };
}

function signUpState(
  { client }: PoolAndClient,
  { user, userKey }: FoundUser,
  proven: string[],
): SessionState {
  return { clientId: client.clientId, userKey, name: user.username, flow: "SIGN_UP", challenge: "", proven };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmSignUp.html */
export const confirmSignUp = idp.operation("ConfirmSignUp", {
  access: { noPermissionNeeded: byCode },
  async handle(
    { ClientId, Username, SecretHash, ConfirmationCode, ForceAliasCreation, ClientMetadata, Session },
    ctx,
  ) {
    const named = await clientAndPool(ClientId, ctx as Context);
    const { pool, client } = named;
    checkSecretHash(client, Username, SecretHash);
    const found = await findUser(pool, Username, ctx);
    if (found === undefined) {
      if (client.settings.PreventUserExistenceErrors === "ENABLED") throw expiredCode();
      throw noUser("Username/client id combination not found.");
    }
    ctx.event.additionalEventData = { sub: found.user.sub };
    if (found.user.status !== "UNCONFIRMED")
      throw notAuthorized(`User cannot be confirmed. Current status is ${found.user.status}`);
    const proven = proveUserCode(pool, found, "signUp", ConfirmationCode, ctx as Context);
    if (proven.user.attributes[proven.attribute] !== proven.value) throw codeMismatch();
    const user: UserRow = {
      ...proven.user,
      status: "CONFIRMED",
      attributes: { ...proven.user.attributes, [`${proven.attribute}_verified`]: "true" },
      modifiedMs: ctx.clock.now(),
    };
    await putUser(pool, found, user, ctx, { takesAliases: ForceAliasCreation ?? false });
    await confirmed(named, user, "ConfirmSignUp", ClientMetadata, ctx as Context);
    const carriedOn =
      Session === undefined ? undefined : await carryOn(named, found, Session, ctx as Context);
    return carriedOn === undefined ? {} : { Session: carriedOn };
  },
  record: { request: hidden("confirmationCode"), response: hiddenDelivery },
});

/** The session of a sign-up, now that the user is confirmed: it signs in. */
async function carryOn(
  named: PoolAndClient,
  found: FoundUser,
  session: string,
  ctx: Context,
): Promise<string> {
  const opened = await openSession(named.pool, session, ctx);
  if (
    opened.flow !== "SIGN_UP" ||
    opened.userKey !== found.userKey ||
    opened.clientId !== named.client.clientId
  )
    throw notAuthorized("Invalid session for the user.");
  await opened.use();
  return await sealSession(named.pool, named.client, signUpState(named, found, ["SIGN_UP"]), ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ResendConfirmationCode.html */
export const resendConfirmationCode = idp.operation("ResendConfirmationCode", {
  access: { noPermissionNeeded: byCode },
  async handle({ ClientId, Username, SecretHash, ClientMetadata }, ctx) {
    const { pool, client } = await clientAndPool(ClientId, ctx as Context);
    checkSecretHash(client, Username, SecretHash);
    const found = await findUser(pool, Username, ctx);
    if (found === undefined)
      return { CodeDeliveryDetails: pretended(client.settings.PreventUserExistenceErrors, pool, Username) };
    ctx.event.additionalEventData = { sub: found.user.sub };
    if (found.user.status !== "UNCONFIRMED") throw invalid("User is already confirmed.");
    const attribute = verifiedBy(pool, found.user);
    if (attribute === undefined) throw notAuthorized("Auto verification not turned on.");
    const source = "CustomMessage_ResendCode";
    const sent = await sendCode(
      { pool, found, purpose: "signUp", attribute, source, client, clientMetadata: ClientMetadata },
      ctx as Context,
    );
    await putUser(pool, found, sent.user, ctx);
    return { CodeDeliveryDetails: sent.delivery };
  },
  record: { readOnly: false, request: hidden(), response: hiddenDelivery },
});

/** What is said of a user who is not there, where nobody may learn that: that something was sent. */
export function pretended(setting: string | undefined, pool: PoolRow, name: string): CodeDeliveryDetailsType {
  if (setting !== "ENABLED") throw noUser("Username/client id combination not found.");
  const isPhone = name.startsWith("+") && !(pool.settings.AutoVerifiedAttributes ?? []).includes("email");
  return isPhone
    ? deliveryOf("phone_number", name)
    : deliveryOf("email", name.includes("@") ? name : `${name}@${name}`);
}
