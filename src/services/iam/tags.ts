import type { Tag } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { quotas } from "./quotas.ts";
import { paged } from "./shared.ts";

/** Tags, as IAM's resources have them. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_tags.html */

export type Tags = Record<string, string>;
interface TagInput {
  Key: string;
  Value: string;
}
type Tagging = Context<"InvalidInputException" | "LimitExceededException">;

export function shownTags(tags: Readonly<Tags>): Tag[] {
  return Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

/**
 * The tags with the new ones laid over. Keys of users and roles do not differ by case: a new spelling replaces
 * the old one. Keys of other resources do.
 */
export function withTags(
  tags: Readonly<Tags>,
  added: readonly TagInput[],
  keys: "caseless" | "exact",
  ctx: Tagging,
): Tags {
  const form = (key: string) => (keys === "caseless" ? key.toLowerCase() : key);
  const replaced = new Set(added.map(({ Key }) => form(Key)));
  if (replaced.size < added.length) {
    throw ctx.error(
      "InvalidInputException",
      `Duplicate tag keys found. Please note that Tag keys are case ${keys === "caseless" ? "insensitive" : "sensitive"}.`,
    );
  }
  if (added.some(({ Key }) => /^aws:/i.test(Key))) {
    throw ctx.error("InvalidInputException", "Tag keys cannot start with the reserved prefix aws:.");
  }
  const kept = Object.entries(tags).filter(([key]) => !replaced.has(form(key)));
  if (kept.length + added.length > quotas.TagsPerResource) {
    throw ctx.error("LimitExceededException", "The number of tags has reached the maximum limit.");
  }
  return Object.fromEntries([...kept, ...added.map(({ Key, Value }) => [Key, Value])]);
}

export function withoutTags(
  tags: Readonly<Tags>,
  removed: readonly string[],
  keys: "caseless" | "exact",
): Tags {
  const form = (key: string) => (keys === "caseless" ? key.toLowerCase() : key);
  const gone = new Set(removed.map(form));
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !gone.has(form(key))));
}

/** `aws:TagKeys` of a request that takes tags away. */
export function tagKeys(keys: readonly string[]): { Key: string }[] {
  return keys.map((Key) => ({ Key }));
}

export async function listedTags(
  tags: Readonly<Tags>,
  page: { Marker?: string | undefined; MaxItems?: number | undefined },
  ctx: Context,
) {
  const { items, truncation } = await paged(
    page,
    ctx,
    ({ limit, marker }) => pageOfList(shownTags(tags), limit, marker),
    (tag) => tag,
  );
  return { Tags: items, ...truncation };
}

/** The condition keys of a tagged resource: IAM has its own names for them, besides `aws:ResourceTag/…`. */
export function taggedResource(tags: Readonly<Tags>): Pick<Access, "resourceTags" | "context"> {
  const own = Object.entries(tags).map(([key, value]) => [`iam:ResourceTag/${key}`, value]);
  return { resourceTags: tags, context: Object.fromEntries(own) };
}
