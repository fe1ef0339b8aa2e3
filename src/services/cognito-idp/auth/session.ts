import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { keysOf } from "../pools/poolKeys.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { invalidSession, notAuthorized } from "../refusals.ts";
import { open, seal } from "../tokens/sealed.ts";
import { useOnce } from "../tokens/spent.ts";

/** A sign-in between its steps: all that is known of it is sealed into what the client hands back. */

/** What a custom challenge's functions see of the steps before. */
export interface PastChallenge {
  challengeName: string;
  challengeResult: boolean;
  challengeMetadata?: string | undefined;
}

export interface SessionState {
  clientId: string;
  /** Of the user; of one who is not there, too. */
  userKey: string;
  /** The name that was given. */
  name: string;
  /** How the sign-in began: "USER_SRP_AUTH", … */
  flow: string;
  /** The challenge that is to be answered; "" in a session that only carries a sign-up on. */
  challenge: string;
  /** Factors that are proven: "PASSWORD", "SOFTWARE_TOKEN_MFA", … */
  proven: string[];
  deviceKey?: string | undefined;
  /** A code that was sent, and the attribute that it was sent to. */
  code?: string | undefined;
  codeTo?: "email" | "phone_number" | undefined;
  past?: PastChallenge[];
  /** Of the custom challenge that is to be answered. */
  privateParameters?: Record<string, string> | undefined;
  challengeMetadata?: string | undefined;
  /** A new secret of an authenticator app that is being set up. */
  totpSecret?: string | undefined;
  totpName?: string | undefined;
  /** Options of a passkey's challenge. */
  webAuthn?: string | undefined;
  /** The password is one that everybody knows, and the pool only watches. */
  isCompromised?: boolean | undefined;
  /** Where tokens come from, for the function that changes them. */
  source?: string | undefined;
}

interface Sealed extends SessionState {
  id: string;
  expiresMs: number;
}

/** From there on it is worth it: sessions have no more than 2,048 characters. */
const compressedFromBytes = 600;
const plain = Buffer.of(0);
const compressed = Buffer.of(1);
/** No session is larger when it is opened. */
const maxBytes = 16_384;
const minuteMs = 60_000;

export async function sealSession(
  pool: PoolRow,
  client: Pick<ClientRow, "settings">,
  state: SessionState,
  ctx: Context,
): Promise<string> {
  const expiresMs = ctx.clock.now() + (client.settings.AuthSessionValidity ?? 3) * minuteMs;
  const content = Buffer.from(JSON.stringify({ ...state, id: uuid(), expiresMs } satisfies Sealed));
  const packed =
    content.length < compressedFromBytes
      ? Buffer.concat([plain, content])
      : Buffer.concat([compressed, deflateRawSync(content)]);
  return seal("session", pool.poolId, await keysOf(pool, ctx), packed);
}

export interface OpenedSession extends SessionState {
  id: string;
  /** Spends the session: from now on it is answered. */
  use(): Promise<void>;
}

/** A session of this pool that has not expired; whether it was answered, `use` tells. */
export async function openSession(pool: PoolRow, session: string, ctx: Context): Promise<OpenedSession> {
  const packed = open("session", pool.poolId, await keysOf(pool, ctx), session);
  if (packed === undefined) throw invalidSession();
  const content =
    packed[0] === 1 ? inflateRawSync(packed.subarray(1), { maxOutputLength: maxBytes }) : packed.subarray(1);
  const { id, expiresMs, ...state } = JSON.parse(content.toString()) as Sealed;
  if (expiresMs <= ctx.clock.now()) throw notAuthorized("Invalid session for the user, session is expired.");
  return {
    ...state,
    id,
    async use() {
      if (!(await useOnce(pool, id, expiresMs, ctx))) throw invalidSession();
    },
  };
}
