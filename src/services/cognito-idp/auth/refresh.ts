import type { AuthenticationResultType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { clientAndPool, type PoolAndClient } from "../clients/find.ts";
import { checkSecret, checkSecretHash } from "../clients/secretHash.ts";
import { allows } from "../clients/settings.ts";
import { idp } from "../contract.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { hidden, hiddenAnswer } from "../recorded.ts";
import { invalid, notAuthorized } from "../refusals.ts";
import { issueTokens, type RefreshContent } from "../tokens/issue.ts";
import { open } from "../tokens/sealed.ts";
import { isRevoked, useOnceMs } from "../tokens/spent.ts";
import { type FoundUser, findByKey } from "../users/find.ts";
import type { AuthAnswer } from "./signIn.ts";

/** New tokens for a refresh token. */

const invalidToken = "Invalid Refresh Token";

export interface Refreshed extends FoundUser {
  content: RefreshContent;
}

/** What a refresh token holds, of the client that it was given to, for a user who may still sign in. */
export async function openRefreshToken(
  { pool, client }: PoolAndClient,
  token: string,
  ctx: Context,
): Promise<Refreshed> {
  const content = await contentOf({ pool, client }, token, ctx);
  if (content.expiresMs <= ctx.clock.now()) throw notAuthorized("Refresh Token has expired");
  const found = await findByKey(pool, content.userKey, ctx);
  if (found === undefined || found.user.sub !== content.sub) throw notAuthorized(invalidToken);
  ctx.event.additionalEventData = { sub: found.user.sub };
  if (!found.user.enabled) throw notAuthorized("User is disabled.");
  const { signedOutMs } = found.user;
  const isSignedOut = signedOutMs !== undefined && content.authMs <= signedOutMs;
  if (isSignedOut || (await isRevoked(pool, content.originJti, ctx)))
    throw notAuthorized("Refresh Token has been revoked");
  return { content, ...found };
}

export async function contentOf(
  { pool, client }: PoolAndClient,
  token: string,
  ctx: Context,
): Promise<RefreshContent> {
  const bytes = open("refresh", pool.poolId, await keysOf(pool, ctx), token);
  if (bytes === undefined) throw notAuthorized(invalidToken);
  const content = JSON.parse(bytes.toString()) as RefreshContent;
  if (content.clientId !== client.clientId) throw notAuthorized(invalidToken);
  return content;
}

function rotates({ client }: PoolAndClient): boolean {
  return client.settings.RefreshTokenRotation?.Feature === "ENABLED";
}

export async function exchange(
  named: PoolAndClient,
  { content, user, userKey }: Refreshed,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<AuthenticationResultType> {
  const { pool, client } = named;
  const rotated = rotates(named) && (await spend(named, content, ctx));
  return await issueTokens(
    {
      pool,
      client,
      user,
      userKey,
      authMs: content.authMs,
      originJti: content.originJti,
      eventId: content.eventId,
      scopes: content.scopes,
      deviceKey: content.deviceKey,
      isDeviceBound: content.isDeviceBound,
      source: "RefreshTokens",
      clientMetadata,
      refresh: rotated ? { expiresMs: content.expiresMs } : "none",
    },
    ctx,
  );
}

/** A token that is rotated counts once; within the grace period, again: the answer may have been lost. */
async function spend(
  { pool, client }: PoolAndClient,
  content: RefreshContent,
  ctx: Context,
): Promise<boolean> {
  const graceMs = (client.settings.RefreshTokenRotation?.RetryGracePeriodSeconds ?? 0) * 1_000;
  const usedMs = await useOnceMs(pool, `refresh/${content.jti}`, content.expiresMs, ctx);
  if (usedMs !== undefined && ctx.clock.now() >= usedMs + graceMs)
    throw notAuthorized("Refresh Token has been revoked");
  return true;
}

/** The flow of InitiateAuth. */
export async function refresh(
  named: PoolAndClient,
  parameters: Record<string, string>,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<AuthAnswer> {
  const { client } = named;
  const { REFRESH_TOKEN, SECRET_HASH, DEVICE_KEY } = parameters;
  if (REFRESH_TOKEN === undefined) throw invalid("Missing required parameter REFRESH_TOKEN");
  const isOld = !client.settings.ExplicitAuthFlows?.some((flow) => flow.startsWith("ALLOW_"));
  if (rotates(named) || !(isOld || allows(client.settings, "ALLOW_REFRESH_TOKEN_AUTH")))
    throw invalid("Refresh token auth flow is not enabled for this client.");
  const refreshed = await openRefreshToken(named, REFRESH_TOKEN, ctx);
  checkRefreshHash(named, refreshed, SECRET_HASH);
  checkDevice(refreshed, DEVICE_KEY);
  const AuthenticationResult = await exchange(named, refreshed, clientMetadata, ctx);
  return { ChallengeParameters: {}, AuthenticationResult };
}

/** Apps hash the name that the token has, or the user's sub. */
function checkRefreshHash({ client }: PoolAndClient, { user }: Refreshed, given: string | undefined): void {
  try {
    checkSecretHash(client, user.username, given);
  } catch (error) {
    if (given === undefined) throw error;
    checkSecretHash(client, user.sub, given);
  }
}

/** A token that belongs to a device is good on that device only. */
function checkDevice({ content }: Refreshed, deviceKey: string | undefined): void {
  if (content.isDeviceBound && content.deviceKey !== deviceKey) throw notAuthorized(invalidToken);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetTokensFromRefreshToken.html */
export const getTokensFromRefreshToken = idp.operation("GetTokensFromRefreshToken", {
  access: { noPermissionNeeded: "The refresh token is the permission; AWS takes the call unsigned." },
  async handle({ RefreshToken, ClientId, ClientSecret, DeviceKey, ClientMetadata }, ctx) {
    const named = await clientAndPool(ClientId, ctx as Context);
    checkSecret(named.client, ClientSecret);
    const refreshed = await openRefreshToken(named, RefreshToken, ctx as Context);
    checkDevice(refreshed, DeviceKey);
    return { AuthenticationResult: await exchange(named, refreshed, ClientMetadata, ctx as Context) };
  },
  record: { readOnly: false, request: hidden("refreshToken", "clientSecret"), response: hiddenAnswer },
});
