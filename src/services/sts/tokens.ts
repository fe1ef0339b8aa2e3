import {
  createCipheriv,
  createDecipheriv,
  createSecretKey,
  type KeyObject,
  randomBytes,
  randomFillSync,
} from "node:crypto";
import type { Caller } from "../../kit/caller.ts";
import type { Clock } from "../../kit/clock.ts";
import { uniqueId } from "../../kit/ids.ts";
import { type Credential, SessionProblem } from "../../kit/service.ts";
import type { Transaction } from "../../storage/store.ts";
import { tokenKeys } from "./tables.ts";

/**
 * Temporary credentials. A session token is the whole session (who, until when, with what policies and tags)
 * and its secret key, sealed under a key of STS's own: verifying one is a decryption, however many there are.
 */

/** What a token holds. */
interface SealedSession {
  accessKeyId: string;
  secretAccessKey: string;
  caller: Caller;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;
/** Longest token that is looked at. */
const maxTokenChars = 16_384;

const keysByRow = new WeakMap<object, KeyObject>();

async function tokenKey(tx: Transaction): Promise<KeyObject> {
  const row = await tokenKeys.get(tx, "current");
  if (row === undefined) throw new Error("STS has no token key: its bootstrap did not run.");
  let key = keysByRow.get(row);
  if (key === undefined) {
    key = createSecretKey(Buffer.from(row.key, "base64"));
    keysByRow.set(row, key);
  }
  return key;
}

export async function makeTokenKey(tx: Transaction): Promise<void> {
  if ((await tokenKeys.get(tx, "current")) === undefined) {
    tokenKeys.put(tx, ["current"], { key: randomBytes(32).toString("base64") });
  }
}

export interface TemporaryCredentials {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: Date;
}

/** Makes credentials for a session. `caller.session.expiresAt` tells how long they live. */
export async function issue(caller: Caller, tx: Transaction): Promise<TemporaryCredentials> {
  if (caller.session === undefined) throw new Error("Temporary credentials need a session.");
  const accessKeyId = uniqueId("ASIA").slice(0, 20);
  const secretAccessKey = randomBytes(30).toString("base64");
  const sealed: SealedSession = { accessKeyId, secretAccessKey, caller: { ...caller, accessKeyId } };
  const nonce = randomFillSync(Buffer.alloc(nonceBytes));
  const cipher = createCipheriv("aes-256-gcm", await tokenKey(tx), nonce);
  const body = Buffer.concat([cipher.update(JSON.stringify(sealed)), cipher.final()]);
  const token = Buffer.concat([Buffer.from([version]), nonce, body, cipher.getAuthTag()]).toString("base64");
  return {
    AccessKeyId: accessKeyId,
    SecretAccessKey: secretAccessKey,
    SessionToken: token,
    Expiration: new Date(caller.session.expiresAt),
  };
}

/** Opens the token of a request. Throws `SessionProblem` for a token that is not ours or has expired. */
export async function openSession(
  accessKeyId: string,
  token: string,
  tx: Transaction,
  clock: Clock,
): Promise<Credential> {
  const session = unseal(token, await tokenKey(tx));
  if (session.accessKeyId !== accessKeyId || session.caller.session === undefined)
    throw new SessionProblem("invalid");
  if (session.caller.session.expiresAt <= clock.now()) throw new SessionProblem("expired");
  return session;
}

function unseal(token: string, key: KeyObject): SealedSession {
  if (token.length > maxTokenChars) throw new SessionProblem("invalid");
  const bytes = Buffer.from(token, "base64");
  // Base64 has several spellings of the same bytes; only the one that was issued is the token.
  if (
    bytes[0] !== version ||
    bytes.length < 1 + nonceBytes + tagBytes ||
    bytes.toString("base64") !== token
  ) {
    throw new SessionProblem("invalid");
  }
  const decipher = createDecipheriv("aes-256-gcm", key, bytes.subarray(1, 1 + nonceBytes));
  decipher.setAuthTag(bytes.subarray(-tagBytes));
  try {
    const body = Buffer.concat([
      decipher.update(bytes.subarray(1 + nonceBytes, -tagBytes)),
      decipher.final(),
    ]);
    return JSON.parse(body.toString()) as SealedSession;
  } catch {
    throw new SessionProblem("invalid");
  }
}
