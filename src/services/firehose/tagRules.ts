import type { Tag } from "@aws-sdk/client-firehose";
import type { Context } from "../../kit/context.ts";
import { maxTags } from "./limits.ts";

/** Tags after some are added, or an error. */
export function checkTags(
  added: readonly Tag[],
  held: Readonly<Record<string, string>>,
  ctx: Context<"LimitExceededException" | "InvalidArgumentException">,
): Record<string, string> {
  const tags: Record<string, string> = { ...held };
  for (const { Key = "", Value = "" } of added) tags[Key] = Value;
  if (Object.keys(tags).length > maxTags) {
    throw ctx.error("LimitExceededException", `A delivery stream can have at most ${maxTags} tags.`);
  }
  return tags;
}
