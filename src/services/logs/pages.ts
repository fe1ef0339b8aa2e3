import type { Context } from "../../kit/context.ts";
import { BadMarker, type Page } from "../../kit/paging.ts";

export const invalidToken = "The specified nextToken is invalid.";

/** A page, with this service's own error for a token that is none. */
export async function logsPage<Item>(
  ctx: Context<"InvalidParameterException">,
  read: () => Page<Item> | Promise<Page<Item>>,
): Promise<{ items: Item[]; end: { nextToken?: string } }> {
  try {
    const { items, next } = await read();
    return { items, end: next === undefined ? {} : { nextToken: next } };
  } catch (error) {
    if (error instanceof BadMarker) throw ctx.error("InvalidParameterException", invalidToken);
    throw error;
  }
}
