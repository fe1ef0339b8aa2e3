import type { JWTPayload } from "jose";
import type { Session } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";

const claim = "https://aws.amazon.com/tags";
const maxTags = 50;

/**
 * Session tags that a token carries.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_session-tags.html#id_session-tags_adding-assume-role-idp
 */
export function tagsOfToken(
  payload: JWTPayload,
  ctx: Context<"InvalidIdentityTokenException">,
): Pick<Session, "tags" | "transitiveTagKeys"> {
  const carried = payload[claim] as { principal_tags?: unknown; transitive_tag_keys?: unknown } | undefined;
  if (carried === undefined) return {};
  const bad = () =>
    ctx.error("InvalidIdentityTokenException", "The session tags in the token are malformed.");
  const { principal_tags: given, transitive_tag_keys: handedOn = [] } = carried;
  if (given === null || typeof given !== "object" || !Array.isArray(handedOn)) throw bad();
  const tags: Record<string, string> = {};
  for (const [key, values] of Object.entries(given as Record<string, unknown>)) {
    const value = Array.isArray(values) && values.length === 1 ? values[0] : values;
    if (typeof value !== "string") throw bad();
    tags[key] = value;
  }
  if (Object.keys(tags).length > maxTags || handedOn.some((key) => !(String(key) in tags))) throw bad();
  return {
    tags,
    ...(handedOn.length > 0 && { transitiveTagKeys: handedOn.map(String) }),
  };
}
