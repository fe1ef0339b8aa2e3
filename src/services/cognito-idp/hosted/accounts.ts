import { AwsError } from "../../../kit/errors.ts";
import { html } from "../../../kit/html.ts";
import { hasFormToken } from "./cookies.ts";
import { errorPage, joined, page, redirect } from "./html.ts";
import { signInBy } from "./login.ts";
import { attributeField, attributePrefix, loginPage, nameField, newPasswordFields } from "./loginViews.ts";
import { clientOf, type OAuthRequest, oauthRequest, offers, Untold } from "./oauthRequest.ts";
import { naming, own } from "./own.ts";
import { formsOf, link, linkTo } from "./views.ts";
import { type Answer, isForeign, tried, type Visit } from "./visit.ts";
import { problemOf } from "./words.ts";

/** Users sign themselves up, and confirm that they read what is sent to them. */

interface Typed {
  username: string;
  attributes: Record<string, string>;
}

/** What a new user must say: what the pool requires, and the addresses that it verifies. */
function attributesAsked({ pool }: Visit): string[] {
  const required = pool.schema.filter(({ Required }) => Required).map(({ Name = "" }) => Name);
  const verified = pool.settings.AutoVerifiedAttributes ?? [];
  const names = [...new Set([...required, ...verified])].filter((name) => name !== "sub");
  // What stands in for a name is asked for as the name.
  return names.filter((name) => !pool.usernameAttributes.includes(name));
}

function signUpPage(visit: Visit, request: OAuthRequest, typed?: Typed, problem?: string): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const attributes = attributesAsked(visit).map((name) =>
    attributeField(visit, name, typed?.attributes[name]),
  );
  const fields = [nameField(visit, typed?.username), ...attributes, ...newPasswordFields(visit)];
  return page(visit, {
    heading: words.signUpHeading,
    body: joined([
      form({ path: "/signup", step: "signUp", fields, submit: words.signUp }),
      link(linkTo(visit, "/login"), words.haveAccount),
    ]),
    problem,
    headers,
    leadsTo: request.redirectUri,
  });
}

export async function signUp(visit: Visit): Promise<Answer> {
  const request = await oauthRequest(visit);
  const { form, words, pool, ctx, method } = visit;
  if (pool.settings.AdminCreateUserConfig?.AllowAdminCreateUserOnly || !offers(request.client, "COGNITO"))
    return errorPage(visit, "SignUp is not permitted for this user pool");
  if (method === "GET") return signUpPage(visit, request);
  const attributes = Object.fromEntries(
    attributesAsked(visit).map((name) => [name, (form.get(`${attributePrefix}${name}`) ?? "").trim()]),
  );
  const username = (form.get("username") ?? "").trim();
  const typed = { username, attributes };
  if (isForeign(visit) || !hasFormToken(visit)) return signUpPage(visit, request, typed, words.expired);
  const password = form.get("password") ?? "";
  if (username === "" || password === "") return signUpPage(visit, request, typed, words.incomplete);
  if (password !== form.get("again")) return signUpPage(visit, request, typed, words.different);
  const made = await tried(ctx, () =>
    own(visit, "SignUp", {
      ...naming(request.client, username),
      Password: password,
      UserAttributes: Object.entries(attributes).map(([Name, Value]) => ({ Name, Value })),
    }),
  );
  if (made instanceof AwsError) return signUpPage(visit, request, typed, problemOf(words, made));
  if (made.UserConfirmed === true) return await signInBy(visit, request, username, password);
  const { Destination = "" } = (made.CodeDeliveryDetails ?? {}) as { Destination?: string };
  return confirmPage(visit, { username, destination: Destination });
}

interface Confirming {
  username: string;
  destination: string;
}

function confirmPage(visit: Visit, { username, destination }: Confirming, problem?: string): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const hidden = { username, destination };
  const hint = `${words.codeSent} ${destination}`;
  return page(visit, {
    heading: words.confirmHeading,
    body: joined([
      form({
        path: "/confirm",
        step: "confirm",
        hidden,
        fields: [{ name: "code", label: words.code, autocomplete: "one-time-code", hint }],
        submit: words.submit,
      }),
      form({ path: "/confirm", step: "resend", hidden, submit: words.resend }),
    ]),
    problem,
    headers,
  });
}

/** Sends a new code to who has not confirmed yet, and asks for it. */
export async function askCode(visit: Visit, request: OAuthRequest, username: string): Promise<Answer> {
  const { ctx, words } = visit;
  const sent = await tried(ctx, () => own(visit, "ResendConfirmationCode", naming(request.client, username)));
  if (sent instanceof AwsError)
    return await loginPage(visit, request, { problem: problemOf(words, sent), username });
  const { Destination = "" } = (sent.CodeDeliveryDetails ?? {}) as { Destination?: string };
  return confirmPage(visit, { username, destination: Destination });
}

export async function confirm(visit: Visit): Promise<Answer> {
  const request = await oauthRequest(visit);
  const { form, words, ctx, method } = visit;
  if (method === "GET") return redirect(linkTo(visit, "/login"));
  const username = form.get("username") ?? "";
  const asked = { username, destination: form.get("destination") ?? "" };
  if (isForeign(visit) || !hasFormToken(visit)) return confirmPage(visit, asked, words.expired);
  if (form.get("step") === "resend") return await askCode(visit, request, username);
  const ConfirmationCode = (form.get("code") ?? "").trim();
  const done = await tried(ctx, () =>
    own(visit, "ConfirmSignUp", { ...naming(request.client, username), ConfirmationCode }),
  );
  if (done instanceof AwsError) return confirmPage(visit, asked, problemOf(words, done));
  return redirect(linkTo(visit, "/login", { done: "confirmed" }));
}

/** The link in an e-mail. https://docs.aws.amazon.com/cognito/latest/developerguide/userpools-confirm-sign-up-with-link.html */
export async function confirmByLink(visit: Visit): Promise<Answer> {
  const { query, words, ctx } = visit;
  const client = await clientOf(visit, query.get("client_id") ?? undefined);
  if (client === undefined) throw new Untold("Client does not exist.");
  const ConfirmationCode = query.get("confirmation_code") ?? "";
  const named = naming(client, query.get("user_name") ?? "");
  const done = await tried(ctx, () => own(visit, "ConfirmSignUp", { ...named, ConfirmationCode }));
  if (done instanceof AwsError) return errorPage(visit, problemOf(words, done));
  return page(visit, {
    heading: words.confirmHeading,
    body: html`<p role="status">${words.confirmed}</p>`,
  });
}
