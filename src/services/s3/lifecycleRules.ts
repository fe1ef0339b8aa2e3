import type { Context } from "../../kit/context.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

export async function shownExpiration(
  _b: BucketRow,
  _k: string,
  _r: ObjectRow,
  _c: Context,
): Promise<{ Expiration?: string }> {
  return {};
}
