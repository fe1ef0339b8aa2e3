import { randomInt } from "node:crypto";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { idp } from "../contract.ts";
import { send } from "../messages/send.ts";
import { existingPool, onPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden } from "../recorded.ts";
import { invalid, notAuthorized, noUser } from "../refusals.ts";
import { isRecord, noClient, trigger, triggerAttributes } from "../triggers/invoke.ts";
import { attributesOf, checkMutable, checkRemovable, checkValues, shownAttributes } from "./attributes.ts";
import { existingUser, type FoundUser, findUser } from "./find.ts";
import { checkFree, nameAndAttributes, newUser } from "./newUser.ts";
import { checkPolicy, passwordRow } from "./passwords.ts";
import { addUser, putUser, removeUser } from "./put.ts";
import { attributeList, mfaOptions, mfaSettings, shownUser } from "./shown.ts";
import type { UserRow } from "./userRow.ts";

/** Users, by administrators. */

const letters = "abcdefghijkmnopqrstuvwxyz";
const kinds = [letters, letters.toUpperCase(), "23456789", "!@#$%^&*-_+=?"];
const everyLetter = kinds.join("");
const shortestGenerated = 8;

/** A password that every policy takes. */
function generatedPassword({ settings }: PoolRow): string {
  const length = Math.max(shortestGenerated, settings.Policies?.PasswordPolicy?.MinimumLength ?? 0);
  const pick = (from: string) => from[randomInt(from.length)] as string;
  const password = Array.from({ length }, (_, i) => pick(kinds[i] ?? everyLetter));
  for (let i = length - 1; i > 0; i -= 1) {
    const other = randomInt(i + 1);
    [password[i], password[other]] = [password[other] as string, password[i] as string];
  }
  return password.join("");
}

interface Invitation {
  DesiredDeliveryMediums?: string[] | undefined;
  ClientMetadata?: Record<string, string> | undefined;
}

async function invite(
  pool: PoolRow,
  user: UserRow,
  password: string,
  { DesiredDeliveryMediums = ["SMS"], ClientMetadata }: Invitation,
  ctx: Context,
): Promise<void> {
  // Text messages are what AWS takes by default; who has no number gets an e-mail.
  const wanted = DesiredDeliveryMediums.map((medium) => (medium === "EMAIL" ? "email" : "phone_number"));
  const possible = wanted.filter((name) => user.attributes[name]);
  const fallback = user.attributes.email ? ["email" as const] : [];
  for (const attribute of possible.length > 0 ? possible : fallback) {
    await send(
      {
        pool,
        user,
        source: "CustomMessage_AdminCreateUser",
        purpose: "invite",
        attribute: attribute as "email" | "phone_number",
        code: password,
        clientMetadata: ClientMetadata,
      },
      ctx,
    );
  }
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminCreateUser.html */
export const adminCreateUser = idp.operation("AdminCreateUser", {
  access: onPool("AdminCreateUser"),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    const password = input.TemporaryPassword ?? generatedPassword(pool);
    if (input.TemporaryPassword !== undefined) checkPolicy(pool, password);
    if (input.MessageAction === "RESEND")
      return { User: shownUser(await resent(pool, input, password, ctx as Context)) };
    const fresh = await nameAndAttributes(
      pool,
      input.Username,
      attributesOf(input.UserAttributes),
      ctx as Context,
    );
    checkValues(pool, fresh.attributes);
    const first = newUser(fresh, "FORCE_CHANGE_PASSWORD", ctx);
    await checkFree(pool, first, "User account already exists", ctx as Context);
    await preSignUp(pool, first, input, ctx as Context);
    const user: UserRow = {
      ...first,
      password: passwordRow(pool, first.username, password, ctx.clock.now(), true),
    };
    await addUser(pool, user, ctx, { takesAliases: input.ForceAliasCreation ?? false });
    if (input.MessageAction !== "SUPPRESS") await invite(pool, user, password, input, ctx as Context);
    ctx.event.additionalEventData = { sub: user.sub };
    return { User: shownUser(user) };
  },
  record: { request: hidden("userAttributes", "validationData"), response: () => null },
});

async function preSignUp(
  pool: PoolRow,
  user: UserRow,
  {
    ValidationData,
    ClientMetadata,
  }: {
    ValidationData?: Parameters<typeof attributesOf>[0];
    ClientMetadata?: Record<string, string> | undefined;
  },
  ctx: Context,
): Promise<void> {
  const { sub: _, "cognito:user_status": __, ...userAttributes } = triggerAttributes(user);
  const response = await trigger(
    {
      pool,
      name: "PreSignUp",
      source: "PreSignUp_AdminCreateUser",
      clientId: noClient,
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
  if (isRecord(response) && response.autoConfirmUser === true)
    throw new AwsError(
      "InvalidLambdaResponseException",
      "autoConfirmUser is not allowed for users whom administrators create.",
    );
}

/** Invites again, with a new password. */
async function resent(
  pool: PoolRow,
  input: Invitation & { Username: string },
  password: string,
  ctx: Context,
): Promise<UserRow> {
  const found = await findUser(pool, input.Username, ctx);
  if (found === undefined) throw noUser();
  if (found.user.status !== "FORCE_CHANGE_PASSWORD")
    throw new AwsError(
      "UnsupportedUserStateException",
      `Resend not possible. User's status is ${found.user.status}`,
    );
  const user = {
    ...found.user,
    password: passwordRow(pool, found.user.username, password, ctx.clock.now(), true),
    modifiedMs: ctx.clock.now(),
  };
  await putUser(pool, found, user, ctx);
  await invite(pool, user, password, input, ctx);
  return user;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetUser.html */
export const adminGetUser = idp.operation("AdminGetUser", {
  access: onPool("AdminGetUser"),
  async handle({ UserPoolId, Username }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { user } = await existingUser(pool, Username, ctx);
    return {
      Username: user.username,
      UserAttributes: attributeList(shownAttributes(user)),
      UserCreateDate: new Date(user.createdMs),
      UserLastModifiedDate: new Date(user.modifiedMs),
      Enabled: user.enabled,
      UserStatus: user.status,
      ...mfaOptions(user),
      ...mfaSettings(user),
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUser.html */
export const adminDeleteUser = idp.operation("AdminDeleteUser", {
  access: onPool("AdminDeleteUser"),
  async handle({ UserPoolId, Username }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await removeUser(pool, await existingUser(pool, Username, ctx), ctx);
    return {};
  },
});

async function setEnabled(poolId: string, username: string, enabled: boolean, ctx: Context): Promise<void> {
  const pool = await existingPool(poolId, ctx);
  const found = await existingUser(pool, username, ctx);
  const now = ctx.clock.now();
  // Who is disabled is signed out.
  const user: UserRow = { ...found.user, enabled, modifiedMs: now, ...(!enabled && { signedOutMs: now }) };
  await putUser(pool, found, user, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminEnableUser.html */
export const adminEnableUser = idp.operation("AdminEnableUser", {
  access: onPool("AdminEnableUser"),
  async handle({ UserPoolId, Username }, ctx) {
    await setEnabled(UserPoolId, Username, true, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDisableUser.html */
export const adminDisableUser = idp.operation("AdminDisableUser", {
  access: onPool("AdminDisableUser"),
  async handle({ UserPoolId, Username }, ctx) {
    await setEnabled(UserPoolId, Username, false, ctx as Context);
    return {};
  },
});

/** The user with its attributes changed; an address that changes is no longer verified, unless it is said to be. */
export function withAttributes(user: UserRow, given: Record<string, string>, nowMs: number): UserRow {
  const attributes = { ...user.attributes, ...given };
  for (const name of ["email", "phone_number"]) {
    const isChanged = given[name] !== undefined && given[name] !== user.attributes[name];
    if (isChanged && given[`${name}_verified`] === undefined) attributes[`${name}_verified`] = "false";
  }
  for (const [name, value] of Object.entries(attributes)) if (value === "") delete attributes[name];
  return { ...user, attributes, modifiedMs: nowMs };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateUserAttributes.html */
export const adminUpdateUserAttributes = idp.operation("AdminUpdateUserAttributes", {
  access: onPool("AdminUpdateUserAttributes"),
  async handle({ UserPoolId, Username, UserAttributes }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const found = await existingUser(pool, Username, ctx);
    const given = attributesOf(UserAttributes);
    checkMutable(pool, Object.keys(given), found.user);
    checkValues(pool, given);
    checkVerified(given, found);
    await putUser(pool, found, withAttributes(found.user, given, ctx.clock.now()), ctx);
    return {};
  },
  record: { request: hidden("userAttributes") },
});

/** An address that is not there cannot be verified. */
function checkVerified(given: Record<string, string>, { user }: FoundUser): void {
  for (const name of ["email", "phone_number"]) {
    const value = given[name] ?? user.attributes[name];
    if (given[`${name}_verified`] === "true" && !value)
      throw invalid(
        `${name === "email" ? "Email" : "Phone number"} is required to verify/un-verify a${name === "email" ? "n email" : " phone number"}`,
      );
  }
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminDeleteUserAttributes.html */
export const adminDeleteUserAttributes = idp.operation("AdminDeleteUserAttributes", {
  access: onPool("AdminDeleteUserAttributes"),
  async handle({ UserPoolId, Username, UserAttributeNames }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const found = await existingUser(pool, Username, ctx);
    checkRemovable(pool, UserAttributeNames);
    await putUser(pool, found, withoutAttributes(found.user, UserAttributeNames, ctx.clock.now()), ctx);
    return {};
  },
});

export function withoutAttributes(user: UserRow, names: readonly string[], nowMs: number): UserRow {
  const gone = new Set([...names, ...names.map((name) => `${name}_verified`)]);
  const attributes = Object.fromEntries(Object.entries(user.attributes).filter(([name]) => !gone.has(name)));
  return { ...user, attributes, modifiedMs: nowMs };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminSetUserPassword.html */
export const adminSetUserPassword = idp.operation("AdminSetUserPassword", {
  access: onPool("AdminSetUserPassword"),
  async handle({ UserPoolId, Username, Password, Permanent = false }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const found = await existingUser(pool, Username, ctx);
    const { user } = found;
    if (user.status === "EXTERNAL_PROVIDER")
      throw notAuthorized("User is from an external provider and has no password.");
    checkPolicy(pool, Password, "Password does not conform to policy");
    const changed: UserRow = {
      ...user,
      password: passwordRow(pool, user.username, Password, ctx.clock.now(), !Permanent),
      status: Permanent ? "CONFIRMED" : "FORCE_CHANGE_PASSWORD",
      modifiedMs: ctx.clock.now(),
    };
    await putUser(pool, found, changed, ctx);
    return {};
  },
});
