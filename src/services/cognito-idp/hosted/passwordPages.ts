import { AwsError } from "../../../kit/errors.ts";
import { html } from "../../../kit/html.ts";
import { hasFormToken } from "./cookies.ts";
import { joined, page, redirect } from "./html.ts";
import { nameField, newPasswordFields } from "./loginViews.ts";
import { oauthRequest } from "./oauthRequest.ts";
import { naming, own } from "./own.ts";
import { formsOf, link, linkTo } from "./views.ts";
import { type Answer, isForeign, tried, type Visit } from "./visit.ts";
import { problemOf } from "./words.ts";

/** Passwords that are forgotten. */

function forgotPage(visit: Visit, username = "", problem?: string): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  return page(visit, {
    heading: words.forgotHeading,
    body: joined([
      html`<p>${words.forgotHint}</p>`,
      form({
        path: "/forgotPassword",
        step: "forgot",
        fields: [nameField(visit, username)],
        submit: words.submit,
      }),
      link(linkTo(visit, "/login"), words.haveAccount),
    ]),
    problem,
    headers,
  });
}

export async function forgot(visit: Visit): Promise<Answer> {
  const { client } = await oauthRequest(visit);
  const { form, words, ctx, method, query } = visit;
  if (method === "GET") return forgotPage(visit, query.get("login_hint") ?? "");
  const username = (form.get("username") ?? "").trim();
  if (isForeign(visit) || !hasFormToken(visit)) return forgotPage(visit, username, words.expired);
  if (username === "") return forgotPage(visit, username, words.incomplete);
  const sent = await tried(ctx, () => own(visit, "ForgotPassword", naming(client, username)));
  if (sent instanceof AwsError) return forgotPage(visit, username, problemOf(words, sent));
  const { Destination = "" } = (sent.CodeDeliveryDetails ?? {}) as { Destination?: string };
  return resetPage(visit, { username, destination: Destination });
}

interface Resetting {
  username: string;
  destination?: string;
}

export function resetPage(visit: Visit, { username, destination = "" }: Resetting, problem?: string): Answer {
  const { words } = visit;
  const { form, headers } = formsOf(visit);
  const hint = destination === "" ? {} : { hint: `${words.codeSent} ${destination}` };
  const body = form({
    path: "/confirmForgotPassword",
    step: "reset",
    hidden: { username, destination },
    fields: [
      { name: "code", label: words.code, autocomplete: "one-time-code", ...hint },
      ...newPasswordFields(visit),
    ],
    submit: words.submit,
  });
  return page(visit, {
    heading: words.resetHeading,
    body: body,
    problem,
    headers,
  });
}

export async function reset(visit: Visit): Promise<Answer> {
  const { client } = await oauthRequest(visit);
  const { form, words, ctx, method } = visit;
  if (method === "GET") return redirect(linkTo(visit, "/forgotPassword"));
  const asked = { username: form.get("username") ?? "", destination: form.get("destination") ?? "" };
  if (isForeign(visit) || !hasFormToken(visit)) return resetPage(visit, asked, words.expired);
  const Password = form.get("password") ?? "";
  if (Password !== form.get("again")) return resetPage(visit, asked, words.different);
  const ConfirmationCode = (form.get("code") ?? "").trim();
  const done = await tried(ctx, () =>
    own(visit, "ConfirmForgotPassword", {
      ...naming(client, asked.username),
      ConfirmationCode,
      Password,
    }),
  );
  if (done instanceof AwsError) return resetPage(visit, asked, problemOf(words, done));
  return redirect(linkTo(visit, "/login"));
}
