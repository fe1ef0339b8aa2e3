import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { keysOf } from "../pools/poolKeys.ts";
import { type PoolRow, shortName } from "../pools/poolRow.ts";
import { incorrect, invalid, notAuthorized } from "../refusals.ts";
import { open, seal } from "../tokens/sealed.ts";
import { useOnce } from "../tokens/spent.ts";
import { checkImported, checkNotLocked, checkUser, proved, wrong } from "./passwordStep.ts";
import type { SessionState } from "./session.ts";
import { phantomOf, type SignIn } from "./signIn.ts";
import { clientPublic, isProof, type SrpState, sharedKey, startSrp } from "./srp.ts";

/** The first factor, where the password is proven and never sent. */

/** What is between the two messages: in the secret block, which the client hands back and signs. */
export interface Block extends SrpState {
  id: string;
  expiresMs: number;
  /** Of the user's password, or of this device's. */
  device?: string | undefined;
  state: SessionState;
}

const minuteMs = 60_000;
/** Clients' clocks may be off by this. */
const maxSkewMs = 10 * minuteMs;

export function publicValue(SRP_A: string | undefined): Buffer {
  if (SRP_A === undefined) throw invalid("Missing required parameter SRP_A");
  const a = clientPublic(SRP_A);
  if (a === undefined) throw invalid("Invalid SRP_A value");
  return a;
}

export async function sealBlock(
  { pool, client, state, ctx }: SignIn,
  srp: SrpState,
  device?: string,
): Promise<string> {
  const expiresMs = ctx.clock.now() + (client.settings.AuthSessionValidity ?? 3) * minuteMs;
  const block: Block = { ...srp, id: uuid(), expiresMs, device, state };
  const sealed = seal("srp", pool.poolId, await keysOf(pool, ctx), Buffer.from(JSON.stringify(block)));
  return Buffer.from(sealed).toString("base64");
}

export async function openBlock(pool: PoolRow, secretBlock: string, ctx: Context): Promise<Block> {
  const text = Buffer.from(secretBlock, "base64").toString("latin1");
  const content = open("srp", pool.poolId, await keysOf(pool, ctx), text);
  if (content === undefined) throw incorrect();
  const block = JSON.parse(content.toString()) as Block;
  if (block.expiresMs <= ctx.clock.now())
    throw notAuthorized("Invalid session for the user, session is expired.");
  return block;
}

/** The server's half: B, and the block that holds what it has to remember. */
export async function srpParameters(
  signIn: SignIn,
  SRP_A: string | undefined,
): Promise<Record<string, string>> {
  checkNotLocked(signIn);
  const a = publicValue(SRP_A);
  const { user } = signIn;
  checkImported(user);
  const phantom = await phantomOf(signIn);
  const { salt, verifier } = user?.password ?? phantom;
  const { publicHex, state } = startSrp(a, Buffer.from(verifier, "base64"));
  const userId = user?.username ?? phantom.name;
  return {
    SALT: salt,
    SECRET_BLOCK: await sealBlock(signIn, state),
    SRP_B: publicHex,
    USERNAME: userId,
    USER_ID_FOR_SRP: userId,
  };
}

export interface Claim {
  secretBlock: string;
  signature: string;
  timestamp: string;
}

export function claimOf(responses: Record<string, string>): Claim {
  const part = (name: string) => {
    const value = responses[name];
    if (value === undefined) throw invalid(`Missing required parameter ${name}`);
    return value;
  };
  const claim = {
    secretBlock: part("PASSWORD_CLAIM_SECRET_BLOCK"),
    signature: part("PASSWORD_CLAIM_SIGNATURE"),
    timestamp: part("TIMESTAMP"),
  };
  checkTimestamp(claim.timestamp);
  return claim;
}

const timestampForm =
  /^(?:Sun|Mon|Tue|Wed|Thu|Fri|Sat) (?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{1,2} \d{1,2}:\d{2}:\d{2} UTC \d{4}$/;

/** By real time, as signatures are: clients know no other. */
function checkTimestamp(timestamp: string): void {
  const atMs = timestampForm.test(timestamp) ? Date.parse(timestamp) : Number.NaN;
  if (Number.isNaN(atMs)) throw invalid("TIMESTAMP format should be EEE MMM d HH:mm:ss z yyyy in english.");
  if (Math.abs(Date.now() - atMs) > maxSkewMs) throw incorrect();
}

/** Whether the client's signature over what both know is right: pool (or group) and user (or device), block and time. */
export function isRightClaim(
  block: Block,
  verifier: Buffer,
  names: [string, string],
  { secretBlock, signature, timestamp }: Claim,
): boolean {
  const key = sharedKey(block, verifier);
  return isProof(key, [...names, Buffer.from(secretBlock, "base64"), timestamp], signature);
}

/** Proves the password of the sign-in that the block belongs to. */
export async function proveSrp(signIn: SignIn, block: Block, claim: Claim): Promise<void> {
  checkNotLocked(signIn);
  const { pool, user, ctx } = signIn;
  const phantom = await phantomOf(signIn);
  const { verifier } = user?.password ?? phantom;
  const names: [string, string] = [shortName(pool), user?.username ?? phantom.name];
  const isRight = isRightClaim(block, Buffer.from(verifier, "base64"), names, claim);
  if (!isRight || user?.password === undefined) throw wrong(signIn);
  if (!(await useOnce(pool, block.id, block.expiresMs, ctx))) throw incorrect();
  checkUser(signIn, user);
  proved(signIn);
}
