/**
 * Metadata that is no plain ASCII travels as encoded words (RFC 2047): what clients send so is kept as the text that it
 * stands for, and what is kept goes out so where it must. The form of what goes out is recorded from AWS: each text is
 * one word in Q, or in B where most of it is no ASCII, and long texts are halved.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html#UserMetadata
 */

const word = /=\?([^?\s]+)\?([QqBb])\?([^?\s]*)\?=/;
const wholeWord = new RegExp(`^${word.source}$`);
/** White space between two encoded words is none of the text. */
const between = new RegExp(`(?<=${word.source})[ \\t]+(?=${word.source})`, "g");
/** Longest line of 76 characters, less what stands around a word in UTF-8. */
const maxEncodedChars = 56;

/** The text that a header's value stands for. */
export function decodedWords(value: string): string {
  if (!value.includes("=?")) return value;
  return value
    .replace(between, "")
    .replace(new RegExp(word.source, "g"), (whole) => decodedWord(whole) ?? whole);
}

function decodedWord(text: string): string | undefined {
  const [, charset = "", encoding = "", content = ""] = wholeWord.exec(text) ?? [];
  const bytes = encoding.toUpperCase() === "B" ? Buffer.from(content, "base64") : quoted(content);
  try {
    return new TextDecoder(charset).decode(bytes);
  } catch {
    // No such character set.
    return undefined;
  }
}

function quoted(content: string): Buffer {
  const text = content
    .replaceAll("_", " ")
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(text, "latin1");
}

/** The value of a header that stands for a text. */
export function encodedWords(text: string): string {
  const points = [...text];
  const others = points.filter((one) => !isPlain(one)).length;
  if (others === 0) return text;
  return encodedText(text, points.length - others > others ? "Q" : "B");
}

function encodedText(text: string, encoding: "Q" | "B"): string {
  const content = encoding === "Q" ? inQ(text) : Buffer.from(text).toString("base64");
  const points = [...text];
  if (content.length <= maxEncodedChars || points.length < 2) return `=?UTF-8?${encoding}?${content}?=`;
  const half = points.length >> 1;
  const halves = [points.slice(0, half), points.slice(half)];
  return halves.map((one) => encodedText(one.join(""), encoding)).join(" ");
}

function isPlain(character: string): boolean {
  return /^[\t\n\r -~]$/.test(character);
}

function inQ(text: string): string {
  let content = "";
  for (const byte of Buffer.from(text)) {
    const character = String.fromCharCode(byte);
    if (character === " ") content += "_";
    else if (/[!-~]/.test(character) && !"=_?".includes(character)) content += character;
    else content += `=${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return content;
}
