import type { Answer, Visit } from "./visit.ts";

/** The only script of the pages: browsers give passkeys to nothing else. It talks to nobody; the form takes what it got. */

export const scriptPath = "/passkey.js";

const script = `"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  const field = form?.elements.namedItem("credential");
  const problem = document.getElementById("passkey-problem");
  if (!form || !field || !problem) return;
  const bytes = (text) =>
    Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (sign) => sign.charCodeAt(0));
  const text = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer)))
      .replace(/\\+/g, "-")
      .replace(/\\//g, "_")
      .replace(/=+$/, "");
  const known = (list = []) => list.map((one) => ({ ...one, id: bytes(one.id) }));
  const options = JSON.parse(form.dataset.options);
  const publicKey = { ...options, challenge: bytes(options.challenge) };
  if (options.user) publicKey.user = { ...options.user, id: bytes(options.user.id) };
  if (options.allowCredentials) publicKey.allowCredentials = known(options.allowCredentials);
  if (options.excludeCredentials) publicKey.excludeCredentials = known(options.excludeCredentials);
  const plain = (credential) => {
    const { response } = credential;
    const given = { clientDataJSON: text(response.clientDataJSON) };
    for (const name of ["attestationObject", "authenticatorData", "signature", "userHandle"])
      if (response[name]) given[name] = text(response[name]);
    if (response.getTransports) given.transports = response.getTransports();
    return {
      id: credential.id,
      rawId: text(credential.rawId),
      type: credential.type,
      authenticatorAttachment: credential.authenticatorAttachment ?? undefined,
      clientExtensionResults: credential.getClientExtensionResults(),
      response: given,
    };
  };
  form.addEventListener("submit", async (event) => {
    if (field.value !== "") return;
    event.preventDefault();
    problem.hidden = true;
    try {
      const ask = form.dataset.passkey === "create" ? "create" : "get";
      field.value = JSON.stringify(plain(await navigator.credentials[ask]({ publicKey })));
      form.submit();
    } catch {
      field.value = "";
      problem.hidden = false;
    }
  });
})();
`;

export async function passkeyScript(_: Visit): Promise<Answer> {
  return {
    status: 200,
    headers: [
      ...["content-type", "text/javascript; charset=utf-8"],
      ...["x-content-type-options", "nosniff", "cache-control", "no-cache"],
    ],
    body: script,
  };
}
