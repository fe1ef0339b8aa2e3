import { html } from "../../../kit/html.ts";
import { allows } from "../clients/settings.ts";
import { joined, page } from "./html.ts";
import type { Asking } from "./loginViews.ts";
import type { OAuthRequest } from "./oauthRequest.ts";
import { scriptPath } from "./passkeyScript.ts";
import { type Field, formsOf, link, linkTo } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** Pages of managed login where users choose how to prove that it is them. */

/** Ways that have a page, as the API names them. */
const ways = ["PASSWORD", "EMAIL_OTP", "SMS_OTP", "WEB_AUTHN"] as const;
export type Way = (typeof ways)[number];

export function waysOf(names: readonly string[] = []): Way[] {
  return ways.filter((way) => names.includes(way));
}

/** Whether users are asked for their name first, as they may have no password. https://docs.aws.amazon.com/cognito/latest/developerguide/authentication-flow-things-to-know.html */
export function isByChoice({ pool, domain }: Visit, { client }: OAuthRequest): boolean {
  const factors = pool.settings.Policies?.SignInPolicy?.AllowedFirstAuthFactors ?? [];
  return domain.managedLoginVersion === 2 && factors.length > 1 && allows(client.settings, "ALLOW_USER_AUTH");
}

/** Every way that the user has, each with its form. */
export function waysPage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { session, username, possible }: Asking & { possible: readonly Way[] },
  problem?: string,
): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const password: Field = {
    name: "password",
    label: words.password,
    type: "password",
    autocomplete: "current-password",
  };
  const labels: Record<Way, string> = {
    PASSWORD: words.signIn,
    EMAIL_OTP: words.byCode,
    SMS_OTP: words.SMS_OTP,
    WEB_AUTHN: words.WEB_AUTHN,
  };
  const forms = possible.map((answer) =>
    form({
      path: "/login",
      step: "SELECT_CHALLENGE",
      hidden: { session, username, answer, possible: possible.join(" ") },
      ...(answer === "PASSWORD" && { fields: [password] }),
      submit: labels[answer],
    }),
  );
  const forgot = possible.includes("PASSWORD") ? [link(linkTo(visit, "/forgotPassword"), words.forgot)] : [];
  return page(visit, {
    heading: words.chooseHeading,
    body: joined([html`<p>${username}</p>`, ...forms, ...forgot]),
    problem,
    headers,
    leadsTo: redirectUri,
  });
}

export interface PasskeyAsked {
  heading: string;
  hint: string;
  path: string;
  step: string;
  hidden: Record<string, string>;
  /** What the script does with the options. */
  kind: "get" | "create";
  /** As the browser's API takes them, in JSON. */
  options: string;
  /** Where to go without a passkey. */
  otherwise: { to: string; label: string };
}

/** Asks the browser for a passkey, or has it make one. */
export function passkeyPage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { heading, hint, path, step, hidden, kind, options, otherwise }: PasskeyAsked,
  problem?: string,
): Answer {
  const { words, self } = visit;
  const { form, headers } = formsOf(visit);
  const asked = form({
    path,
    step,
    hidden: { ...hidden, credential: "" },
    submit: words.passkeyUse,
    data: { passkey: kind, options },
  });
  return page(visit, {
    heading,
    body: joined([
      html`<p id="passkey-problem" role="alert" hidden>${words.passkeyFailed}</p>`,
      html`<noscript><p role="alert">${words.passkeyScript}</p></noscript>`,
      html`<p>${hint}</p>`,
      asked,
      link(otherwise.to, otherwise.label),
    ]),
    problem,
    headers,
    leadsTo: redirectUri,
    script: `${self}${scriptPath}`,
  });
}
