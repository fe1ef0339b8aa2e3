import type { WireResponse } from "../protocols/wire.ts";
import type { Environment } from "./call.ts";
import type { Exchange } from "./exchange.ts";

/**
 * Documents that AWS shows to everybody, unsigned and unrecorded: what verifies tokens. The host is the
 * request's own (`<issuer>/.well-known/jwks.json`), or stands first in the path where names cannot be made to
 * resolve (`http://127.0.0.1:4566/<issuer's host>/.well-known/jwks.json`).
 */
export async function publicDocument(
  { method, path, headers }: Exchange,
  { registry, store }: Pick<Environment, "registry" | "store">,
): Promise<WireResponse | undefined> {
  if (method !== "GET") return undefined;
  const [host, named] = hostAndPath(headers.host ?? "", path);
  const publisher = registry.publisher(host, named);
  if (publisher === undefined) return undefined;
  const { definition } = await registry.load(publisher);
  const document = await store.transact(async (tx) => definition.publishes?.(host, named, tx));
  if (document === undefined) return { status: 404, headers: [], body: "" };
  return { status: 200, headers: ["content-type", document.contentType], body: document.body };
}

function hostAndPath(host: string, path: string): [host: string, path: string] {
  const mark = path.indexOf("/.well-known/");
  return mark > 0 ? [path.slice(1, mark), path.slice(mark)] : [host.replace(/:\d+$/, ""), path];
}
