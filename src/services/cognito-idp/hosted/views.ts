import { Html, html } from "../../../kit/html.ts";
import { formSecret, formToken, type Header } from "./cookies.ts";
import { joined, none } from "./html.ts";
import type { Visit } from "./visit.ts";

/** Parts of pages. */

export interface Field {
  name: string;
  label: string;
  type?: "text" | "password" | "email" | "tel";
  value?: string;
  autocomplete?: string;
  hint?: string;
  isOptional?: boolean;
}

/** Longest text of a field: of a name, a password, an attribute. */
const maxChars = 2_048;

export function field({
  name,
  label,
  type = "text",
  value = "",
  autocomplete,
  hint,
  isOptional,
}: Field): Html {
  const described = hint === undefined ? none : html` aria-describedby="${name}-hint"`;
  const completes = autocomplete === undefined ? none : html` autocomplete="${autocomplete}"`;
  const numeric = new Html(autocomplete === "one-time-code" ? ' inputmode="numeric"' : "");
  return html`<label class="label-customizable" for="${name}">${label}</label>
${hint === undefined ? none : html`<p id="${name}-hint">${hint}</p>`}
<input class="inputField-customizable" id="${name}" name="${name}" type="${type}" value="${value}" maxlength="${String(maxChars)}"${completes}${numeric}${described}${new Html(isOptional ? "" : " required")}>`;
}

export interface Form {
  /** "/login" */
  path: string;
  step: string;
  hidden?: Record<string, string>;
  fields?: readonly Field[];
  submit: string;
  /** For the page's script: "data-…". */
  data?: Record<string, string>;
}

/** A form of this domain, and the header that its token needs. */
export interface Forms {
  form(form: Form): Html;
  headers: Header[];
}

export function formsOf(visit: Visit): Forms {
  const { secret, headers } = formSecret(visit);
  return {
    headers,
    form({ path, step, hidden = {}, fields = [], submit, data = {} }) {
      const all = { step, token: formToken(secret, path, visit), ...hidden };
      const kept = Object.entries(all).map(
        ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
      );
      const facts = Object.entries(data).map(
        ([name, value]) => html` data-${new Html(name)}="${value}"`.text,
      );
      return html`<form method="post" action="${linkTo(visit, path)}"${new Html(facts.join(""))}>
${joined(kept)}
${joined(fields.map(field))}
<button class="submitButton-customizable">${submit}</button>
</form>`;
    },
  };
}

export const addPasskeyPath = "/passkeys/add";

/** Another page of the same request. */
export function linkTo({ base, query }: Visit, path: string, more: Record<string, string> = {}): string {
  const all = new URLSearchParams(query);
  for (const [name, value] of Object.entries(more)) all.set(name, value);
  return `${base}${path}?${all}`;
}

export function status(message: string | undefined): Html {
  return message === undefined ? none : html`<p role="status">${message}</p>`;
}

export function link(to: string, label: string, kind = ""): Html {
  return html`<p><a${kind === "" ? none : html` class="${kind}"`} href="${to}">${label}</a></p>`;
}
