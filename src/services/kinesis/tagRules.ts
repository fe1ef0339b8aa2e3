import type { Context } from "../../kit/context.ts";
import { maxTags } from "./limits.ts";

/** Tags after some are added, or an error. */
export function checkTags(
  added: Readonly<Record<string, string>>,
  held: Readonly<Record<string, string>>,
  ctx: Context<"InvalidArgumentException" | "LimitExceededException">,
): Record<string, string> {
  for (const [key, value] of Object.entries(added)) {
    if (key.toLowerCase().startsWith("aws:")) {
      throw ctx.error(
        "InvalidArgumentException",
        `Tag keys starting with aws: are reserved for system use. Tag key: ${key}`,
      );
    }
    if (!form.test(key) || !form.test(value)) {
      throw ctx.error(
        "InvalidArgumentException",
        "Some tags contain invalid characters. Valid characters: Unicode letters, digits, white space, _ . / = + - % @ :.",
      );
    }
  }
  const tags = { ...held, ...added };
  const count = Object.keys(tags).length;
  if (count > maxTags) {
    throw ctx.error(
      "InvalidArgumentException",
      `Failed to add tags to the resource because a given resource cannot have more than ${maxTags} tags associated with it.`,
    );
  }
  return tags;
}

const form = /^[\p{L}\p{N}\p{Z}_./=+\-%@:]*$/u;
