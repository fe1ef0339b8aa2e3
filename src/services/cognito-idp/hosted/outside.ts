import type { Context, Host } from "../../../kit/context.ts";
import { type OutboundRequest, send } from "../../../kit/outbound.ts";

/**
 * What is asked of other providers in the middle of a visit. The visit waits without a transaction, and is run again
 * from the start: what was asked once is remembered by the visit's id, so that no code is presented twice.
 */

const timeoutMs = 5_000;
/** A visit takes its answer up at once; what nobody takes is forgotten. */
const keptMs = 60_000;

interface Entry {
  result?: { value: unknown } | { error: unknown };
}

const byHost = new WeakMap<Host, Map<string, Entry>>();

export async function outside<T>(ctx: Context, name: string, work: () => Promise<T>): Promise<T> {
  const entries = byHost.get(ctx.host) ?? new Map<string, Entry>();
  byHost.set(ctx.host, entries);
  const key = `${ctx.requestId}/${name}`;
  let entry = entries.get(key);
  if (entry === undefined) {
    entry = {};
    entries.set(key, entry);
    begin(entry, key, work, ctx.host);
    setTimeout(() => entries.delete(key), keptMs).unref();
  }
  const { result } = entry;
  const known = entry;
  if (result === undefined)
    throw ctx.wait(`cognito-idp/${key}`, Date.now() + keptMs, () => known.result !== undefined);
  if ("error" in result) throw result.error;
  return result.value as T;
}

function begin(entry: Entry, key: string, work: () => Promise<unknown>, host: Host): void {
  work()
    .then(
      (value) => {
        entry.result = { value };
      },
      (error: unknown) => {
        entry.result = { error };
      },
    )
    .finally(() => host.wake(`cognito-idp/${key}`));
}

/** A provider cannot be reached, or answers what it must not. */
export class BadProvider extends Error {}

function checkUrl(location: string): void {
  const { protocol, hostname } = new URL(location);
  const isLoopback = ["127.0.0.1", "localhost", "[::1]"].includes(hostname);
  if (protocol !== "https:" && !(protocol === "http:" && isLoopback))
    throw new BadProvider("Providers are asked over HTTPS.");
}

type Asked = Pick<OutboundRequest, "url"> & Partial<OutboundRequest>;

/** A document of a provider. */
export async function fetchText(request: Asked): Promise<string> {
  try {
    checkUrl(request.url);
    const { status, body } = await send({ method: "GET", headers: {}, body: "", timeoutMs, ...request });
    if (status !== 200) throw new BadProvider(`The provider answered ${status}.`);
    return body;
  } catch (error) {
    // What went wrong on the way is nothing that the browser should learn.
    throw error instanceof BadProvider ? error : unreachable();
  }
}

function unreachable(): BadProvider {
  return new BadProvider("The provider cannot be reached.");
}

/** A JSON document of a provider. */
export async function fetchJson(request: Asked): Promise<Record<string, unknown>> {
  const text = await fetchText(request);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw unreachable();
  }
  if (typeof parsed !== "object" || parsed === null) throw new BadProvider("The provider answered 200.");
  return parsed as Record<string, unknown>;
}
