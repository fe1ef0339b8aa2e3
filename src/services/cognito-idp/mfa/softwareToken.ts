import { randomBytes } from "node:crypto";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { toBase32 } from "../../../kit/totp.ts";
import { checkAllowance, sessionGuesses } from "../auth/attempts.ts";
import { type OpenedSession, openSession, sealSession } from "../auth/session.ts";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { existingPool } from "../pools/find.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { hidden, hiding } from "../recorded.ts";
import { invalid, invalidSession, noUser } from "../refusals.ts";
import { poolOfSealed } from "../tokens/sealed.ts";
import { bearerOf } from "../tokens/verify.ts";
import { type FoundUser, findByKey } from "../users/find.ts";
import { putUser } from "../users/put.ts";
import { stepOf } from "./totp.ts";

/** Authenticator apps are set up: after a sign-in, or in the middle of one. */

const perToken =
  "An access token or the session of a sign-in is the permission; AWS takes the call unsigned.";
/** RFC 4226 recommends 160 bits; AWS's secrets have 260. */
const secretBytes = 32;

function newSecret(): string {
  return toBase32(randomBytes(secretBytes));
}

/** The sign-in whose MFA is being set up. */
async function setUp(
  session: string,
  ctx: Context,
): Promise<{ pool: PoolRow; opened: OpenedSession; found: FoundUser }> {
  const poolId = poolOfSealed(session);
  if (poolId === undefined) throw invalidSession();
  const pool = await existingPool(poolId, ctx);
  const opened = await openSession(pool, session, ctx);
  if (opened.challenge !== "MFA_SETUP") throw invalidSession();
  const found = await findByKey(pool, opened.userKey, ctx);
  if (found === undefined) throw noUser();
  ctx.event.additionalEventData = { sub: found.user.sub };
  return { pool, opened, found };
}

function checkOffered({ mfa }: PoolRow): void {
  if (!mfa.totp)
    throw new AwsError(
      "SoftwareTokenMFANotFoundException",
      "Software Token MFA has not been enabled by the userPool",
    );
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AssociateSoftwareToken.html */
export const associateSoftwareToken = idp.operation("AssociateSoftwareToken", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, Session }, ctx) {
    const secret = newSecret();
    if (AccessToken !== undefined) {
      const bearer = await bearerOf(AccessToken, ctx as Context);
      const { user } = bearer;
      await putUser(bearer.pool, bearer, { ...user, mfa: { ...user.mfa, pendingTotpSecret: secret } }, ctx);
      return { SecretCode: secret };
    }
    if (Session === undefined) throw invalid("Either AccessToken or Session is required.");
    const { pool, opened } = await setUp(Session, ctx as Context);
    checkOffered(pool);
    await opened.use();
    const { id: _, use: __, ...state } = opened;
    const client = await existingClient(pool.poolId, state.clientId, ctx);
    return {
      SecretCode: secret,
      Session: await sealSession(pool, client, { ...state, totpSecret: secret }, ctx as Context),
    };
  },
  record: { response: hiding("secretCode", "session") },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_VerifySoftwareToken.html */
export const verifySoftwareToken = idp.operation("VerifySoftwareToken", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, Session, UserCode, FriendlyDeviceName }, ctx) {
    if (AccessToken !== undefined) {
      const bearer = await bearerOf(AccessToken, ctx as Context);
      checkAllowance(`totp/${bearer.pool.poolId}/${bearer.userKey}`, sessionGuesses, ctx as Context);
      await keep(
        bearer.pool,
        bearer,
        bearer.user.mfa.pendingTotpSecret,
        { UserCode, FriendlyDeviceName },
        ctx as Context,
      );
      return { Status: "SUCCESS" as const };
    }
    if (Session === undefined) throw invalid("Either AccessToken or Session is required.");
    const { pool, opened, found } = await setUp(Session, ctx as Context);
    checkAllowance(`session/${opened.id}`, sessionGuesses, ctx as Context);
    await keep(pool, found, opened.totpSecret, { UserCode, FriendlyDeviceName }, ctx as Context, true);
    await opened.use();
    const { id: _, use: __, totpSecret: ___, ...state } = opened;
    const client = await existingClient(pool.poolId, state.clientId, ctx);
    const proven = { ...state, proven: [...state.proven, "SOFTWARE_TOKEN_MFA"] };
    return { Status: "SUCCESS" as const, Session: await sealSession(pool, client, proven, ctx as Context) };
  },
  record: { request: hidden(), response: hiding("session") },
});

interface Given {
  UserCode: string;
  FriendlyDeviceName?: string | undefined;
}

async function keep(
  pool: PoolRow,
  found: FoundUser,
  secret: string | undefined,
  { UserCode, FriendlyDeviceName }: Given,
  ctx: Context,
  isEnabled = false,
): Promise<void> {
  const step = secret === undefined ? undefined : stepOf(secret, UserCode, ctx.clock.now());
  if (secret === undefined || step === undefined)
    throw new AwsError("EnableSoftwareTokenMFAException", "Code mismatch");
  const { pendingTotpSecret: _, ...mfa } = found.user.mfa;
  const enabled = isEnabled ? [...new Set([...mfa.enabled, "SOFTWARE_TOKEN_MFA"])] : mfa.enabled;
  await putUser(
    pool,
    found,
    {
      ...found.user,
      mfa: {
        ...mfa,
        enabled,
        totpSecret: secret,
        totpLastStep: step,
        ...(FriendlyDeviceName !== undefined && { totpName: FriendlyDeviceName }),
      },
    },
    ctx,
  );
}
