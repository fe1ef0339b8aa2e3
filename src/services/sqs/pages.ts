import { BadMarker, type Page } from "../../kit/paging.ts";
import { checkedInteger, invalidParameter } from "./words.ts";

export const maxPageSize = 1_000;

/** Rows of a page. Without MaxResults there is one page, and no token. */
export function pageSize(maxResults: number | undefined, nextToken: string | undefined): number {
  if (nextToken !== undefined && maxResults === undefined)
    throw invalidParameter("MaxResults is a mandatory parameter when you provide a value for NextToken.");
  return checkedInteger(maxResults, "MaxResults", { min: 1, max: maxPageSize }) ?? maxPageSize;
}

export async function sqsPage<Item>(
  maxResults: number | undefined,
  read: () => Promise<Page<Item>>,
): Promise<{ items: Item[]; end: { NextToken?: string } }> {
  try {
    const { items, next } = await read();
    return { items, end: next !== undefined && maxResults !== undefined ? { NextToken: next } : {} };
  } catch (error) {
    if (error instanceof BadMarker) throw invalidParameter("Invalid or expired next token.");
    throw error;
  }
}
