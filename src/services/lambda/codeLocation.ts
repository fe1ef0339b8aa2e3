import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { Context, Host } from "../../kit/context.ts";
import type { PublicDocument, PublicRequest } from "../../kit/pages.ts";
import type { PackageRow } from "./tables.ts";

/**
 * Where code can be had for ten minutes, by whoever was shown it: on AWS a presigned URL of S3, here a path of
 * Cloudkeep's own, proven by a key that lives as long as the process.
 */

const validMs = 10 * 60_000;

const keys = new WeakMap<Host, Buffer>();

function proof({ host }: Pick<Context, "host">, text: string): string {
  let key = keys.get(host);
  if (key === undefined) {
    key = randomBytes(32);
    keys.set(host, key);
  }
  return createHmac("sha256", key).update(text).digest("hex");
}

export async function codeLocation({ bodyId }: PackageRow, ctx: Context): Promise<string> {
  const token = Buffer.from(JSON.stringify([bodyId, ctx.clock.now() + validMs])).toString("base64url");
  return `${ctx.host.endpoint()}/2015-03-31/code/${token}?proof=${proof(ctx, token)}`;
}

export async function publishCode(
  { path, query, method }: PublicRequest,
  ctx: Context,
): Promise<PublicDocument | undefined> {
  const token = path.slice(path.lastIndexOf("/") + 1);
  const given = Buffer.from(query.get("proof") ?? "");
  const expected = Buffer.from(proof(ctx, token));
  const denied = { status: 403, contentType: "text/plain", body: "Forbidden" };
  if (method !== "GET" || given.length !== expected.length || !timingSafeEqual(given, expected))
    return denied;
  const [bodyId, untilMs] = JSON.parse(Buffer.from(token, "base64url").toString()) as [string, number];
  if (ctx.clock.now() > untilMs) return denied;
  return { contentType: "application/zip", body: await ctx.bytes.open(bodyId) };
}
