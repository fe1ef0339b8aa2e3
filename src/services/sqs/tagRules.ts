import { invalidParameter } from "./words.ts";

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-queue-tags.html */
const maxTagsPerQueue = 50;
const maxKeyCharacters = 128;
const maxValueCharacters = 256;
const tagForm = /^[\p{L}\p{Z}\p{N}_.:/=+\-@]*$/u;

/** Tags of a queue after `added` join those that it has. */
export function checkTags(
  added: Readonly<Record<string, string>>,
  held: Readonly<Record<string, string>>,
): Record<string, string> {
  for (const [key, value] of Object.entries(added)) {
    if (key === "" || key.length > maxKeyCharacters || !tagForm.test(key))
      throw invalidParameter(
        `Tag key ${key} is invalid: 1 to ${maxKeyCharacters} letters, digits and _.:/=+-@`,
      );
    if (key.toLowerCase().startsWith("aws:"))
      throw invalidParameter("Tag keys that begin with aws: are reserved.");
    if (value.length > maxValueCharacters || !tagForm.test(value))
      throw invalidParameter(
        `The value of tag ${key} is invalid: up to ${maxValueCharacters} letters, digits and _.:/=+-@`,
      );
  }
  const tags = { ...held, ...added };
  if (Object.keys(tags).length > maxTagsPerQueue)
    throw invalidParameter(`Too many tags added for queue: a queue can have ${maxTagsPerQueue}.`);
  return tags;
}
