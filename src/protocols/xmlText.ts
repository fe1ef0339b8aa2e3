/** Escapes for XML content and attributes. Characters that XML 1.0 cannot hold become U+FFFD. */
const special = /[&<>"'\u0085\u2028]|[^\t\n\u0020-\ufffd]/g;
const needsEscape = new RegExp(special.source);
const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&apos;",
  "\r": "&#xD;",
  "\u0085": "&#x85;",
  "\u2028": "&#x2028;",
};

export function escapeXml(text: string): string {
  if (!needsEscape.test(text)) return text;
  return text.replace(special, (character) => entities[character] ?? "\ufffd");
}
