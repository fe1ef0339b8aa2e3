import { existsSync, readFileSync } from "node:fs";
import { expect } from "vitest";

/** Answers recorded from AWS, and how one of ours is held against them. */

const folder = "../shared/vectors/aws-recorded";

/** The recorded answers of a file, by test case and then by name; undefined (and said so) where they are absent. */
export function recordedAnswers(file: string): Record<string, Record<string, unknown>> | undefined {
  const path = `${folder}/${file}`;
  if (!existsSync(path)) {
    console.warn(`Skipped: ${path} is absent.`);
    return undefined;
  }
  const cases = JSON.parse(readFileSync(path, "utf8")) as Record<
    string,
    { "recorded-content": Record<string, unknown> }
  >;
  return Object.fromEntries(
    Object.entries(cases).map(([name, { "recorded-content": answers }]) => [
      name.slice(name.lastIndexOf("::") + 2),
      answers,
    ]),
  );
}

/** An answer in the form of the recordings: the error's code, words and status, or the members of the answer. */
export async function answerOf(call: Promise<object>): Promise<Record<string, unknown>> {
  try {
    const { $metadata, ...members } = (await call) as { $metadata: { httpStatusCode?: number } };
    return { ...members, ResponseMetadata: { HTTPStatusCode: $metadata.httpStatusCode } };
  } catch (error) {
    const { name, message, $metadata, ...wire } = error as Error & {
      $metadata?: { httpStatusCode?: number };
      /** What the query wire says; the SDK's name is the model's. */
      Error?: { Code?: string; Type?: string };
    };
    // The SDK says "UnknownError" where AWS says nothing.
    const Message = message === "UnknownError" ? "" : message;
    return {
      Error: { Code: wire.Error?.Code ?? name, Message, Type: wire.Error?.Type },
      ResponseMetadata: { HTTPStatusCode: $metadata?.httpStatusCode },
    };
  }
}

/** Members of these names that are JSON texts, as what they say: so they stand in the recordings. */
export function parsedDocuments<T>(value: T, names: ReadonlySet<string>): T {
  if (Array.isArray(value)) return value.map((item) => parsedDocuments(item, names)) as T;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      names.has(name) && typeof item === "string" ? JSON.parse(item) : parsedDocuments(item, names),
    ]),
  ) as T;
}

/** What a recording leaves open: `<name:1>` and the like within a text. */
const placeholder = /<[A-Za-z_\d-]+(?::\d+)?>/g;
/** Texts that stand for any date or any bytes. */
const opaque = /^(?:datetime|[a-z]+(?:-[a-z]+)+|plaintext|signature|mac)$/;

/** Fails unless `ours` is what was recorded; what the placeholders stand for must be the same throughout. */
export function expectRecorded(ours: unknown, recorded: unknown, known = new Map<string, string>()): void {
  const differences: string[] = [];
  compare(ours, recorded, "", known, differences);
  expect(differences).toEqual([]);
}

function compare(
  ours: unknown,
  recorded: unknown,
  at: string,
  known: Map<string, string>,
  found: string[],
): void {
  if (typeof recorded === "string") {
    compareText(ours, recorded, at, known, found);
    return;
  }
  if (Array.isArray(recorded)) {
    const list = Array.isArray(ours) ? ours : [];
    if (list.length !== recorded.length)
      found.push(`${at}: ${list.length} items, recorded ${recorded.length}`);
    for (const [i, item] of recorded.entries()) compare(list[i], item, `${at}[${i}]`, known, found);
    return;
  }
  if (recorded === null || typeof recorded !== "object") {
    if (ours !== recorded) found.push(`${at}: ${JSON.stringify(ours)}, recorded ${JSON.stringify(recorded)}`);
    return;
  }
  const members = (ours ?? {}) as Record<string, unknown>;
  for (const [name, value] of Object.entries(recorded)) {
    // The recorder's own: headers, and a second copy of an error's words.
    if (name === "HTTPHeaders" || name === "message") continue;
    compare(members[name], value, `${at}.${name}`, known, found);
  }
  for (const name of Object.keys(members)) {
    if (!(name in recorded) && members[name] !== undefined && !laterMembers.has(name))
      found.push(`${at}.${name}: not recorded`);
  }
}

/** Members that AWS added after the recordings were made. */
const laterMembers = new Set([
  "KeyMaterialId",
  "SourceKeyMaterialId",
  "DestinationKeyMaterialId",
  "LogAlarms",
  "ActionExecutedAfterMuteWindow",
  "AnomalyDetectorId",
]);

function compareText(
  ours: unknown,
  recorded: string,
  at: string,
  known: Map<string, string>,
  found: string[],
): void {
  if (opaque.test(recorded)) {
    if (ours === undefined) found.push(`${at}: missing`);
    if (ours instanceof Date || ours instanceof Uint8Array) return;
  }
  if (ours instanceof Date && recorded === "<datetime>") return;
  const enumSet = recorded.indexOf("enum value set: [");
  // Models have grown since: the values of an enumeration are the model's, the words around them are AWS's.
  const text = typeof ours === "string" && enumSet > 0 ? ours.slice(0, enumSet) : ours;
  const pattern = enumSet > 0 ? recorded.slice(0, enumSet) : recorded;
  if (ours instanceof Uint8Array && /^<.*>$/.test(recorded)) return;
  if (typeof text !== "string")
    return void found.push(`${at}: ${JSON.stringify(ours)}, recorded ${recorded}`);
  const names = pattern.match(placeholder) ?? [];
  const literal = pattern.split(placeholder).map((part) => part.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&"));
  const match = new RegExp(`^${literal.join("(.+?)")}$`, "s").exec(
    text.replaceAll("000000000000", "111111111111"),
  );
  if (match === null) return void found.push(`${at}: ${text}, recorded ${recorded}`);
  for (const [i, name] of names.entries()) {
    const value = match[i + 1] as string;
    // Only numbered placeholders stand for one and the same value.
    if (!name.includes(":")) continue;
    if ((known.get(name) ?? value) !== value)
      found.push(`${at}: ${name} is ${value}, was ${known.get(name)}`);
    known.set(name, value);
  }
}
