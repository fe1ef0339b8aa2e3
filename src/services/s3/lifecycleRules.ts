import type { LifecycleRule, LifecycleRuleFilter } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { readDocument } from "./documents.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

/** What lifecycle rules say of an object. https://docs.aws.amazon.com/AmazonS3/latest/userguide/intro-lifecycle-rules.html */

export const dayMs = 86_400_000;

export interface LifecycleDocument {
  Rules: LifecycleRule[];
  TransitionDefaultMinimumObjectSize: string;
}

/** The rules that are in force, and which objects are too small to be moved. */
export interface Lifecycle {
  rules: readonly LifecycleRule[];
  minimumSize: string;
}

export async function lifecycleOf(bucket: string, ctx: Context): Promise<Lifecycle> {
  const document = await readDocument<LifecycleDocument>(bucket, "lifecycle", ctx);
  const rules = (document?.Rules ?? []).filter(({ Status }) => Status === "Enabled");
  return { rules, minimumSize: document?.TransitionDefaultMinimumObjectSize ?? "all_storage_classes_128K" };
}

/** Rules count days from the midnight (UTC) that follows. */
export function afterDays(fromMs: number, days: number): number {
  return Math.floor((fromMs + days * dayMs) / dayMs) * dayMs + dayMs;
}

/** Whether a rule is about an object: its key, tags, size. */
export function covers(rule: LifecycleRule, key: string, row: Pick<ObjectRow, "tags" | "size">): boolean {
  const filter: LifecycleRuleFilter = rule.Filter ?? {};
  const {
    Prefix = rule.Prefix ?? "",
    Tag,
    ObjectSizeGreaterThan: over,
    ObjectSizeLessThan: under,
    And,
  } = filter;
  const tags = [...(Tag ? [Tag] : []), ...(And?.Tags ?? [])];
  const least = over ?? And?.ObjectSizeGreaterThan;
  const most = under ?? And?.ObjectSizeLessThan;
  return (
    key.startsWith(And?.Prefix ?? Prefix) &&
    tags.every(({ Key = "", Value }) => row.tags?.[Key] === Value) &&
    (least === undefined || row.size > least) &&
    (most === undefined || row.size < most)
  );
}

/** When a rule's expiry makes an end of the newest version; undefined if it does not. */
export function expiryOf(rule: LifecycleRule, key: string, row: ObjectRow): number | undefined {
  const { Days, Date: at } = rule.Expiration ?? {};
  if (row.deleteMarker || !covers(rule, key, row)) return undefined;
  if (at !== undefined) return new Date(at).getTime();
  return Days === undefined ? undefined : afterDays(row.lastModified, Days);
}

/** `x-amz-expiration`: when the object will expire, and by which rule. */
export async function shownExpiration(
  bucket: BucketRow,
  key: string,
  row: ObjectRow,
  ctx: Context,
): Promise<{ Expiration?: string }> {
  if (bucket.lifecycleDue === undefined) return {};
  let soonest: { at: number; id: string } | undefined;
  for (const rule of (await lifecycleOf(bucket.name, ctx)).rules) {
    const at = expiryOf(rule, key, row);
    if (at !== undefined && (soonest === undefined || at < soonest.at)) soonest = { at, id: rule.ID ?? "" };
  }
  if (soonest === undefined) return {};
  const date = new Date(soonest.at).toUTCString();
  return { Expiration: `expiry-date="${date}", rule-id="${encodeURIComponent(soonest.id)}"` };
}
