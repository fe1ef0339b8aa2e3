import type { AuthenticationResultType, ChallengeNameType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { derived, derivedUuid, keysOf } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { incorrect, notAuthorized, noUser } from "../refusals.ts";
import { findByKey, findUser, userKeyOf } from "../users/find.ts";
import type { UserRow } from "../users/userRow.ts";
import { type SessionState, sealSession } from "./session.ts";

/** A sign-in that is under way: who, to which client, and what has been proven. */
export interface SignIn {
  pool: PoolRow;
  client: ClientRow;
  state: SessionState;
  /** Undefined for a user who is not there: whoever asks must not learn it. */
  user: UserRow | undefined;
  clientMetadata: Record<string, string> | undefined;
  ctx: Context;
}

export interface AuthAnswer {
  ChallengeName?: ChallengeNameType;
  Session?: string;
  ChallengeParameters?: Record<string, string>;
  AuthenticationResult?: AuthenticationResultType;
  AvailableChallenges?: ChallengeNameType[];
  /** A sign-in on the hosted pages that is proven; whatever else answers has no member for it. */
  hosted?: SignIn;
}

/** The flow of sign-ins on the hosted pages. */
export const hostedFlow = "HOSTED";

/** Whether a client tells that a user is not there. */
export function tells({ settings }: ClientRow): boolean {
  return settings.PreventUserExistenceErrors !== "ENABLED";
}

/** Begins a sign-in of the user that a name means. */
export async function beginSignIn(
  { pool, client }: { pool: PoolRow; client: ClientRow },
  name: string,
  flow: string,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<SignIn> {
  const found = await findUser(pool, name, ctx);
  if (found !== undefined) ctx.event.additionalEventData = { sub: found.user.sub };
  // Made for everybody, so that it takes nobody longer.
  const keyOfName = userKeyOf(pool, await keysOf(pool, ctx), name);
  const userKey = found?.userKey ?? keyOfName;
  return {
    pool,
    client,
    user: found?.user,
    state: { clientId: client.clientId, userKey, name, flow, challenge: "", proven: [] },
    clientMetadata,
    ctx,
  };
}

/** Takes a sign-in up again, as its session says. */
export async function resumeSignIn(
  { pool, client }: { pool: PoolRow; client: ClientRow },
  state: SessionState,
  clientMetadata: Record<string, string> | undefined,
  ctx: Context,
): Promise<SignIn> {
  if (state.clientId !== client.clientId) throw notAuthorized("Invalid session for the user.");
  const found = await findByKey(pool, state.userKey, ctx);
  if (found !== undefined) ctx.event.additionalEventData = { sub: found.user.sub };
  return { pool, client, user: found?.user, state, clientMetadata, ctx };
}

/** The user, or the refusal that the client's setting asks for. */
export function theUser({ user, client }: SignIn): UserRow {
  if (user === undefined) throw tells(client) ? noUser() : incorrect();
  return user;
}

/** Who is disabled gets no further, whatever else is right. */
export function checkEnabled(user: UserRow | undefined): void {
  if (user?.enabled === false) throw notAuthorized("User is disabled.");
}

/** What SRP and the challenges call the user: also one who is not there has such a name, always the same. */
export async function idForSrp(signIn: SignIn): Promise<string> {
  return signIn.user?.username ?? (await phantomName(signIn));
}

async function phantomName({ pool, state, ctx }: Pick<SignIn, "pool" | "state" | "ctx">): Promise<string> {
  if (pool.usernameAttributes.length === 0) return state.name;
  return derivedUuid(await keysOf(pool, ctx), "phantom", state.userKey);
}

export interface Phantom {
  salt: string;
  /** In base64, as users' are. */
  verifier: string;
  /** What the user is called. */
  name: string;
}

/**
 * What a user who is not there has in place of a verifier: no password fits it, and it is always the same. It is made
 * for users who are there, too, so that no answer is quicker for want of one.
 */
export async function phantomOf(signIn: SignIn): Promise<Phantom> {
  const { pool, state, ctx } = signIn;
  const keys = await keysOf(pool, ctx);
  const parts = [0, 1, 2, 3, 4, 5].map((i) => derived(keys, `verifier${i}`, state.userKey));
  const verifier = Buffer.concat(parts);
  // Below the modulus, whose first bits are set.
  verifier[0] = (verifier[0] ?? 0) & 0x7f;
  return {
    salt: derived(keys, "salt", state.userKey).toString("hex", 0, 16),
    verifier: verifier.toString("base64"),
    name: await phantomName({ pool, state, ctx }),
  };
}

/** A challenge to go on with. */
export async function challenge(
  signIn: SignIn,
  ChallengeName: ChallengeNameType,
  ChallengeParameters: Record<string, string>,
  more: Partial<SessionState> = {},
): Promise<AuthAnswer> {
  const { pool, client, state, ctx } = signIn;
  const Session = await sealSession(pool, client, { ...state, ...more, challenge: ChallengeName }, ctx);
  return { ChallengeName, Session, ChallengeParameters };
}
