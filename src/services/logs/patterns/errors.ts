/** A filter pattern that AWS refuses; the message is AWS's. */
export class PatternError extends Error {}

export function badCharacters(found: string): PatternError {
  return new PatternError(`Invalid character(s) in term '${found}'`);
}
