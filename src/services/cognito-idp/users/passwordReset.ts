import type { Context } from "../../../kit/context.ts";
import { checkAllowance, guessesOf } from "../auth/attempts.ts";
import { beginSignIn, tells } from "../auth/signIn.ts";
import { clientAndPool } from "../clients/find.ts";
import { checkSecretHash } from "../clients/secretHash.ts";
import { idp } from "../contract.ts";
import { deliveryOf } from "../messages/send.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden, hiddenDelivery } from "../recorded.ts";
import { codeMismatch, incorrect, invalid, notAuthorized, noUser } from "../refusals.ts";
import { checkCompromised } from "../risk/compromised.ts";
import { noteEvent } from "../risk/events.ts";
import { bearerOf } from "../tokens/verify.ts";
import { hasTrigger } from "../triggers/invoke.ts";
import { migrate } from "../triggers/migrate.ts";
import { proveUserCode, sendCode } from "./codes.ts";
import { confirmed } from "./confirm.ts";
import { existingUser, type FoundUser, findUser } from "./find.ts";
import { canWait, sendLater } from "./forgotten.ts";
import { isPassword, withPassword } from "./passwords.ts";
import { putUser } from "./put.ts";
import { pretended } from "./signUp.ts";
import type { UserRow } from "./userRow.ts";

/** Passwords that are forgotten, changed, or reset. */

const byCode = "Who has forgotten a password has no credentials; AWS takes the call unsigned.";

/** Where a user's code goes to: the first of the pool's ways that the user has. */
export function recoveryOf({ settings }: PoolRow, { attributes }: UserRow): "email" | "phone_number" {
  const ways = [...(settings.AccountRecoverySetting?.RecoveryMechanisms ?? [])].sort(
    (a, b) => (a.Priority ?? 0) - (b.Priority ?? 0),
  );
  if (ways.some(({ Name }) => Name === "admin_only"))
    throw notAuthorized("Contact administrator to reset password.");
  for (const { Name } of ways) {
    const attribute = Name === "verified_email" ? "email" : "phone_number";
    if (attributes[attribute] && attributes[`${attribute}_verified`] === "true") return attribute;
  }
  throw invalid(
    "Cannot reset password for the user as there is no registered/verified email or phone_number",
  );
}

function checkState({ enabled, status }: UserRow): void {
  if (!enabled) throw notAuthorized("User is disabled.");
  if (status === "FORCE_CHANGE_PASSWORD" || status === "EXTERNAL_PROVIDER")
    throw notAuthorized("User password cannot be reset in the current state.");
}

function metadataOf(clientMetadata: Record<string, string> | undefined) {
  return clientMetadata === undefined ? {} : { clientMetadata };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgotPassword.html */
export const forgotPassword = idp.operation("ForgotPassword", {
  access: { noPermissionNeeded: byCode },
  async handle({ ClientId, Username, SecretHash, ClientMetadata }, ctx) {
    const { pool, client } = await clientAndPool(ClientId, ctx as Context);
    checkSecretHash(client, Username, SecretHash);
    const signIn = await beginSignIn({ pool, client }, Username, "FORGOT", ClientMetadata, ctx as Context);
    let { user } = signIn;
    if (user === undefined && hasTrigger(pool, "UserMigration"))
      user = await migrate(signIn, { source: "UserMigration_ForgotPassword" });
    const { userKey } = signIn.state;
    const isTold = tells(client);
    if (user === undefined && isTold) throw noUser();
    const isLater = !isTold && canWait(pool);
    if (isLater)
      sendLater(pool, { clientId: ClientId, userKey, ...metadataOf(ClientMetadata) }, ctx as Context);
    const delivery = pretended("ENABLED", pool, Username);
    if (user === undefined) return { CodeDeliveryDetails: delivery };
    checkState(user);
    const attribute = recoveryOf(pool, user);
    if (isLater) return { CodeDeliveryDetails: deliveryOf(attribute, user.attributes[attribute] as string) };
    const found = { user, userKey };
    const source = "CustomMessage_ForgotPassword";
    const sent = await sendCode(
      { pool, found, purpose: "forgot", attribute, source, client, clientMetadata: ClientMetadata },
      ctx as Context,
    );
    await putUser(pool, found, sent.user, ctx);
    return { CodeDeliveryDetails: sent.delivery };
  },
  record: { request: hidden(), response: hiddenDelivery },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmForgotPassword.html */
export const confirmForgotPassword = idp.operation("ConfirmForgotPassword", {
  access: { noPermissionNeeded: byCode },
  async handle({ ClientId, Username, SecretHash, ConfirmationCode, Password, ClientMetadata }, ctx) {
    const { pool, client } = await clientAndPool(ClientId, ctx as Context);
    checkSecretHash(client, Username, SecretHash);
    const found = await findUser(pool, Username, ctx);
    if (found === undefined) {
      if (client.settings.PreventUserExistenceErrors === "ENABLED") throw codeMismatch();
      throw noUser("Username/client id combination not found.");
    }
    ctx.event.additionalEventData = { sub: found.user.sub };
    checkState(found.user);
    const { user, attribute, value } = proveUserCode(pool, found, "forgot", ConfirmationCode, ctx as Context);
    if (user.attributes[attribute] !== value) throw codeMismatch();
    await checkCompromised(pool, ClientId, Password, "PASSWORD_CHANGE", ctx as Context);
    await noteEvent(
      pool,
      found.userKey,
      { type: "ForgotPassword", isPass: true, challenges: [] },
      ctx as Context,
    );
    const changed: UserRow = {
      ...withPassword(pool, user, Password, ctx),
      status: "CONFIRMED",
      modifiedMs: ctx.clock.now(),
    };
    await putUser(pool, found, changed, ctx);
    await confirmed({ pool, client }, changed, "ConfirmForgotPassword", ClientMetadata, ctx as Context);
    return {};
  },
  record: { request: hidden("confirmationCode") },
});

/** Wrong present passwords, by one who has signed in. */
const changes = { max: 5, windowMs: 15 * 60_000 };

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ChangePassword.html */
export const changePassword = idp.operation("ChangePassword", {
  access: { noPermissionNeeded: "The access token is the permission; AWS takes the call unsigned." },
  async handle({ AccessToken, PreviousPassword, ProposedPassword }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const { pool, user, userKey } = bearer;
    const key = `change/${pool.poolId}/${userKey}`;
    checkAllowance(key, changes, ctx as Context);
    if (user.password !== undefined) {
      if (PreviousPassword === undefined || !isPassword(pool, user, PreviousPassword)) throw incorrect();
    }
    ctx.afterCommit(() => guessesOf(ctx).windows.forget(key));
    await checkCompromised(pool, bearer.clientId, ProposedPassword, "PASSWORD_CHANGE", ctx as Context);
    await noteEvent(pool, userKey, { type: "PasswordChange", isPass: true, challenges: [] }, ctx as Context);
    const changed = { ...withPassword(pool, user, ProposedPassword, ctx), modifiedMs: ctx.clock.now() };
    await putUser(pool, bearer, changed, ctx);
    return {};
  },
});

/** The user has to choose a new password, with a code that is sent. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminResetUserPassword.html */
export const adminResetUserPassword = idp.operation("AdminResetUserPassword", {
  access: onPool("AdminResetUserPassword"),
  async handle({ UserPoolId, Username, ClientMetadata }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const found = await existingUser(pool, Username, ctx);
    if (found.user.status !== "CONFIRMED" && found.user.status !== "RESET_REQUIRED")
      throw notAuthorized("User password cannot be reset in the current state.");
    await putUser(pool, found, await reset(pool, found, ClientMetadata, ctx as Context), ctx);
    return {};
  },
});

async function reset(
  pool: PoolRow,
  found: FoundUser,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<UserRow> {
  const attribute = recoveryOf(pool, found.user);
  const source = "CustomMessage_ForgotPassword";
  const sent = await sendCode({ pool, found, purpose: "forgot", attribute, source, clientMetadata }, ctx);
  const now = ctx.clock.now();
  return { ...sent.user, status: "RESET_REQUIRED", modifiedMs: now, signedOutMs: now };
}
