import { AwsError } from "../../kit/errors.ts";
import { invalid } from "./refusals.ts";

const maxTags = 50;
const maxKeyLength = 128;
const maxValueLength = 256;

/** https://docs.aws.amazon.com/lambda/latest/dg/configuration-tags.html */
export function checkTags(tags: Readonly<Record<string, string>>): void {
  if (Object.keys(tags).length > maxTags) throw invalid("Number of tags exceeds resource tag limit.");
  for (const [key, value] of Object.entries(tags)) {
    if (key.length > maxKeyLength || key === "" || /^aws:/i.test(key) || value.length > maxValueLength)
      throw new AwsError("InvalidParameterValueException", `The tag '${key}' is invalid.`, {
        members: { Type: "User" },
      });
  }
}
