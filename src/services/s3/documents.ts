import type { Context } from "../../kit/context.ts";
import { configurations } from "./tables.ts";

/** Configurations of a bucket that are kept as they were put. */

export type Kind =
  | "accelerate"
  | "analytics"
  | "cors"
  | "intelligentTiering"
  | "inventory"
  | "lifecycle"
  | "logging"
  | "metrics"
  | "replication"
  | "website";

export async function readDocument<T>(
  bucket: string,
  kind: Kind,
  ctx: Context,
  id = "",
): Promise<T | undefined> {
  return (await configurations.get(ctx.tx, bucket, kind, id))?.document as T | undefined;
}

export function writeDocument(bucket: string, kind: Kind, document: object, ctx: Context, id = ""): void {
  configurations.put(ctx.tx, [bucket, kind, id], { document: { ...document } });
}

export function deleteDocument(bucket: string, kind: Kind, ctx: Context, id = ""): void {
  configurations.delete(ctx.tx, bucket, kind, id);
}
