import type { CodeDeliveryDetailsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { factorsOf } from "../auth/choice.ts";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { hidden, hiddenDelivery } from "../recorded.ts";
import { codeMismatch, invalid } from "../refusals.ts";
import { type Bearer, bearerOf } from "../tokens/verify.ts";
import { withAttributes, withoutAttributes } from "./adminUsers.ts";
import {
  attributesOf,
  checkMutable,
  checkRemovable,
  checkValues,
  checkWritable,
  readable,
} from "./attributes.ts";
import { proveUserCode, sendCode } from "./codes.ts";
import type { FoundUser } from "./find.ts";
import { putUser, removeUser } from "./put.ts";
import { attributeList, mfaOptions, mfaSettings } from "./shown.ts";
import type { UserRow } from "./userRow.ts";

/** What users do to themselves, with an access token. */

const perToken = "The access token is the permission; AWS takes the call unsigned.";

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUser.html */
export const getUser = idp.operation("GetUser", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken }, ctx) {
    const { pool, clientId, user } = await bearerOf(AccessToken, ctx as Context);
    const client = await existingClient(pool.poolId, clientId, ctx);
    return {
      Username: user.username,
      UserAttributes: attributeList(readable(client, user)),
      ...mfaOptions(user),
      ...mfaSettings(user),
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAuthFactors.html */
export const getUserAuthFactors = idp.operation("GetUserAuthFactors", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken }, ctx) {
    const { pool, user } = await bearerOf(AccessToken, ctx as Context);
    const factors = factorsOf(pool, user).filter((factor) => factor !== "PASSWORD_SRP");
    return {
      Username: user.username,
      ...mfaSettings(user),
      ConfiguredUserAuthFactors: factors as ("PASSWORD" | "EMAIL_OTP" | "SMS_OTP" | "WEB_AUTHN")[],
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUser.html */
export const deleteUser = idp.operation("DeleteUser", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    await removeUser(bearer.pool, bearer, ctx);
    return {};
  },
});

/** Addresses that a pool verifies; changes of some wait until they are. */
const addresses = ["email", "phone_number"] as const;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserAttributes.html */
export const updateUserAttributes = idp.operation("UpdateUserAttributes", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, UserAttributes, ClientMetadata }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const { pool, user } = bearer;
    const client = await existingClient(pool.poolId, bearer.clientId, ctx);
    const given = attributesOf(UserAttributes);
    checkWritable(client, Object.keys(given));
    checkMutable(pool, Object.keys(given), user);
    checkValues(pool, given);
    return { CodeDeliveryDetailsList: await change(bearer, given, ClientMetadata, ctx as Context) };
  },
  record: { request: hidden("userAttributes"), response: hiddenDelivery },
});

async function change(
  bearer: Bearer,
  given: Record<string, string>,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<CodeDeliveryDetailsType[]> {
  const { pool, userKey, user } = bearer;
  const { AutoVerifiedAttributes = [], UserAttributeUpdateSettings } = pool.settings;
  const waiting: string[] = UserAttributeUpdateSettings?.AttributesRequireVerificationBeforeUpdate ?? [];
  const now = ctx.clock.now();
  const toVerify = addresses.filter(
    (name) => given[name] && given[name] !== user.attributes[name] && AutoVerifiedAttributes.includes(name),
  );
  const later = toVerify.filter((name) => waiting.includes(name));
  const atOnce = Object.fromEntries(
    Object.entries(given).filter(([name]) => !later.some((one) => one === name)),
  );
  let next: UserRow = withAttributes(user, atOnce, now);
  if (later.length > 0)
    next = {
      ...next,
      pendingAttributes: Object.fromEntries(later.map((name) => [name, given[name] as string])),
    };
  const list: CodeDeliveryDetailsType[] = [];
  for (const attribute of toVerify) {
    const found: FoundUser = { userKey, user: next };
    const client = await existingClient(pool.poolId, bearer.clientId, ctx);
    const sent = await sendCode(
      {
        pool,
        found,
        purpose: `attribute:${attribute}`,
        attribute,
        source: "CustomMessage_UpdateUserAttribute",
        client,
        clientMetadata,
        to: given[attribute] as string,
      },
      ctx,
    );
    next = sent.user;
    list.push(sent.delivery);
  }
  await putUser(pool, bearer, next, ctx);
  return list;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserAttributes.html */
export const deleteUserAttributes = idp.operation("DeleteUserAttributes", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, UserAttributeNames }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const client = await existingClient(bearer.pool.poolId, bearer.clientId, ctx);
    checkWritable(client, UserAttributeNames);
    checkRemovable(bearer.pool, UserAttributeNames);
    const next = withoutAttributes(bearer.user, UserAttributeNames, ctx.clock.now());
    await putUser(bearer.pool, bearer, next, ctx);
    return {};
  },
});

function addressOf(name: string): "email" | "phone_number" {
  const known = addresses.find((one) => one === name);
  if (known === undefined) throw invalid(`Invalid attribute name: ${name}. It cannot be verified.`);
  return known;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUserAttributeVerificationCode.html */
export const getUserAttributeVerificationCode = idp.operation("GetUserAttributeVerificationCode", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, AttributeName, ClientMetadata }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const { pool, user } = bearer;
    const attribute = addressOf(AttributeName);
    const to = user.pendingAttributes?.[attribute] ?? user.attributes[attribute];
    if (!to) throw invalid(`User does not have the attribute ${attribute}.`);
    if (
      user.pendingAttributes?.[attribute] === undefined &&
      user.attributes[`${attribute}_verified`] === "true"
    )
      throw invalid(`User ${attribute} is already verified.`);
    const client = await existingClient(pool.poolId, bearer.clientId, ctx);
    const sent = await sendCode(
      {
        pool,
        found: bearer,
        purpose: `attribute:${attribute}`,
        attribute,
        source: "CustomMessage_VerifyUserAttribute",
        client,
        clientMetadata: ClientMetadata,
        to,
      },
      ctx as Context,
    );
    await putUser(pool, bearer, sent.user, ctx);
    return { CodeDeliveryDetails: sent.delivery };
  },
  record: { readOnly: false, response: hiddenDelivery },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifyUserAttribute.html */
export const verifyUserAttribute = idp.operation("VerifyUserAttribute", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, AttributeName, Code }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const attribute = addressOf(AttributeName);
    const proven = proveUserCode(bearer.pool, bearer, `attribute:${attribute}`, Code, ctx as Context);
    const { user } = proven;
    const { [attribute]: pending, ...stillPending } = user.pendingAttributes ?? {};
    if ((pending ?? user.attributes[attribute]) !== proven.value) throw codeMismatch();
    const next: UserRow = {
      ...user,
      attributes: { ...user.attributes, [attribute]: proven.value, [`${attribute}_verified`]: "true" },
      pendingAttributes: stillPending,
      modifiedMs: ctx.clock.now(),
    };
    await putUser(bearer.pool, bearer, next, ctx);
    return {};
  },
  record: { request: hidden("code") },
});
