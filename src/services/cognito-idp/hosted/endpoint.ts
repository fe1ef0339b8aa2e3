import type { Endpoint, EndpointRequest } from "../../../kit/endpoint.ts";
import { checkRate } from "../auth/attempts.ts";
import { isUpload, upload } from "../imports/upload.ts";
import { confirm, confirmByLink, signUp } from "./accounts.ts";
import { addPasskey } from "./addPasskey.ts";
import { authorize } from "./authorize.ts";
import { brandImage, imagePath } from "./brandingStyle.ts";
import { errorPage } from "./html.ts";
import { OAuthError, preflight, refusal } from "./json.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { logo } from "./looks.ts";
import { Told, toldAnswer, Untold } from "./oauthRequest.ts";
import { fromOidc } from "./oidc.ts";
import { passkeyScript, scriptPath } from "./passkeyScript.ts";
import { forgot, reset } from "./passwordPages.ts";
import { revokeEndpoint } from "./revoke.ts";
import { continuePath, continueSaml, fromSaml } from "./saml.ts";
import { tokenEndpoint } from "./token.ts";
import { userInfo } from "./userInfo.ts";
import { addPasskeyPath } from "./views.ts";
import { type Answer, locateDomain, type Visit, visitOf } from "./visit.ts";
import { wordsOf } from "./words.ts";

/** What a pool's domain answers. */

/** Of a form, or a SAML response. Whoever sends one has proved nothing yet. */
const maxBodyBytes = 256 * 1024;

/** What the record shows of an address; the rest may hold codes, states, or names of people. */
const shownParameters = ["client_id", "response_type", "redirect_uri", "scope", "lang", "identity_provider"];

/** Refusals that come before it is known what is asked. */
const shownOnPages: Record<string, number> = {
  NotFound: 404,
  RequestEntityTooLargeException: 413,
  TooManyRequestsException: 429,
};

type Route = (visit: Visit) => Promise<Answer>;

/** Pages for people. */
const pages: Record<string, Route> = {
  "/oauth2/authorize": authorize,
  "/login": login,
  "/signup": signUp,
  "/confirm": confirm,
  "/confirmUser": confirmByLink,
  "/forgotPassword": forgot,
  "/confirmForgotPassword": reset,
  "/logout": logout,
  "/logo": logo,
  [imagePath]: brandImage,
  [scriptPath]: passkeyScript,
  [addPasskeyPath]: addPasskey,
  "/oauth2/idpresponse": fromOidc,
  "/saml2/idpresponse": fromSaml,
  [continuePath]: continueSaml,
};

/** What apps ask. */
const calls: Record<string, Route> = {
  "/oauth2/token": tokenEndpoint,
  "/oauth2/userInfo": userInfo,
  "/oauth2/revoke": revokeEndpoint,
};

/** As AWS names what is asked of the pages: "Login_GET". https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html */
function nameOf({ path, method }: EndpointRequest): string {
  if (!Object.hasOwn(pages, path) && !Object.hasOwn(calls, path)) return `Error_${method}`;
  const last = path.slice(path.lastIndexOf("/") + 1);
  return `${last.charAt(0).toUpperCase()}${last.slice(1)}_${method}`;
}

async function answer(visit: Visit): Promise<Answer> {
  const { path, method } = visit;
  if (Object.hasOwn(calls, path)) {
    if (method === "OPTIONS") return preflight();
    return await (calls[path] as Route)(visit);
  }
  const route = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (route === undefined) return errorPage(visit, "The page does not exist.", 404);
  if (method !== "GET" && method !== "POST") return errorPage(visit, "The method is not allowed.", 405);
  return await route(visit);
}

/** Refusals that are answers: what was written before them, stays. */
async function answered(visit: Visit): Promise<Answer> {
  try {
    return await answer(visit);
  } catch (error) {
    if (error instanceof OAuthError) return refusal(error);
    if (error instanceof Told) return toldAnswer(error);
    if (error instanceof Untold) return errorPage(visit, error.message);
    throw error;
  }
}

/** https://docs.aws.amazon.com/cognito/latest/developerguide/understanding-amazon-cognito-entries.html */
function note({ pool, domain, query, ctx }: Visit, { status }: Answer): void {
  const requestParameters = Object.fromEntries(
    shownParameters.filter((name) => query.has(name)).map((name) => [name, query.getAll(name)]),
  );
  ctx.event.userIdentity = { type: "Unknown", principalId: "Anonymous", accountId: pool.account };
  ctx.event.additionalEventData = {
    ...ctx.event.additionalEventData,
    responseParameters: { status },
    ...(query.size > 0 && { requestParameters }),
    userPoolDomain: domain.domain,
    userPoolId: pool.poolId,
  };
}

export const endpoint: Endpoint = {
  name: (asked) => (isUpload(asked) ? upload.name : nameOf(asked)),
  maxBodyBytes,
  streams: (asked) => (isUpload(asked) ? { maxBytes: upload.maxBytes } : undefined),
  isManagement: (asked) => !isUpload(asked),
  locate: (asked, tx) => (isUpload(asked) ? undefined : locateDomain(asked, tx)),
  // Whoever signs in on the pages, or asks with a client's secret, proves itself by that.
  access: async (asked, ctx) => (isUpload(asked) ? await upload.access(asked, ctx) : []),
  async handle(asked, ctx) {
    if (isUpload(asked)) return await upload.handle(asked, ctx);
    checkRate(ctx);
    const visit = await visitOf(asked, ctx);
    const given = await answered(visit);
    note(visit, given);
    return given;
  },
  refuse(error) {
    const status = shownOnPages[error.code];
    return status === undefined
      ? upload.refuse(error)
      : errorPage({ words: wordsOf(null) }, error.message, status);
  },
};
