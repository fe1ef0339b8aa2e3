import { sign } from "node:crypto";
import { deflateRawSync } from "node:zlib";
import type { BadAssertion, Node } from "../../../kit/saml.ts";
import { keyOf } from "../pools/poolRow.ts";
import { useOnce } from "../tokens/spent.ts";
import { hashOf, newSecret } from "./cookies.ts";
import type { Identity } from "./federatedUsers.ts";
import { arrive, checkBrowser, checkFirst, leave, returned } from "./federation.ts";
import { redirect } from "./html.ts";
import { type OAuthRequest, oauthRequest, offers, Told, Untold, withParameters } from "./oauthRequest.ts";
import { samlKeysOf } from "./samlKeys.ts";
import { currentMetadata } from "./samlMetadata.ts";
import { arrivals, type ProviderRow, providers } from "./tables.ts";
import type { Answer, Visit } from "./visit.ts";

/**
 * Providers that speak SAML 2.0; a pool is the service provider. Browsers bring a provider's answer from the provider's
 * page and without our cookies, so a second step tells whether this is the browser that was sent.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-saml-idp.html
 */

const responsePath = "/saml2/idpresponse";
export const continuePath = "/saml2/continue";
const arrivalMs = 60_000;

function entityOf({ pool }: Visit): string {
  return `urn:amazon:cognito:sp:${pool.poolId}`;
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll('"', "&quot;");
}

export async function toSaml(visit: Visit, request: OAuthRequest, provider: ProviderRow): Promise<Answer> {
  const { ctx, self } = visit;
  const metadata = await currentMetadata(visit.pool, provider, ctx);
  if (metadata === undefined) throw new Told("invalid_request", request, "The provider has no metadata.");
  const { sent, state, headers } = await leave(visit, provider, { nonce: "", verifier: "" });
  const at = new Date(ctx.clock.now()).toISOString();
  const xml =
    `<samlp:AuthnRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"` +
    ` ID="${sent.id}" Version="2.0" IssueInstant="${at}" Destination="${escaped(metadata.redirectUrl)}"` +
    ` ProtocolBinding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST" AssertionConsumerServiceURL="${escaped(`${self}${responsePath}`)}">` +
    `<saml:Issuer>${entityOf(visit)}</saml:Issuer></samlp:AuthnRequest>`;
  const SAMLRequest = deflateRawSync(Buffer.from(xml)).toString("base64");
  const asked = { SAMLRequest, RelayState: state };
  const isSigned = provider.details.RequestSigningAlgorithm !== undefined;
  const all = isSigned ? await signedQuery(visit, asked) : asked;
  return redirect(withParameters(metadata.redirectUrl, all), headers);
}

/** The signature covers the parameters in this order, encoded as they are sent: section 3.4.4.1 of the bindings of SAML 2.0. */
async function signedQuery(
  { pool, ctx }: Visit,
  asked: { SAMLRequest: string; RelayState: string },
): Promise<Record<string, string>> {
  const all = { ...asked, SigAlg: "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256" };
  const { signing } = await samlKeysOf(pool, ctx);
  const text = Buffer.from(new URLSearchParams(all).toString());
  return { ...all, Signature: sign("sha256", text, signing.privateKey).toString("base64") };
}

/** The provider's answer, brought by a browser that cannot show yet which it is. */
export async function fromSaml(visit: Visit): Promise<Answer> {
  const { form, method, pool, ctx, base } = visit;
  if (method !== "POST") throw new Untold("invalid_request");
  const response = form.get("SAMLResponse") ?? "";
  const unasked = await unaskedFor(visit, form.get("RelayState") ?? "");
  if (unasked !== undefined) {
    const { before, request, provider } = unasked;
    const judgement = await judged(visit, request, provider, response, undefined);
    await checkNew(visit, request, provider, judgement);
    return await arrive(before, request, provider, judgement.identity);
  }
  const { sent, request, provider } = await returned(visit, form.get("RelayState"), "SAML");
  const judgement = await judged(visit, request, provider, response, sent.id);
  await checkFirst(visit, sent);
  await checkNew(visit, request, provider, judgement);
  const { identity } = judgement;
  const secret = newSecret();
  const key = hashOf(secret);
  const { query, browser } = sent;
  const row = {
    ...identity,
    provider: provider.name,
    query,
    browser,
    expiresMs: ctx.clock.now() + arrivalMs,
  };
  arrivals.put(ctx.tx, [...keyOf(pool), key], { ...row, attributes: { ...identity.attributes } });
  ctx.timers.set(key, "forgetArrival", row.expiresMs, { poolId: pool.poolId, key });
  const { headers, ...rest } = redirect(`${base}${continuePath}?arrival=${secret}`);
  // The browser goes on with GET, whatever it came with.
  return { ...rest, status: 303, headers };
}

async function checkNew(
  { pool, ctx }: Visit,
  request: OAuthRequest,
  provider: ProviderRow,
  { id, expiresMs }: Judged,
): Promise<void> {
  if (!(await useOnce(pool, `saml/${provider.name}/${id}`, expiresMs, ctx)))
    throw new Told("invalid_request", request, "The SAML response was used before.");
}

/**
 * A provider may send users whom nobody has sent there, where the pool says so: RelayState is then what the app would
 * have asked for. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-SAML-session-initiation.html
 */
async function unaskedFor(
  visit: Visit,
  relayState: string,
): Promise<{ before: Visit; request: OAuthRequest; provider: ProviderRow } | undefined> {
  const { pool, ctx } = visit;
  const query = new URLSearchParams(relayState);
  const name = query.get("identity_provider");
  if (name === null || !query.has("client_id")) return undefined;
  const before = { ...visit, query };
  const request = await oauthRequest(before);
  const provider = offers(request.client, name)
    ? await providers.get(ctx.tx, ...keyOf(pool), name)
    : undefined;
  if (provider?.type !== "SAML" || !isOn(provider.details.IDPInit))
    throw new Untold("invalid_request: the state is not valid.");
  return { before, request, provider };
}

function isOn(value: string | undefined): boolean {
  return value?.toLowerCase() === "true";
}

export async function forgetArrival(
  { poolId, key }: { poolId: string; key: string },
  ctx: Visit["ctx"],
): Promise<void> {
  arrivals.delete(ctx.tx, ctx.account, ctx.region, poolId, key);
}

export async function continueSaml(visit: Visit): Promise<Answer> {
  const { query, pool, ctx } = visit;
  const key = [...keyOf(pool), hashOf(query.get("arrival") ?? "")] as const;
  const row = await arrivals.get(ctx.tx, ...key);
  if (row === undefined || row.expiresMs <= ctx.clock.now()) throw new Untold("invalid_request");
  checkBrowser(visit, row.browser);
  arrivals.delete(ctx.tx, ...key);
  ctx.timers.cancel(key[3], row.expiresMs);
  const before = { ...visit, query: new URLSearchParams(row.query) };
  const request = await oauthRequest(before);
  const provider = await providers.get(ctx.tx, ...keyOf(pool), row.provider);
  if (provider === undefined) throw new Untold("The identity provider does not exist.");
  return await arrive(before, request, provider, row);
}

interface Judged {
  identity: Identity;
  id: string;
  expiresMs: number;
}

async function judged(
  visit: Visit,
  request: OAuthRequest,
  provider: ProviderRow,
  given: string,
  requestId: string | undefined,
): Promise<Judged> {
  const saml = await import("../../../kit/saml.ts");
  const metadata = await currentMetadata(visit.pool, provider, visit.ctx);
  if (metadata === undefined) throw new Told("invalid_request", request, "The provider has no metadata.");
  try {
    checkEnvelope(visit, given, requestId);
    const response = isOn(provider.details.EncryptedResponses) ? await decrypted(visit, given) : given;
    const assertion = await saml.signedAssertion(response, metadata.certificates);
    return judgedAssertion(visit, saml, assertion, metadata.entityId, requestId);
  } catch (error) {
    if (!(error instanceof saml.BadAssertion || error instanceof BadEnvelope)) throw error;
    throw new Told("invalid_request", request, (error as BadAssertion).message);
  }
}

async function decrypted({ pool, ctx }: Visit, response: string): Promise<string> {
  const { decryptedResponse } = await import("./samlEncryption.ts");
  const { encryption } = await samlKeysOf(pool, ctx);
  return await decryptedResponse(response, encryption.privateKey);
}

class BadEnvelope extends Error {}

/** What stands around the assertion is not signed: it can only refuse. */
function checkEnvelope({ self }: Visit, response: string, requestId: string | undefined): void {
  const xml = Buffer.from(response, "base64").toString();
  const [tag = ""] = /<(?:\w+:)?Response\b[^>]*>/.exec(xml) ?? [];
  const said = (name: string) => new RegExp(`\\s${name}="([^"]*)"`).exec(tag)?.[1];
  const destination = said("Destination");
  if (destination !== undefined && destination !== escaped(`${self}${responsePath}`))
    throw new BadEnvelope("The SAML response has another destination.");
  if (!/<(?:\w+:)?StatusCode\b[^>]*\sValue="urn:oasis:names:tc:SAML:2\.0:status:Success"/.test(xml))
    throw new BadEnvelope("The provider has not signed the user in.");
  const answers = said("InResponseTo");
  if (answers !== undefined && answers !== requestId)
    throw new BadEnvelope("The SAML response answers another request.");
}

function judgedAssertion(
  visit: Visit,
  saml: typeof import("../../../kit/saml.ts"),
  assertion: Node,
  entity: string,
  requestId: string | undefined,
): Judged {
  const { attribute, audiencesOf, bearerData, BadAssertion, below, checkTimes, textOf } = saml;
  const [nameId] = below(below(assertion, "Subject")[0], "NameID");
  const data = bearerData(assertion);
  const id = attribute(assertion, "ID");
  const subject = textOf(nameId).trim();
  if (textOf(below(assertion, "Issuer")[0]) !== entity)
    throw new BadAssertion("The SAML response is not the provider's.");
  if (attribute(data, "Recipient") !== `${visit.self}${responsePath}`)
    throw new BadAssertion("The SAML response is for another recipient.");
  if (attribute(data, "InResponseTo") !== requestId)
    throw new BadAssertion("The SAML response answers another request.");
  if (!audiencesOf(assertion).includes(entityOf(visit)))
    throw new BadAssertion("The SAML response is for another audience.");
  if (Number.isNaN(Date.parse(attribute(data, "NotOnOrAfter") ?? "")))
    throw new BadAssertion("The SAML response does not say until when it holds.");
  const expiresMs = checkTimes(assertion, visit.ctx.clock.now());
  if (id === undefined || subject === "") throw new BadAssertion("The SAML response names no subject.");
  const attributes: Record<string, string> = {};
  for (const statement of below(assertion, "AttributeStatement")) {
    for (const one of below(statement, "Attribute")) {
      const values = below(one, "AttributeValue").map(textOf);
      attributes[attribute(one, "Name") ?? ""] =
        values.length === 1 ? (values[0] ?? "") : `[${values.join(", ")}]`;
    }
  }
  return { identity: { subject, attributes }, id, expiresMs };
}
