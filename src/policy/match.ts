/** Wildcards of policies: `*` is any run of characters, none included; `?` is any one character. */

export type Matcher = (text: string) => boolean;

/** Positions in a pattern whose `*` or `?` stands for itself: from `${*}`, `${?}` or the value of a variable. */
export type LiteralPositions = ReadonlySet<number>;

const never: LiteralPositions = new Set();

/** Compiles a pattern into its cheapest test. Case-sensitive. */
export function compileWildcard(pattern: string, literal: LiteralPositions = never): Matcher {
  const stars: number[] = [];
  for (let at = 0; at < pattern.length; at += 1) {
    const char = pattern[at];
    if ((char !== "*" && char !== "?") || literal.has(at)) continue;
    if (char === "?") return (text) => matchesWildcard(pattern, text, literal);
    stars.push(at);
  }
  if (stars.length === 0) return (text) => text === pattern;
  if (pattern.length === 1) return () => true;
  return compilePieces(splitAt(pattern, stars));
}

function splitAt(pattern: string, stars: number[]): string[] {
  const pieces: string[] = [];
  let from = 0;
  for (const star of stars) {
    pieces.push(pattern.slice(from, star));
    from = star + 1;
  }
  pieces.push(pattern.slice(from));
  return pieces;
}

function compilePieces(pieces: string[]): Matcher {
  const prefix = pieces[0] as string;
  const suffix = pieces.at(-1) as string;
  const middle = pieces.slice(1, -1).filter((piece) => piece !== "");
  if (middle.length === 0) {
    if (suffix === "") return (text) => text.startsWith(prefix);
    const least = prefix.length + suffix.length;
    return (text) => text.length >= least && text.startsWith(prefix) && text.endsWith(suffix);
  }
  return (text) => {
    if (!text.startsWith(prefix)) return false;
    let at = prefix.length;
    for (const piece of middle) {
      const found = text.indexOf(piece, at);
      if (found < 0) return false;
      at = found + piece.length;
    }
    return text.length - at >= suffix.length && text.endsWith(suffix);
  };
}

/**
 * Tests one text against one pattern without compiling it. Returns to the last star only, so the time is at
 * most the product of both lengths.
 */
export function matchesWildcard(pattern: string, text: string, literal: LiteralPositions = never): boolean {
  let p = 0;
  let t = 0;
  let starP = -1;
  let starT = 0;
  while (t < text.length) {
    const char = pattern[p];
    const wild = (char === "*" || char === "?") && !literal.has(p);
    if (wild && char === "*") {
      starP = p;
      starT = t;
      p += 1;
    } else if (p < pattern.length && (wild || char === text[t])) {
      p += 1;
      t += 1;
    } else if (starP >= 0) {
      starT += 1;
      t = starT;
      p = starP + 1;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern[p] === "*" && !literal.has(p)) p += 1;
  return p === pattern.length;
}
