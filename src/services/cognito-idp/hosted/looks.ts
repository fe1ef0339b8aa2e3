import { type Html, html } from "../../../kit/html.ts";
import type { ClientRow } from "../clients/clientRow.ts";
import { keyOf } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { styleFor } from "./brandingStyle.ts";
import { errorPage, joined, none } from "./html.ts";
import { type LooksRow, looks, terms } from "./tables.ts";
import { link } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** How pages look for a client. */

export const everyClient = "ALL";
/** Of a pool: two for each client that has some. */
export const maxTermsPerPool = 500;

/** https://docs.aws.amazon.com/cognito/latest/developerguide/hosted-ui-classic-branding.html#cognito-user-pools-app-ui-customization-css */
const classes = new Set(
  [
    "logo",
    "banner",
    "label",
    "textDescription",
    "idpDescription",
    "legalText",
    "submitButton",
    "errorMessage",
  ]
    .concat(["inputField", "idpButton", "socialButton", "redirect", "background", "passwordCheck-notValid"])
    .concat(["passwordCheck-valid"])
    .map((name) => `.${name}-customizable`),
);

/** Refuses what styles the pages otherwise than by AWS's classes, or fetches anything. */
export function checkCss(css: string): void {
  if (/[<\\@]|url\s*\(|expression|\/\*/i.test(css)) throw invalid("The CSS holds what is not supported.");
  const rest = css.replace(/([^{}]*)\{([^{}]*)\}/g, (_, selectors: string) => {
    for (const selector of selectors.split(",")) {
      const [name = ""] = selector.trim().split(/:/);
      if (!classes.has(name)) throw invalid(`The CSS class ${name} is not supported.`);
    }
    return "";
  });
  if (rest.trim() !== "") throw invalid("The CSS cannot be parsed.");
}

/** What an image is, by its first bytes. */
export function imageTypeOf(image: Buffer): string | undefined {
  if (image.subarray(0, 8).toString("hex") === "89504e470d0a1a0a") return "image/png";
  return image.subarray(0, 3).toString("hex") === "ffd8ff" ? "image/jpeg" : undefined;
}

async function looksOf({ pool, ctx }: Visit, clientId: string): Promise<LooksRow | undefined> {
  const own = await looks.get(ctx.tx, ...keyOf(pool), clientId);
  return own ?? (await looks.get(ctx.tx, ...keyOf(pool), everyClient));
}

/** The client's own style and logo, or those of all. They were checked when they were set. */
export async function looksFor(
  visit: Visit,
  { clientId }: Pick<ClientRow, "clientId">,
): Promise<{ css: string | undefined; logo: Html }> {
  const style = await styleFor(visit, clientId);
  if (style !== undefined) return style;
  const row = await looksOf(visit, clientId);
  const source = `${visit.base}/logo?client_id=${clientId}`;
  const logo =
    row?.image === undefined
      ? none
      : html`<p class="banner-customizable"><img class="logo-customizable" src="${source}" alt=""></p>`;
  return { css: row?.css, logo };
}

export async function logo(visit: Visit): Promise<Answer> {
  const row = await looksOf(visit, visit.query.get("client_id") ?? everyClient);
  const image = Buffer.from(row?.image ?? "", "base64");
  const type = imageTypeOf(image);
  if (type === undefined) return errorPage(visit, "The page does not exist.", 404);
  return {
    status: 200,
    headers: ["content-type", type, "x-content-type-options", "nosniff", "cache-control", "no-cache"],
    body: image,
  };
}

const languages: Record<string, string> = {
  en: "cognito:english",
  de: "cognito:german",
  fr: "cognito:french",
};

/** What a client has its users know, in the language of the page. */
export async function termsLinks(
  { pool, ctx, words }: Visit,
  { clientId }: Pick<ClientRow, "clientId">,
): Promise<Html> {
  const rows = await terms.list(ctx.tx, keyOf(pool), { limit: maxTermsPerPool });
  const own = rows.filter(({ row }) => row.clientId === clientId);
  if (own.length === 0) return none;
  return joined(
    own.map(({ row: { name, links } }) => {
      const to = links[languages[words.language] ?? ""] ?? links["cognito:default"];
      return to === undefined ? none : link(to, name === "terms-of-use" ? words.terms : words.privacy);
    }),
  );
}
