import { hash } from "node:crypto";
import type { Context } from "../../../kit/context.ts";
import { randomText } from "../../../kit/ids.ts";
import { validation } from "../words.ts";
import { jobTokens } from "./tables.ts";

/** What tells jobs apart: their ids, the client's tokens, and where a listing of them goes on. */

/** A client token is remembered so long. */
const rememberedMs = 8 * 3_600_000;

/** "01695097218000-d6299cbd": in the order of time. */
export function newJobId(now: number): string {
  return `${String(Math.floor(now)).padStart(14, "0")}-${randomText(8, "lower36").replace(/[g-z]/g, hexOf)}`;
}

/** Letters that hexadecimal lacks, as digits that it has. */
function hexOf(letter: string): string {
  return (letter.charCodeAt(0) % 10).toString();
}

export function digestOf(asked: unknown): string {
  return hash("sha256", JSON.stringify(asked), "hex");
}

/** The job that was begun with a token; "conflict" if something else was asked with it. */
export async function jobOfToken(
  kind: string,
  token: string | undefined,
  digest: string,
  ctx: Context,
): Promise<string | "conflict" | undefined> {
  if (token === undefined) return undefined;
  const held = await jobTokens.get(ctx.tx, ctx.account, ctx.region, kind, token);
  if (held === undefined || held.until <= ctx.clock.now()) return undefined;
  return held.digest === digest ? held.id : "conflict";
}

export function rememberToken(
  kind: string,
  token: string | undefined,
  { digest, id }: { digest: string; id: string },
  ctx: Context,
): void {
  if (token === undefined) return;
  const { account, region } = ctx;
  const until = Math.floor(ctx.clock.now()) + rememberedMs;
  jobTokens.put(ctx.tx, [account, region, kind, token], { digest, id, until });
  ctx.timers.set(`jobToken/${kind}/${id}`, "forgetJobToken", until, { kind, token });
}

export async function forgetJobToken(
  { kind, token }: { kind: string; token: string },
  ctx: Context,
): Promise<void> {
  const held = await jobTokens.get(ctx.tx, ctx.account, ctx.region, kind, token);
  if (held !== undefined && held.until <= ctx.clock.now())
    jobTokens.delete(ctx.tx, ctx.account, ctx.region, kind, token);
}

/** Tokens of listings are hexadecimal, at least this long, and made of words of eight bytes. */
const fewestTokenBytes = 56;
const wordBytes = 8;

export function pageToken(id: string | undefined): string | undefined {
  if (id === undefined) return undefined;
  const bytes = Math.max(fewestTokenBytes, Math.ceil(id.length / wordBytes) * wordBytes);
  return Buffer.from(id.padEnd(bytes)).toString("hex");
}

export function idOfPage(token: string | undefined): string | undefined {
  if (token === undefined) return undefined;
  const id = /^([0-9a-f]{2})+$/.test(token) ? Buffer.from(token, "hex").toString().trimEnd() : "";
  if (!/^\d{14}-[0-9a-f]{8}$/.test(id))
    throw validation(`Invalid Request: Provided nextToken is invalid: ${token}`);
  return id;
}
