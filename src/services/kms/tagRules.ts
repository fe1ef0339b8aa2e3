import type { Context } from "../../kit/context.ts";

/** https://docs.aws.amazon.com/kms/latest/developerguide/tagging-keys.html */
const maxTagsPerKey = 50;

/** Tags of a key after `added` join those that it has. */
export function checkTags(
  added: readonly { TagKey: string; TagValue: string }[],
  held: Readonly<Record<string, string>>,
  ctx: Context<"TagException">,
): Record<string, string> {
  const tags = { ...held };
  const names = new Set<string>();
  for (const { TagKey, TagValue } of added) {
    if (TagKey.toLowerCase().startsWith("aws:"))
      throw ctx.error("TagException", "Tags beginning with aws: are reserved");
    if (names.has(TagKey)) throw ctx.error("TagException", "Duplicate tag keys");
    names.add(TagKey);
    tags[TagKey] = TagValue;
  }
  if (Object.keys(tags).length > maxTagsPerKey) throw ctx.error("TagException", "Too many tags");
  return tags;
}
