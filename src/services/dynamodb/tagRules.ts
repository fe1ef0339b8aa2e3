import { validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Tagging.html */

export interface GivenTag {
  Key: string;
  Value: string;
}

export const maxTags = 50;

const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

export function checkTags(tags: readonly GivenTag[]): void {
  const seen = new Set<string>();
  for (const { Key, Value } of tags) {
    if (seen.has(Key)) throw validation(`Duplicate tag key found: ${Key}`);
    seen.add(Key);
    if (!allowed.test(Key) || !allowed.test(Value)) {
      throw validation(
        "One or more parameter values were invalid: Tag keys and values may contain letters, spaces, digits and the characters _ . : / = + - @",
      );
    }
    if (/^aws:/i.test(Key))
      throw validation("One or more parameter values were invalid: Tag keys can't start with aws:");
  }
  if (seen.size > maxTags) throw tooManyTags();
}

export function tooManyTags(): Error {
  return validation(`Too many tags: a resource has at most ${maxTags}`);
}

export function tagsOf(tags: readonly GivenTag[]): Record<string, string> {
  return Object.fromEntries(tags.map(({ Key, Value }) => [Key, Value]));
}
