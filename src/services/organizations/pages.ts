import type { Context } from "../../kit/context.ts";
import { BadMarker, pageOfList } from "../../kit/paging.ts";

const defaultPageSize = 20;

interface PageInput {
  NextToken?: string | undefined;
  MaxResults?: number | undefined;
}

/** One page of a list, with Organizations' own error for a token that is none. */
export function pageOfRows<Item>(
  rows: readonly Item[],
  { NextToken, MaxResults = defaultPageSize }: PageInput,
  ctx: Context<"InvalidInputException">,
): { items: Item[]; end: { NextToken?: string } } {
  try {
    const { items, next } = pageOfList(rows, MaxResults, NextToken);
    return { items, end: next === undefined ? {} : { NextToken: next } };
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
    throw ctx.error("InvalidInputException", "The specified NextToken is invalid.", {
      Reason: "INVALID_NEXT_TOKEN",
    });
  }
}
