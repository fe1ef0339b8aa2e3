import type { AuthenticationResultType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { timedUuid } from "../../../kit/ids.ts";
import { validityOf } from "../clients/settings.ts";
import { groupFacts } from "../groups/roles.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { type Changes, tokenChanges } from "../triggers/preToken.ts";
import { accessClaims, type Basis, idClaims, ownScope } from "./claims.ts";
import { seal } from "./sealed.ts";
import { signed, signingKeysOf } from "./signingKeys.ts";

/** Tokens for a user who has signed in. */

/** What a refresh token holds. */
export interface RefreshContent {
  userKey: string;
  clientId: string;
  sub: string;
  originJti: string;
  eventId: string;
  authMs: number;
  expiresMs: number;
  /** Of this very token, where tokens are rotated. */
  jti: string;
  deviceKey?: string | undefined;
  /** The device was confirmed when the user signed in: the token is good on it only. */
  isDeviceBound?: true | undefined;
  scopes?: readonly string[] | undefined;
}

export interface Issue extends Basis {
  userKey: string;
  /** "Authentication", "NewPasswordChallenge", "RefreshTokens", "AuthenticateDevice", "HostedAuth" */
  source: string;
  clientMetadata?: Record<string, string> | undefined;
  isDeviceBound?: true | undefined;
  /** Left out, a refresh token of the client's validity; otherwise it expires then, or there is none. */
  refresh?: { expiresMs: number } | "none";
}

export type Tokens = AuthenticationResultType & { AccessToken: string; IdToken: string };

/** An id whose first bits are the time: global sign-out tells by it which tokens came before. */
export function newJti(ctx: Pick<Context, "clock">): string {
  return timedUuid(ctx.clock.now());
}

export async function issueTokens(issue: Issue, ctx: Context): Promise<Tokens> {
  const { pool, client, user, source, clientMetadata } = issue;
  const known = await groupFacts(pool, user, ctx);
  const changes = await tokenChanges(issue, known, source, clientMetadata, ctx);
  const validity = validityOf(client.settings);
  const issuedMs = ctx.clock.now();
  const times = { issuedMs, accessSeconds: validity.access, idSeconds: validity.id };
  const keys = await signingKeysOf(pool, ctx);
  const id = changed(idClaims(issue, changes.groups, times, newJti(ctx)), changes.id);
  const access = changed(accessClaims(issue, changes.groups, times, newJti(ctx)), changes.access);
  if (changes.scopesToAdd.length > 0 || changes.scopesToSuppress.length > 0) {
    const scopes = [...(issue.scopes ?? [ownScope]), ...changes.scopesToAdd];
    access.scope = [...new Set(scopes)].filter((one) => !changes.scopesToSuppress.includes(one)).join(" ");
  }
  const [IdToken, AccessToken] = await Promise.all([signed(keys, "id", id), signed(keys, "access", access)]);
  const expiresMs =
    issue.refresh === "none" ? 0 : (issue.refresh?.expiresMs ?? issuedMs + validity.refresh * 1_000);
  return {
    AccessToken,
    ExpiresIn: validity.access,
    TokenType: "Bearer",
    IdToken,
    ...(issue.refresh !== "none" && { RefreshToken: await refreshToken(issue, expiresMs, ctx) }),
  };
}

async function refreshToken(issue: Issue, expiresMs: number, ctx: Context): Promise<string> {
  const { pool, client, user, userKey, originJti, eventId, authMs, deviceKey, isDeviceBound, scopes } = issue;
  const content: RefreshContent = {
    userKey,
    clientId: client.clientId,
    sub: user.sub,
    originJti,
    eventId,
    authMs,
    expiresMs,
    jti: newJti(ctx),
    deviceKey,
    isDeviceBound,
    scopes,
  };
  return seal("refresh", pool.poolId, await keysOf(pool, ctx), Buffer.from(JSON.stringify(content)));
}

function changed(claims: Record<string, unknown>, { add, suppress }: Changes): Record<string, unknown> {
  const merged = { ...claims, ...add };
  for (const claim of suppress) delete merged[claim];
  return merged;
}
