import type { Answer } from "./visit.ts";

/** Answers to apps. Any page may read them: who has the token or the secret may have it anywhere. */

const headers = [
  "content-type",
  "application/json;charset=UTF-8",
  "cache-control",
  "no-store",
  "access-control-allow-origin",
  "*",
];

export function json(value: object, status = 200, more: readonly string[] = []): Answer {
  return { status, headers: [...headers, ...more], body: JSON.stringify(value) };
}

/** https://www.rfc-editor.org/rfc/rfc6749#section-5.2 */
export class OAuthError extends Error {
  readonly code: string;
  readonly status: number;

  constructor(code: string, message = "", status = 400) {
    super(message);
    this.code = code;
    this.status = status;
  }
}

export function refusal({ code, message, status }: OAuthError): Answer {
  const challenge = status === 401 ? ["www-authenticate", `Basic realm="Cognito", error="${code}"`] : [];
  return json({ error: code, ...(message !== "" && { error_description: message }) }, status, challenge);
}

/** What browsers ask before a page of an app calls. */
export function preflight(): Answer {
  return {
    status: 204,
    headers: [
      "access-control-allow-origin",
      "*",
      "access-control-allow-methods",
      "GET, POST",
      "access-control-allow-headers",
      // Amplify says who it is.
      "authorization, content-type, x-amz-user-agent",
      "access-control-max-age",
      "3600",
    ],
    body: "",
  };
}
