import { Html, html } from "../../kit/html.ts";
import type { PublicDocument } from "../../kit/pages.ts";
import { words } from "./words.ts";

/** The pages that signing in shows. */

const style = new Html(
  [
    "body{margin:0;font:16px/1.5 system-ui,sans-serif;background:#f4f5f7;color:#16191f}",
    "main{max-width:24rem;margin:10vh auto;padding:2rem;background:#fff;border:1px solid #d5d9de;border-radius:8px}",
    "h1{margin:0 0 1rem;font-size:1.4rem}label{display:block;margin-top:1rem;font-weight:600}",
    "input{box-sizing:border-box;width:100%;padding:.5rem;font:inherit;border:1px solid #687078;border-radius:4px}",
    "button{width:100%;margin-top:1.5rem;padding:.6rem;font:inherit;font-weight:600;color:#fff;background:#0b57a4;border:0;border-radius:4px}",
    "button.other{margin-top:.5rem;color:#0b57a4;background:none;text-decoration:underline}",
    "input:focus,button:focus{outline:3px solid #6cace4;outline-offset:1px}",
    "[role=alert]{padding:.6rem;color:#8a1212;background:#fdf0f0;border:1px solid #c43a3a;border-radius:4px}",
    "dt{font-weight:600}dd{margin:0 0 .5rem;overflow-wrap:anywhere}",
  ].join(""),
);

/** https://developer.mozilla.org/en-US/docs/Web/HTTP/Reference/Headers/Content-Security-Policy */
const guardingHeaders = [
  [
    "content-security-policy",
    "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  ],
  ["x-content-type-options", "nosniff"],
  ["x-frame-options", "DENY"],
  // Not "no-referrer": browsers would then send a form without saying from where.
  ["referrer-policy", "same-origin"],
  ["cache-control", "no-store"],
] as const;

export function pageOf(
  heading: string,
  body: Html,
  { status, headers }: { status: number; headers: readonly (readonly [string, string])[] },
): PublicDocument {
  const page = html`<!doctype html>
<html lang="${words.language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${words.title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${heading}</h1>
${body}
</main>
</body>
</html>
`;
  return {
    status,
    contentType: "text/html; charset=utf-8",
    body: page.text,
    headers: [...guardingHeaders, ...headers],
  };
}

/** Where the browser goes on, so that nothing is sent twice. */
export function redirect(to: string, headers: readonly (readonly [string, string])[]): PublicDocument {
  return {
    status: 303,
    contentType: "text/plain",
    body: "",
    headers: [...guardingHeaders, ["location", to], ...headers],
  };
}
