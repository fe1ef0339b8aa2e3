import { randomBytes } from "node:crypto";
import type { Caller } from "../../kit/caller.ts";
import type { Clock } from "../../kit/clock.ts";
import { uniqueId } from "../../kit/ids.ts";
import { type Credential, SessionProblem } from "../../kit/ports.ts";
import type { TemporaryCredentials } from "../../kit/sessions.ts";
import type { Reads, Transaction } from "../../storage/store.ts";
import { open, seal, sessionToken } from "./sealed.ts";

/**
 * Temporary credentials. A session token is the whole session (who, until when, with what policies and tags)
 * and its secret key, sealed: nothing is stored for it.
 */

/** What a token holds. */
interface SealedSession {
  accessKeyId: string;
  secretAccessKey: string;
  caller: Caller;
}

/** Makes credentials for a session. `caller.session.expiresAt` tells how long they live. */
export async function issue(caller: Caller, tx: Transaction): Promise<TemporaryCredentials> {
  if (caller.session === undefined) throw new Error("Temporary credentials need a session.");
  const accessKeyId = uniqueId("ASIA").slice(0, 20);
  const secretAccessKey = randomBytes(30).toString("base64");
  const session: SealedSession = { accessKeyId, secretAccessKey, caller: { ...caller, accessKeyId } };
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: await seal(sessionToken, JSON.stringify(session), tx),
    // STS's times are whole seconds.
    Expiration: new Date(Math.floor(caller.session.expiresAt / 1000) * 1000),
  };
}

/** Opens the token of a request. Throws `SessionProblem` for a token that is not ours or has expired. */
export async function openSession(
  accessKeyId: string,
  token: string,
  tx: Reads,
  clock: Clock,
): Promise<Credential> {
  const text = await open(sessionToken, token, tx);
  if (text === undefined) throw new SessionProblem("invalid");
  const session = JSON.parse(text) as SealedSession;
  if (session.accessKeyId !== accessKeyId || session.caller.session === undefined)
    throw new SessionProblem("invalid");
  // Asked this way round, so that no value of any kind makes a session without end.
  if (!(session.caller.session.expiresAt > clock.now())) throw new SessionProblem("expired");
  return session;
}
