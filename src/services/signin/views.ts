import type { Caller } from "../../kit/caller.ts";
import { Html, html } from "../../kit/html.ts";
import { type Cookies, formToken } from "./cookies.ts";
import { shownTime, words } from "./words.ts";

/** The pages: each a heading and what stands below. */
export interface View {
  heading: string;
  body: Html;
}

const path = "/signin";

function form(step: string, cookies: Cookies, fields: Html, submit: string, isOther = false): Html {
  return html`<form method="post" action="${path}">
<input type="hidden" name="step" value="${step}">
<input type="hidden" name="token" value="${formToken(cookies)}">
${fields}
<button${new Html(isOther ? ' class="other"' : "")}>${submit}</button>
</form>`;
}

interface Field {
  name: string;
  label: string;
  type?: "password" | "text";
  value?: string;
  autocomplete: string;
  maxLength: number;
  hint?: string;
}

function field({ name, label, type = "text", value = "", autocomplete, maxLength, hint }: Field): Html {
  const described = hint === undefined ? new Html("") : html` aria-describedby="${name}-hint"`;
  const numeric = new Html(autocomplete === "one-time-code" ? ' inputmode="numeric" pattern="[0-9]{6}"' : "");
  return html`<label for="${name}">${label}</label>
${hint === undefined ? undefined : html`<p id="${name}-hint">${hint}</p>`}
<input id="${name}" name="${name}" type="${type}" value="${value}" autocomplete="${autocomplete}" maxlength="${String(maxLength)}"${numeric} required${described}>`;
}

function fields(...list: Field[]): Html {
  return new Html(list.map((one) => field(one).text).join("\n"));
}

function alert(problem: string | undefined): Html {
  return problem === undefined ? new Html("") : html`<p role="alert">${problem}</p>`;
}

function startOver(cookies: Cookies): Html {
  return form("signOut", cookies, new Html(""), words.startOver, true);
}

/** Longest texts that are looked at: alias, user name, password, code. */
export const maxChars = { account: 63, user: 64, password: 128, code: 6 };

export function passwordView(
  cookies: Cookies,
  { account = "", user = "", problem }: { account?: string; user?: string; problem?: string | undefined },
): View {
  const password = words.password;
  const asked = fields(
    {
      name: "account",
      label: words.account,
      value: account,
      autocomplete: "organization",
      maxLength: maxChars.account,
    },
    { name: "user", label: words.userName, value: user, autocomplete: "username", maxLength: maxChars.user },
    {
      name: "password",
      label: password,
      type: "password",
      autocomplete: "current-password",
      maxLength: maxChars.password,
    },
  );
  return {
    heading: words.heading,
    body: html`${alert(problem)}
${form("password", cookies, asked, words.signIn)}`,
  };
}

export function codeView(cookies: Cookies): View {
  const asked = fields({
    name: "code",
    label: words.code,
    hint: words.codeHint,
    autocomplete: "one-time-code",
    maxLength: maxChars.code,
  });
  return {
    heading: words.codeHeading,
    body: html`${form("code", cookies, asked, words.submitCode)}
${startOver(cookies)}`,
  };
}

export function changeView(cookies: Cookies, problem?: string): View {
  const maxLength = maxChars.password;
  const asked = fields(
    { name: "old", label: words.oldPassword, type: "password", autocomplete: "current-password", maxLength },
    { name: "new", label: words.newPassword, type: "password", autocomplete: "new-password", maxLength },
    { name: "again", label: words.again, type: "password", autocomplete: "new-password", maxLength },
  );
  return {
    heading: words.changeHeading,
    body: html`${alert(problem)}
${form("change", cookies, asked, words.change)}
${startOver(cookies)}`,
  };
}

export function landingView(cookies: Cookies, { principal, userName = "", session }: Caller): View {
  const facts: [string, string][] = [
    [words.user, userName],
    [words.inAccount, principal.account],
    ["ARN", principal.arn],
    [words.mfa, session?.mfaAt === undefined ? words.mfaNotUsed : words.mfaUsed],
    [words.until, shownTime(session?.expiresAt ?? 0)],
  ];
  const list = new Html(
    facts.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`.text).join("\n"),
  );
  return {
    heading: words.signedIn,
    body: html`<dl>
${list}
</dl>
${form("signOut", cookies, new Html(""), words.signOut)}`,
  };
}
