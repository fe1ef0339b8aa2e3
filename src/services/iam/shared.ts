import type { Context } from "../../kit/context.ts";
import { BadMarker, type Page } from "../../kit/paging.ts";

/** Small things that IAM's nouns share. */

/** IAM's times are whole seconds. */
export function seconds(ms: number): Date {
  return new Date(Math.floor(ms / 1000) * 1000);
}

/** Page size where the request names none. */
export const defaultPageSize = 100;

interface PageInput {
  Marker?: string | undefined;
  MaxItems?: number | undefined;
}

/** Runs a listing with the request's page, and answers IAM's error for a marker that is none of its own. */
export async function paged<Row, Shown>(
  { Marker, MaxItems = defaultPageSize }: PageInput,
  ctx: Context,
  read: (page: { limit: number; marker?: string | undefined }) => Promise<Page<Row>> | Page<Row>,
  show: (row: Row) => Shown | Promise<Shown>,
): Promise<{ items: Shown[]; truncation: { IsTruncated: boolean; Marker?: string } }> {
  let page: Page<Row>;
  try {
    page = await read({ limit: MaxItems, marker: Marker });
  } catch (error) {
    if (!(error instanceof BadMarker)) throw error;
    throw ctx.error("ValidationError", `Invalid Marker: ${Marker}`);
  }
  const items = await Promise.all(page.items.map(show));
  const { next } = page;
  return {
    items,
    truncation: { IsTruncated: next !== undefined, ...(next !== undefined && { Marker: next }) },
  };
}

/** Documents travel percent-encoded. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUserPolicy.html */
export function encoded(document: string): string {
  return encodeURIComponent(document).replace(
    /[!'()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

/** Last part of an ARN: the name. */
export function lastPart(arn: string): string {
  return arn.slice(arn.lastIndexOf("/") + 1);
}

/** Resources of an event, as the event history shows them. */
export function onUser({ UserName }: { UserName?: string | undefined }) {
  return named("AWS::IAM::User", UserName);
}
export function onGroup({ GroupName }: { GroupName?: string | undefined }) {
  return named("AWS::IAM::Group", GroupName);
}
export function onRole({ RoleName }: { RoleName?: string | undefined }) {
  return named("AWS::IAM::Role", RoleName);
}
export function onPolicy({ PolicyArn }: { PolicyArn?: string | undefined }) {
  return named("AWS::IAM::Policy", PolicyArn);
}
export function onProfile({ InstanceProfileName }: { InstanceProfileName?: string | undefined }) {
  return named("AWS::IAM::InstanceProfile", InstanceProfileName);
}
function named(type: string, name: string | undefined) {
  return name === undefined ? [] : [{ type, name }];
}
