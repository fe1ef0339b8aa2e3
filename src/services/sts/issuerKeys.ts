import { createLocalJWKSet } from "jose";
import { soundKeys } from "../../kit/jwks.ts";

/**
 * Keys of OpenID Connect issuers, fetched from where their discovery document says, within tight limits: an issuer
 * is a stranger until its token has proved itself.
 * https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig
 */

const timeoutMs = 2_000;
const maxBytes = 64 * 1024;
const keptMs = 5 * 60_000;
const maxIssuers = 100;

export type IssuerKeys = ReturnType<typeof createLocalJWKSet>;

/** The issuer cannot be reached, or does not answer as one. */
export class IssuerUnreachable extends Error {}

const kept = new Map<string, { keys: Promise<IssuerKeys>; untilMs: number }>();

/** Keys of an issuer, "https://…"; http only over loopback. Throws `IssuerUnreachable`. */
export function issuerKeys(issuer: string, nowMs: number): Promise<IssuerKeys> {
  const known = kept.get(issuer);
  if (known !== undefined && known.untilMs > nowMs) return known.keys;
  const keys = fetchKeys(issuer);
  // A failure is not remembered.
  keys.catch(() => kept.delete(issuer));
  const oldest = kept.size < maxIssuers ? undefined : kept.keys().next().value;
  if (oldest !== undefined) kept.delete(oldest);
  kept.set(issuer, { keys, untilMs: nowMs + keptMs });
  return keys;
}

async function fetchKeys(issuer: string): Promise<IssuerKeys> {
  const discovery = await fetchJson(`${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`);
  const { jwks_uri: location, issuer: named } = discovery;
  if (
    typeof location !== "string" ||
    typeof named !== "string" ||
    named.replace(/\/$/, "") !== issuer.replace(/\/$/, "")
  ) {
    throw new IssuerUnreachable("The discovery document is not the issuer's.");
  }
  const keys = soundKeys(await fetchJson(location));
  if (keys === undefined) throw new IssuerUnreachable("The issuer's keys are no key set.");
  return createLocalJWKSet(keys);
}

function isAllowed(url: URL): boolean {
  const isLoopback = ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname);
  return url.protocol === "https:" || (url.protocol === "http:" && isLoopback);
}

async function fetchJson(location: string): Promise<Record<string, unknown>> {
  try {
    const url = new URL(location);
    if (!isAllowed(url)) throw new Error("not https");
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(timeoutMs) });
    if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error("too large");
      chunks.push(chunk);
    }
    const parsed: unknown = JSON.parse(Buffer.concat(chunks).toString());
    if (parsed === null || typeof parsed !== "object") throw new Error("no object");
    return parsed as Record<string, unknown>;
  } catch (error) {
    throw new IssuerUnreachable(`${location}: ${error instanceof Error ? error.message : "failed"}`);
  }
}
