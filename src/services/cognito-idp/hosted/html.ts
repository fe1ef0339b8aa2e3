import { Html, html } from "../../../kit/html.ts";
import type { Header } from "./cookies.ts";
import type { Answer, Visit } from "./visit.ts";

/** The hosted pages: nothing from elsewhere, and no scripts but the one that passkeys need. */

export const none = new Html("");

export function joined(parts: readonly Html[]): Html {
  return new Html(parts.map(({ text }) => text).join("\n"));
}

const style = [
  "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#16191f}",
  "main{max-width:24rem;margin:8vh auto;padding:2rem;background:#fff;border:1px solid #d5d9de;border-radius:8px}",
  "h1{margin:0 0 1rem;font-size:1.4rem}label{display:block;margin-top:1rem;font-weight:600}",
  "input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #687078;border-radius:4px}",
  "button,.provider{box-sizing:border-box;display:block;width:100%;margin-top:1rem;padding:.6rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;border-radius:4px}",
  "button{color:#fff;background:#0b57a4;border:0}.provider{color:#0b57a4;background:#fff;border:1px solid #0b57a4}",
  "a{color:#0b57a4}input:focus,button:focus,a:focus{outline:3px solid #6cace4;outline-offset:1px}",
  "[role=alert]{padding:.6rem;color:#8a1212;background:#fdf0f0;border:1px solid #c43a3a;border-radius:4px}",
  "[role=status]{padding:.6rem;color:#0b4a1e;background:#eef8f1;border:1px solid #2f7d46;border-radius:4px}",
  "code{overflow-wrap:anywhere}img{max-width:100%}",
].join("");

/** Browsers hold what a form leads to against the policy, too: the app that the sign-in ends at. */
function policyOf({ leadsTo, script }: Page): string {
  const target = leadsTo === undefined ? "" : ` ${originOf(leadsTo)}`;
  // The one address: others of this origin hold what customers put there.
  const scripts = script === undefined ? "" : ` script-src ${script};`;
  return `default-src 'none';${scripts} style-src 'unsafe-inline'; img-src 'self'; form-action 'self'${target}; frame-ancestors 'none'; base-uri 'none'`;
}

function originOf(uri: string): string {
  try {
    const { origin, protocol } = new URL(uri);
    // Apps on devices have schemes of their own, and no origin.
    const source = origin === "null" ? protocol : origin;
    return /^[\w.:/[\]+-]+$/.test(source) ? source : "";
  } catch {
    return "";
  }
}

const guardingHeaders: readonly Header[] = [
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  // Not "no-referrer": browsers would then send a form without saying from where.
  ["referrer-policy", "same-origin"],
  ["cache-control", "no-store"],
];

export interface Page {
  heading: string;
  body: Html;
  /** What was wrong with what came before; shown first, with a status of 400. */
  problem?: string | undefined;
  status?: number;
  headers?: readonly Header[];
  /** Where its forms may lead to, outside of this domain. */
  leadsTo?: string | undefined;
  /** The customer's own style, from SetUICustomization. */
  css?: string | undefined;
  /** The address of its script, if it has one. */
  script?: string;
}

function alert(problem: string | undefined): Html {
  return problem === undefined
    ? none
    : html`<p role="alert" class="errorMessage-customizable">${problem}</p>`;
}

export function page({ words }: Pick<Visit, "words">, shown: Page): Answer {
  const { heading, body, problem, headers = [], css = "", script } = shown;
  const { status = problem === undefined ? 200 : 400 } = shown;
  const loads =
    script === undefined
      ? none
      : html`<script src="${script}" defer></script>
`;
  const { text } = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${heading}</title>
<style>${new Html(style + css)}</style>
${loads}</head>
<body class="background-customizable">
<main>
<h1>${heading}</h1>
${alert(problem)}${body}
</main>
</body>
</html>
`;
  return {
    status,
    headers: [
      ["content-type", "text/html; charset=utf-8"] as const,
      ["content-security-policy", policyOf(shown)] as const,
      ...guardingHeaders,
      ...headers,
    ].flat(),
    body: text,
  };
}

/** Where the browser goes on. */
export function redirect(to: string, headers: readonly Header[] = []): Answer {
  return {
    status: 302,
    headers: [["location", to] as const, ...guardingHeaders, ...headers].flat(),
    body: "",
  };
}

export function errorPage(visit: Pick<Visit, "words">, message: string, status = 400): Answer {
  return page(visit, {
    heading: visit.words.errorHeading,
    body: html`<p role="alert">${message}</p>`,
    status,
  });
}
