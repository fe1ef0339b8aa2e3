import { fail, invalidArgument } from "./errors.ts";

/** Rules for tags of buckets and objects. https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-tagging.html */

export const maxObjectTags = 10;
export const maxBucketTags = 50;
const maxKeyCharacters = 128;
const maxValueCharacters = 256;
const allowed = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

interface Tag {
  Key?: string | undefined;
  Value?: string | undefined;
}

export function checkedTags(tags: readonly Tag[], maxTags: number): Record<string, string> {
  const checked: Record<string, string> = {};
  if (tags.length > maxTags) {
    const what = maxTags === maxObjectTags ? "Object" : "Bucket";
    throw fail("BadRequest", { message: `${what} tags cannot be greater than ${maxTags}` });
  }
  for (const { Key = "", Value = "" } of tags) {
    if (Object.hasOwn(checked, Key)) {
      throw fail("InvalidTag", {
        message: "Cannot provide multiple Tags with the same key",
        members: { TagKey: Key },
      });
    }
    checkTag(Key, Value, maxTags === maxObjectTags);
    checked[Key] = Value;
  }
  return checked;
}

/** A new bucket's tags: that some are AWS's own is said in other words. */
export function tagsOfNewBucket(tags: readonly Tag[]): Record<string, string> {
  if (tags.some(({ Key = "" }) => /^aws:/i.test(Key))) {
    throw fail("InvalidTag", {
      message:
        'User-defined tag keys can\'t start with "aws:". This prefix is reserved for system tags. Remove "aws:" from your tag keys and try again.',
    });
  }
  return checkedTags(tags, maxBucketTags);
}

function checkTag(key: string, value: string, ofObject: boolean): void {
  if (/^aws:/i.test(key)) {
    const message = ofObject
      ? "Your TagKey cannot be prefixed with aws:"
      : "System tags cannot be added/updated by requester";
    throw fail("InvalidTag", { message, members: { TagKey: key } });
  }
  if (key === "" || key.length > maxKeyCharacters || !allowed.test(key)) {
    throw fail("InvalidTag", {
      message: "The TagKey you have provided is invalid",
      members: { TagKey: key },
    });
  }
  if (value.length > maxValueCharacters || !allowed.test(value)) {
    throw fail("InvalidTag", {
      message: "The TagValue you have provided is invalid",
      members: { TagKey: key, TagValue: value },
    });
  }
}

/** Tags in a header, as the parameters of a query: `a=1&b=2`. */
export function tagsOfHeader(header: string | undefined): Record<string, string> | undefined {
  if (header === undefined) return undefined;
  const tags = [...new URLSearchParams(header)].map(([Key, Value]) => ({ Key, Value }));
  const keys = new Set(tags.map(({ Key }) => Key));
  const isUnclear = header.split("&").some((pair) => pair.split("=").length > 2);
  if (keys.size < tags.length || isUnclear) {
    throw invalidArgument(
      "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.",
      "x-amz-tagging",
      header,
    );
  }
  return checkedTags(tags, maxObjectTags);
}

/** Tags in a header, for authorization: what is wrong with them, the call itself says. */
export function tagsAsked(header: string | undefined): Record<string, string> | undefined {
  return header === undefined ? undefined : Object.fromEntries(new URLSearchParams(header));
}

export function tagSet(tags: Readonly<Record<string, string>>): { Key: string; Value: string }[] {
  const entries = Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1));
  return entries.map(([Key, Value]) => ({ Key, Value }));
}
