/** HTML without scripts and without anything from elsewhere; what stands between the marks is escaped. */

export class Html {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const entities: Record<string, string> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (sign) => entities[sign] as string);
}

export function html(marks: TemplateStringsArray, ...values: (string | Html | undefined)[]): Html {
  const shown = values.map((value = "") => (value instanceof Html ? value.text : escaped(value)));
  return new Html(String.raw({ raw: marks }, ...shown));
}
