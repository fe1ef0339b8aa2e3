import type { ClientRow } from "../clients/clientRow.ts";
import { keyOf } from "../pools/poolRow.ts";
import { type Html, joined, none } from "./html.ts";
import { looks, terms } from "./tables.ts";
import { link } from "./views.ts";
import type { Visit } from "./visit.ts";

/** How pages look for a client. */

const everyClient = "ALL";
/** Few clients have more than the two kinds of terms that there are. */
const maxTerms = 50;

/** The client's own style, or that of all. It was checked when it was set. */
export async function customCss(
  { pool, ctx }: Visit,
  { clientId }: Pick<ClientRow, "clientId">,
): Promise<string | undefined> {
  const own = await looks.get(ctx.tx, ...keyOf(pool), clientId);
  return (own ?? (await looks.get(ctx.tx, ...keyOf(pool), everyClient)))?.css;
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
  const rows = await terms.list(ctx.tx, keyOf(pool), { limit: maxTerms });
  const own = rows.filter(({ row }) => row.clientId === clientId);
  if (own.length === 0) return none;
  return joined(
    own.map(({ row: { name, links } }) => {
      const to = links[languages[words.language] ?? ""] ?? links["cognito:default"];
      return to === undefined ? none : link(to, name === "terms-of-use" ? words.terms : words.privacy);
    }),
  );
}
