import { createHmac, hash, randomBytes, timingSafeEqual } from "node:crypto";
import type { Visit } from "./visit.ts";

/**
 * What the browser keeps. Lax rather than strict: people come from the pages of the apps that they sign in to. No
 * script can read it.
 */

type Name = "form" | "session";

function cookieName(name: Name, { ctx }: Visit): string {
  return `${ctx.request.secure ? "__Secure-" : ""}cognito-${name}`;
}

export function cookieOf(visit: Visit, name: Name): string | undefined {
  return visit.cookies.get(cookieName(name, visit)) || undefined;
}

export type Header = readonly [name: string, value: string];

/** Sets a cookie of this domain's own; an empty value takes it away. */
export function setCookie(visit: Visit, name: Name, value: string): Header {
  const gone = value === "" ? "; Max-Age=0" : "";
  const secure = visit.ctx.request.secure ? "; Secure" : "";
  const path = visit.base === "" ? "/" : visit.base;
  return [
    "set-cookie",
    `${cookieName(name, visit)}=${value}; Path=${path}; HttpOnly; SameSite=Lax${secure}${gone}`,
  ];
}

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

/** What rows keep in place of a secret. */
export function hashOf(secret: string): string {
  return hash("sha256", secret);
}

/** The browser's own secret, and the header that sets it where it has none. */
export function formSecret(visit: Visit): { secret: string; headers: Header[] } {
  const known = cookieOf(visit, "form");
  if (known !== undefined) return { secret: known, headers: [] };
  const secret = newSecret();
  return { secret, headers: [setCookie(visit, "form", secret)] };
}

/** The token that a form brings: bound to the browser, to the page and to the request that it is part of. */
export function formToken(secret: string, path: string, { query, pool }: Visit): string {
  return createHmac("sha256", secret).update(`${pool.poolId} ${path} ${query}`).digest("base64url");
}

export function hasFormToken(visit: Visit): boolean {
  const secret = cookieOf(visit, "form");
  if (secret === undefined) return false;
  return isSame(visit.form.get("token") ?? "", formToken(secret, visit.path, visit));
}

export function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
