/**
 * AWS's models write patterns in Java's dialect and match the whole value
 * (https://smithy.io/2.0/spec/constraint-traits.html#pattern-trait). Here they become JavaScript's.
 */

/** POSIX classes of Java as members of a character class. */
const posixClasses: Record<string, string> = {
  Alpha: "a-zA-Z",
  Digit: "0-9",
  Alnum: "a-zA-Z0-9",
  Upper: "A-Z",
  Lower: "a-z",
  Punct: "!-\\/:-@\\[-`{-~",
  Graph: "!-~",
  Print: " -~",
  Blank: " \\t",
  Space: "\\s",
  XDigit: "0-9a-fA-F",
  ASCII: "\\u0000-\\u007F",
  Cntrl: "\\u0000-\\u001F\\u007F",
  L: "\\p{L}",
};

/**
 * Patterns of AWS on which a backtracking matcher can take exponential time (a test looks for them), and the same
 * languages said without ambiguity.
 */
const rewritten: Record<string, string> = {
  // DynamoDB S3Bucket
  "^[a-z0-9A-Z]+[\\.\\-\\w]*[a-z0-9A-Z]+$": "^[a-z0-9A-Z][\\.\\-\\w]*[a-z0-9A-Z]$",
  // ECR ScanningRepositoryFilterValue
  "^[a-z0-9*](?:[._\\-/a-z0-9*]?[a-z0-9*]+)*$": "^[a-z0-9*]+(?:[._\\-/][a-z0-9*]+)*$",
  // EventBridge AuthHeaderParameters and HeaderValue
  "^[ \\t]*[^\\x00-\\x1F:\\x7F]+([ \\t]+[^\\x00-\\x1F:\\x7F]+)*[ \\t]*$":
    "^\\t*[^\\x00-\\x1F:\\x7F][^\\x00-\\x08\\x0A-\\x1F:\\x7F]*$",
  "^[ \\t]*[\\x20-\\x7E]+([ \\t]+[\\x20-\\x7E]+)*[ \\t]*$": "^\\t*[\\x20-\\x7E][\\t\\x20-\\x7E]*$",
};

/** Patterns that are replaced, with their replacements. */
export const rewrittenPatterns: readonly [string, string][] = Object.entries(rewritten);

/** Whether a place in a pattern is between brackets. */
function isInClass(pattern: string, at: number): boolean {
  const before = pattern.slice(0, at).replace(/\\./g, "");
  return before.lastIndexOf("[") > before.lastIndexOf("]");
}

function translate(pattern: string): { source: string; flags: string } {
  let flags = "";
  let source = pattern.replace(/^\^?\(\?([ismx]+)\)/, (_, inline: string) => {
    for (const flag of inline) if ("ism".includes(flag)) flags += flag;
    return "";
  });
  source = source
    .replaceAll("\\A", "^")
    .replace(/\\[zZ]/g, "$")
    .replaceAll("\\h", "[ \\t]")
    .replace(/\\x\{([0-9a-fA-F]+)\}/g, "\\u{$1}")
    .replace(/\\p\{(?:Is)?(\w+)\}/g, (whole, name: string, at: number, text: string) => {
      const members = posixClasses[name];
      if (members === undefined || name === "L") return whole.replace("{Is", "{");
      return isInClass(text, at) ? members : `[${members}]`;
    })
    .replace(/([*+?}])\+/g, "$1");
  return { source, flags };
}

/**
 * The compiled pattern, anchored at both ends; undefined where JavaScript cannot say it (a test lists those).
 * Unicode mode first, since a character is a code point; patterns with escapes that it refuses go without.
 */
export function compilePattern(pattern: string): RegExp | undefined {
  const { source, flags } = translate(rewritten[pattern] ?? pattern);
  for (const mode of ["u", ""]) {
    try {
      return new RegExp(`^(?:${source})$`, flags + mode);
    } catch {
      // Tried in the next mode.
    }
  }
  return undefined;
}
