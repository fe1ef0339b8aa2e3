import { invalid } from "../refusals.ts";

const maxTags = 50;

/** Tags laid over those that stand. */
export function checkTags(
  given: Readonly<Record<string, string | undefined>>,
  standing: Readonly<Record<string, string>>,
): Record<string, string> {
  const tags = { ...standing };
  for (const [key, value = ""] of Object.entries(given)) {
    if (key.toLowerCase().startsWith("aws:"))
      throw invalid("System tags cannot be added/updated by requester");
    tags[key] = value;
  }
  if (Object.keys(tags).length > maxTags) {
    throw invalid(`An identity pool cannot have more than ${maxTags} tags.`);
  }
  return tags;
}
