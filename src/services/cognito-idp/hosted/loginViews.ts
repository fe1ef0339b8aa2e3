import { type Html, html } from "../../../kit/html.ts";
import { keyOf } from "../pools/poolRow.ts";
import { isByChoice } from "./choiceViews.ts";
import { joined, none, page } from "./html.ts";
import { looksFor, termsLinks } from "./looks.ts";
import { type OAuthRequest, offers } from "./oauthRequest.ts";
import { providers } from "./tables.ts";
import { type Field, type Form, formsOf, link, linkTo, status } from "./views.ts";
import type { Answer, Visit } from "./visit.ts";

/** The page where a sign-in begins, and those that ask for more. */

export interface Shown {
  problem?: string | undefined;
  message?: string | undefined;
  username?: string | undefined;
}

/** What users of a pool sign in by. */
export function nameField({ pool, words }: Visit, value = ""): Field {
  const [only, more] = pool.usernameAttributes;
  const shown = { name: "username", value, autocomplete: "username" };
  if (only === "email" && more === undefined) return { ...shown, label: words.email, type: "email" };
  if (only === "phone_number" && more === undefined) return { ...shown, label: words.phone, type: "tel" };
  return { ...shown, label: words.userName };
}

export async function loginPage(visit: Visit, request: OAuthRequest, shown: Shown = {}): Promise<Answer> {
  const { words, pool, query } = visit;
  const { form, headers } = formsOf(visit);
  const others = await otherWays(visit, request);
  const isOwn = offers(request.client, "COGNITO");
  if (!isOwn && others.length === 0)
    return page(visit, {
      heading: words.errorHeading,
      body: none,
      problem: "Login pages unavailable. Please contact an administrator.",
    });
  const username = shown.username ?? query.get("login_hint") ?? "";
  const own = isOwn
    ? joined([
        form({ path: "/login", ...firstStep(visit, request, username) }),
        link(linkTo(visit, "/forgotPassword"), words.forgot),
        pool.settings.AdminCreateUserConfig?.AllowAdminCreateUserOnly
          ? none
          : link(linkTo(visit, "/signup"), `${words.noAccount} ${words.signUp}`),
      ])
    : none;
  const { css, logo } = await looksFor(visit, request.client);
  return page(visit, {
    heading: words.signInHeading,
    body: joined([logo, status(shown.message), ...others, own, await termsLinks(visit, request.client)]),
    problem: shown.problem,
    headers,
    leadsTo: request.redirectUri,
    css,
  });
}

/** Name and password, or the name alone where a password is one way of several. */
function firstStep(visit: Visit, request: OAuthRequest, username: string): Omit<Form, "path"> {
  const { words } = visit;
  const name = nameField(visit, username);
  if (isByChoice(visit, request)) return { step: "name", fields: [name], submit: words.submit };
  const password = { name: "password", label: words.password, type: "password" as const };
  return {
    step: "password",
    fields: [name, { ...password, autocomplete: "current-password" }],
    submit: words.signIn,
  };
}

/** Other providers that the client's users may come from. */
async function otherWays(visit: Visit, { client }: OAuthRequest): Promise<Html[]> {
  const { words, pool, ctx } = visit;
  const ways: Html[] = [];
  for (const name of client.settings.SupportedIdentityProviders ?? []) {
    if (name === "COGNITO") continue;
    const provider = await providers.get(ctx.tx, ...keyOf(pool), name);
    if (provider === undefined) continue;
    const to = linkTo(visit, "/oauth2/authorize", { identity_provider: name });
    ways.push(link(to, `${words.with} ${name}`, "provider idpButton-customizable"));
  }
  return ways;
}

export interface Asking {
  session: string;
  username: string;
}

export interface CodeAsked extends Asking {
  challenge: string;
  destination: string;
}

/** Asks for the code of a second factor. */
export function codePage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { challenge, destination, session, username }: CodeAsked,
  problem?: string,
): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const hint = challenge === "SOFTWARE_TOKEN_MFA" ? words.codeApp : `${words.codeSent} ${destination}`;
  const body = form({
    path: "/login",
    step: challenge,
    hidden: { session, username, destination },
    fields: [{ name: "code", label: words.code, autocomplete: "one-time-code", hint }],
    submit: words.submit,
  });
  return page(visit, {
    heading: words.codeHeading,
    body: body,
    problem,
    headers,
    leadsTo: redirectUri,
  });
}

/** Asks which second factor it shall be. */
export function choicePage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { session, username }: Asking,
  methods: readonly ("SMS_MFA" | "SOFTWARE_TOKEN_MFA" | "EMAIL_OTP")[],
): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const forms = methods.map((answer) =>
    form({
      path: "/login",
      step: "SELECT_MFA_TYPE",
      hidden: { session, username, answer },
      submit: words[answer],
    }),
  );
  return page(visit, { heading: words.chooseHeading, body: joined(forms), headers, leadsTo: redirectUri });
}

/** Shows the key of an authenticator app, and asks for its first code. */
export function setupPage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { session, username, key }: Asking & { key: string },
  problem?: string,
): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const body = form({
    path: "/login",
    step: "MFA_SETUP",
    hidden: { session, username, key },
    fields: [{ name: "code", label: words.code, autocomplete: "one-time-code" }],
    submit: words.submit,
  });
  return page(visit, {
    heading: words.setupHeading,
    body: html`<p>${words.setupHint}</p><p>${words.key}: <code>${key}</code></p>${body}`,
    problem,
    headers,
    leadsTo: redirectUri,
  });
}

/** A new password, for one whose password an administrator has set; and what the pool requires to know. */
export function changePage(
  visit: Visit,
  { redirectUri }: OAuthRequest,
  { session, username, required }: Asking & { required: readonly string[] },
  problem?: string,
): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const body = form({
    path: "/login",
    step: "NEW_PASSWORD_REQUIRED",
    hidden: { session, username, required: required.join(" ") },
    fields: [...newPasswordFields(visit), ...required.map((name) => attributeField(visit, name))],
    submit: words.submit,
  });
  return page(visit, {
    heading: words.changeHeading,
    body: html`<p>${words.changeHint}</p>${body}`,
    problem,
    headers,
    leadsTo: redirectUri,
  });
}

export function newPasswordFields({ words }: Visit): Field[] {
  return [
    { name: "password", label: words.newPassword, type: "password", autocomplete: "new-password" },
    { name: "again", label: words.again, type: "password", autocomplete: "new-password" },
  ];
}

export const attributePrefix = "attribute.";

export function attributeField({ words }: Visit, name: string, value = ""): Field {
  const shown = { name: `${attributePrefix}${name}`, value };
  if (name === "email") return { ...shown, label: words.email, type: "email", autocomplete: "email" };
  if (name === "phone_number") return { ...shown, label: words.phone, type: "tel", autocomplete: "tel" };
  return { ...shown, label: name.replace(/^custom:/, "").replaceAll("_", " ") };
}
