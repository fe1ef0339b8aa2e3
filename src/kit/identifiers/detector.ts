/** How one kind of sensitive data is told in a text. */
export interface Detector {
  /** Global, and with a bounded length: a text is gone through in linear time. */
  form: RegExp;
  /** What the form cannot say: check digits, numbers that are never given out. */
  check?: (value: string) => boolean;
  /** One of these must be near, where AWS asks for a keyword. */
  keywords?: RegExp;
  /** A form that needs no keyword, where one with a keyword may say less (a phone number with its country code). */
  alone?: RegExp;
}

export interface Range {
  start: number;
  end: number;
}

/** Shorter keywords must stand alone: "sin" is not in "business". */
const minFreeCharacters = 5;

/**
 * Keywords in any case; a blank in one may be left out, or be "_" or "-".
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CWL-managed-data-identifiers.html
 */
export function keywords(words: string): RegExp {
  const parts = words.split(",").map((word) => {
    const plain = word.trim();
    const source = plain.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&").replace(/[ _]/g, "[ _-]?");
    return plain.length < minFreeCharacters ? `(?<![\\p{L}\\p{N}])${source}(?![\\p{L}\\p{N}])` : source;
  });
  return new RegExp(parts.join("|"), "giu");
}

/** A form that does not stand within a longer word or number. */
export function form(source: string, flags = "g"): RegExp {
  return new RegExp(`(?<![A-Za-z0-9])(?:${source})(?![A-Za-z0-9])`, flags);
}

const maxKeywordDistanceCharacters = 30;

/** Where a detector finds something. */
export function detect(text: string, { form, check, keywords, alone }: Detector): Range[] {
  const certain = alone === undefined ? [] : matches(text, alone, check);
  if (keywords === undefined) return [...certain, ...matches(text, form, check)];
  const near = matches(text, keywords);
  if (near.length === 0) return certain;
  return [...certain, ...besides(matches(text, form, check), near)];
}

function matches(text: string, expression: RegExp, check?: (value: string) => boolean): Range[] {
  const found: Range[] = [];
  for (const match of text.matchAll(expression)) {
    if (check === undefined || check(match[0]))
      found.push({ start: match.index, end: match.index + match[0].length });
  }
  return found;
}

/** Those that have a keyword before or behind them. Both lists are in order. */
function besides(found: readonly Range[], near: readonly Range[]): Range[] {
  let first = 0;
  return found.filter(({ start, end }) => {
    while (first < near.length && (near[first] as Range).end < start - maxKeywordDistanceCharacters)
      first += 1;
    const keyword = near[first];
    return keyword !== undefined && keyword.start <= end + maxKeywordDistanceCharacters;
  });
}
