import type { RegistrationResponseJSON } from "@simplewebauthn/server";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { pageOfList } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { page } from "../pools/pools.ts";
import { hidden } from "../recorded.ts";
import { invalid, notFound } from "../refusals.ts";
import { type Bearer, bearerOf } from "../tokens/verify.ts";
import { putUser } from "../users/put.ts";
import type { PasskeyRow } from "../users/userRow.ts";
import { originOf, relyingPartyOf, webAuthn } from "./relyingParty.ts";

/** Passkeys that users have. */

const perToken = "The access token is the permission; AWS takes the call unsigned.";
/** https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html */
const maxPasskeys = 20;
const pendingMs = 5 * 60_000;
const pageSize = 20;

/** Whose passkeys they are. */
export type Owner = Pick<Bearer, "pool" | "user" | "userKey">;

function checkOffered({ pool }: Owner): void {
  const factors: string[] = pool.settings.Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? [];
  if (!factors.includes("WEB_AUTHN"))
    throw new AwsError("WebAuthnNotEnabledException", "Passkeys are not enabled for the user pool.");
}

/** What a browser needs to make a passkey. */
export async function beginRegistration(owner: Owner, ctx: Context): Promise<object> {
  checkOffered(owner);
  const { pool, user } = owner;
  const { generateRegistrationOptions } = await webAuthn();
  const { id, needsVerification } = relyingPartyOf(pool);
  const options = await generateRegistrationOptions({
    rpName: id,
    rpID: id,
    userName: user.attributes.email ?? user.username,
    userDisplayName: user.attributes.name ?? user.username,
    userID: Buffer.from(user.sub),
    attestationType: "none",
    authenticatorSelection: {
      residentKey: "required",
      userVerification: needsVerification ? "required" : "preferred",
    },
    excludeCredentials: (user.passkeys ?? []).map(({ credentialId }) => ({ id: credentialId })),
  });
  const pendingPasskey = { challenge: options.challenge, expiresMs: ctx.clock.now() + pendingMs };
  await putUser(pool, owner, { ...user, pendingPasskey }, ctx);
  return options;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_StartWebAuthnRegistration.html */
export const startWebAuthnRegistration = idp.operation("StartWebAuthnRegistration", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    return { CredentialCreationOptions: (await beginRegistration(bearer, ctx as Context)) as never };
  },
  record: { response: () => null },
});

/** Keeps the passkey that a browser made. */
export async function completeRegistration(owner: Owner, credential: unknown, ctx: Context): Promise<void> {
  checkOffered(owner);
  const { pool, user } = owner;
  const { pendingPasskey, ...rest } = user;
  if (pendingPasskey === undefined || pendingPasskey.expiresMs <= ctx.clock.now())
    throw new AwsError("WebAuthnChallengeNotFoundException", "No registration is under way.");
  const known = user.passkeys ?? [];
  if (known.length >= maxPasskeys)
    throw new AwsError("LimitExceededException", `A user cannot have more than ${maxPasskeys} passkeys.`);
  const passkey = await registered(
    owner,
    credential as RegistrationResponseJSON,
    pendingPasskey.challenge,
    ctx,
  );
  await putUser(pool, owner, { ...rest, passkeys: [...known, passkey] }, ctx);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CompleteWebAuthnRegistration.html */
export const completeWebAuthnRegistration = idp.operation("CompleteWebAuthnRegistration", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, Credential }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    await completeRegistration(bearer, Credential, ctx as Context);
    return {};
  },
  record: { request: hidden("credential") },
});

async function registered(
  { pool }: Owner,
  response: RegistrationResponseJSON,
  challenge: string,
  ctx: Context,
): Promise<PasskeyRow> {
  const { verifyRegistrationResponse } = await webAuthn();
  const { id, needsVerification } = relyingPartyOf(pool);
  const origin = originOf(response?.response?.clientDataJSON, id);
  if (origin === undefined)
    throw new AwsError("WebAuthnOriginNotAllowedException", "The origin is not one of the relying party.");
  const verified = await attempt(() =>
    verifyRegistrationResponse({
      response,
      expectedChallenge: challenge,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: needsVerification,
    }),
  );
  const credential = verified?.registrationInfo?.credential;
  if (credential === undefined) throw invalid("The credential could not be verified.");
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString("base64url"),
    counter: credential.counter,
    transports: credential.transports ?? [],
    ...(response.authenticatorAttachment && { attachment: response.authenticatorAttachment }),
    name: "Passkey",
    createdMs: ctx.clock.now(),
  };
}

/** The library throws for whatever is wrong with what a client sent. */
async function attempt<T>(work: () => Promise<T>): Promise<T | undefined> {
  try {
    return await work();
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListWebAuthnCredentials.html */
export const listWebAuthnCredentials = idp.operation("ListWebAuthnCredentials", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, NextToken, MaxResults = pageSize }, ctx) {
    const { pool, user } = await bearerOf(AccessToken, ctx as Context);
    const rows = user.passkeys ?? [];
    const { items, next } = await page(async () => pageOfList(rows, MaxResults || pageSize, NextToken));
    return {
      Credentials: items.map((row) => ({
        CredentialId: row.credentialId,
        FriendlyCredentialName: row.name,
        RelyingPartyId: relyingPartyOf(pool).id,
        ...(row.attachment && { AuthenticatorAttachment: row.attachment }),
        AuthenticatorTransports: row.transports,
        CreatedAt: new Date(row.createdMs),
      })),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteWebAuthnCredential.html */
export const deleteWebAuthnCredential = idp.operation("DeleteWebAuthnCredential", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, CredentialId }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    const known = bearer.user.passkeys ?? [];
    const passkeys = known.filter(({ credentialId }) => credentialId !== CredentialId);
    if (passkeys.length === known.length) throw notFound("The passkey does not exist.");
    await putUser(bearer.pool, bearer, { ...bearer.user, passkeys }, ctx);
    return {};
  },
});
