import type { Context } from "../../kit/context.ts";
import { BadMarker } from "../../kit/paging.ts";

/** Reads a page; a token that is none is refused. */
export async function tokenPage<T>(
  read: () => Promise<T>,
  ctx: Context<"InvalidParameterException">,
): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof BadMarker)
      throw ctx.error("InvalidParameterException", "Invalid parameter: NextToken");
    throw error;
  }
}
