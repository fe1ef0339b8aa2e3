import type { Context } from "../../kit/context.ts";
import { BadMarker, type Page } from "../../kit/paging.ts";

/** The members by which KMS's lists go on. */
export interface ListEnd {
  Truncated: boolean;
  NextMarker?: string;
}

/** A page, with KMS's own error for a marker that is none. */
export async function kmsPage<Item>(
  ctx: Context<"InvalidMarkerException">,
  read: () => Page<Item> | Promise<Page<Item>>,
): Promise<{ items: Item[]; end: ListEnd }> {
  try {
    const { items, next } = await read();
    return { items, end: next === undefined ? { Truncated: false } : { Truncated: true, NextMarker: next } };
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("InvalidMarkerException", "Invalid marker");
    throw error;
  }
}
