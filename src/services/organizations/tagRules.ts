import type { Context } from "../../kit/context.ts";

const maxTags = 50;

/** Tags after `added` joined those that were held. */
export function tagsOf(
  added: readonly { Key: string; Value: string }[],
  held: Readonly<Record<string, string>>,
  ctx: Context<"InvalidInputException" | "ConstraintViolationException">,
): Record<string, string> {
  if (new Set(added.map(({ Key }) => Key)).size < added.length) {
    throw ctx.error("InvalidInputException", "You provided a list with duplicate tag keys.", {
      Reason: "DUPLICATE_TAG_KEY",
    });
  }
  if (added.some(({ Key }) => /^aws:/i.test(Key))) {
    throw ctx.error("InvalidInputException", "You specified a tag key that is a system tag.", {
      Reason: "INVALID_SYSTEM_TAGS_PARAMETER",
    });
  }
  const tags = { ...held, ...Object.fromEntries(added.map(({ Key, Value }) => [Key, Value])) };
  if (Object.keys(tags).length > maxTags) {
    throw ctx.error(
      "ConstraintViolationException",
      "You have exceeded the number of tags allowed on this resource.",
      {
        Reason: "MAX_TAG_LIMIT_EXCEEDED",
      },
    );
  }
  return tags;
}
