import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { RequestFacts } from "../../kit/context.ts";
import type { PublicRequest } from "../../kit/pages.ts";

/** What the browser keeps. No page of another site is sent with it, and no script can read it. */
export interface Cookies {
  /** Makes the token that every form must bring. */
  form: string;
  /** A sign-in that is half done. */
  pending?: string | undefined;
  /** Access key id and token of a console session. */
  session?: string | undefined;
}

type Name = keyof Cookies;
const names: readonly Name[] = ["form", "pending", "session"];

/** Under TLS the prefix keeps hosts beside this one from setting the cookie. */
function cookieName(name: Name, { secure }: Pick<RequestFacts, "secure">): string {
  return `${secure ? "__Host-" : ""}cloudkeep-${name}`;
}

export function newSecret(): string {
  return randomBytes(32).toString("base64url");
}

export function cookiesOf({ cookies }: PublicRequest, request: RequestFacts): Cookies {
  const named = (name: Name) => cookies.get(cookieName(name, request)) || undefined;
  return { form: named("form") ?? "", pending: named("pending"), session: named("session") };
}

/** Headers that make the browser's cookies those of `after`. */
export function cookieHeaders(
  before: Cookies,
  after: Cookies,
  request: RequestFacts,
): (readonly [string, string])[] {
  return names
    .filter((name) => (before[name] ?? "") !== (after[name] ?? ""))
    .map((name) => {
      const value = after[name] ?? "";
      const gone = value === "" ? "; Max-Age=0" : "";
      const secure = request.secure ? "; Secure" : "";
      return [
        "set-cookie",
        `${cookieName(name, request)}=${value}; Path=/; HttpOnly; SameSite=Strict${secure}${gone}`,
      ] as const;
    });
}

/** The token of a form: bound to the browser's cookie, and to the sign-in or session for which the form was shown. */
export function formToken({ form, pending = "", session = "" }: Cookies): string {
  return createHmac("sha256", form).update(`${pending} ${session}`).digest("base64url");
}

export function isFormToken(given: string, cookies: Cookies): boolean {
  const expected = Buffer.from(formToken(cookies));
  const token = Buffer.from(given);
  return cookies.form !== "" && token.length === expected.length && timingSafeEqual(token, expected);
}
