import type { IdentityProviderType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { pageOf } from "../../../kit/paging.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { invalid, notFound } from "../refusals.ts";
import { certificateText, samlKeysOf } from "./samlKeys.ts";
import { metadataOf, withMetadata } from "./samlMetadata.ts";
import { type ProviderRow, providerIdentifiers, providers } from "./tables.ts";

/** Other providers from which users of a pool may come. */

const defaultPageSize = 60;
const own = "COGNITO";

async function shown(pool: PoolRow, row: ProviderRow, ctx: Context): Promise<IdentityProviderType> {
  return {
    UserPoolId: pool.poolId,
    ProviderName: row.name,
    ProviderType: row.type,
    ProviderDetails: { ...row.details, ...(row.type === "SAML" && (await samlDetails(pool, row, ctx))) },
    AttributeMapping: row.mapping,
    IdpIdentifiers: row.identifiers,
    LastModifiedDate: new Date(row.modifiedMs),
    CreationDate: new Date(row.createdMs),
  };
}

/** What AWS shows of a SAML provider beside what was given. */
async function samlDetails(pool: PoolRow, row: ProviderRow, ctx: Context): Promise<Record<string, string>> {
  const { redirectUrl, logoutUrl } = metadataOf(row) ?? {};
  const { encryption } = row.details.EncryptedResponses === "true" ? await samlKeysOf(pool, ctx) : {};
  return {
    ...(redirectUrl !== undefined && { SSORedirectBindingURI: redirectUrl }),
    ...(logoutUrl !== undefined && { SLORedirectBindingURI: logoutUrl }),
    ...(encryption && { ActiveEncryptionCertificate: certificateText(encryption) }),
  };
}

/** What a provider of a type must say. */
const needed: Record<ProviderRow["type"], readonly string[]> = {
  OIDC: ["client_id", "authorize_scopes", "oidc_issuer", "attributes_request_method"],
  SAML: [],
  Facebook: ["client_id", "client_secret", "authorize_scopes"],
  Google: ["client_id", "client_secret", "authorize_scopes"],
  LoginWithAmazon: ["client_id", "client_secret", "authorize_scopes"],
  SignInWithApple: ["client_id", "team_id", "key_id", "private_key", "authorize_scopes"],
};

const urls = ["oidc_issuer", "authorize_url", "token_url", "attributes_url", "jwks_uri"];

const signingAlgorithm = "rsa-sha256";
const switches = ["IDPSignout", "IDPInit", "EncryptedResponses"];

function checkSaml(row: ProviderRow): void {
  const { RequestSigningAlgorithm: algorithm, ...details } = row.details;
  if (metadataOf(row) === undefined)
    throw invalid("Unable to parse the metadata document of the SAML provider.");
  if (algorithm !== undefined && algorithm !== signingAlgorithm)
    throw invalid(`RequestSigningAlgorithm must be ${signingAlgorithm}.`);
  const odd = switches.find((name) => !/^(true|false)$/i.test(details[name] ?? "true"));
  if (odd !== undefined) throw invalid(`${odd} must be true or false.`);
}

function checkDetails(row: ProviderRow, { schema }: PoolRow): void {
  const { type, details, mapping } = row;
  const absent = needed[type].filter((name) => !details[name]);
  if (absent.length > 0) throw invalid(`Missing required provider details: ${absent.join(", ")}`);
  for (const name of urls) {
    if (details[name] !== undefined && !/^https?:\/\/[^\s#]+$/.test(details[name]))
      throw invalid(`The provider's ${name} is not a valid URL.`);
  }
  if (type === "SAML") checkSaml(row);
  const unknown = Object.keys(mapping).find(
    (name) => name !== "username" && !schema.some(({ Name }) => Name === name),
  );
  if (unknown !== undefined) throw invalid(`Attribute ${unknown} in the mapping is not in the schema.`);
}

async function existing(pool: PoolRow, name: string, ctx: Context): Promise<ProviderRow> {
  const row = await providers.get(ctx.tx, ...keyOf(pool), name);
  if (row === undefined) throw notFound(`Identity provider ${name} does not exist.`);
  return row;
}

async function put(
  pool: PoolRow,
  given: ProviderRow,
  before: readonly string[],
  ctx: Context,
): Promise<ProviderRow> {
  const row = await withMetadata(given, ctx);
  checkDetails(row, pool);
  const key = keyOf(pool);
  for (const identifier of before) providerIdentifiers.delete(ctx.tx, ...key, identifier);
  for (const identifier of row.identifiers) {
    const holder = await providerIdentifiers.get(ctx.tx, ...key, identifier);
    if (holder !== undefined && holder.name !== row.name)
      throw new AwsError("DuplicateProviderException", `The identifier ${identifier} is taken.`);
    providerIdentifiers.put(ctx.tx, [...key, identifier], { name: row.name });
  }
  providers.put(ctx.tx, [...key, row.name], row);
  return row;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateIdentityProvider.html */
export const createIdentityProvider = idp.operation("CreateIdentityProvider", {
  access: onPool("CreateIdentityProvider"),
  async handle(input, ctx) {
    const pool = await existingPool(input.UserPoolId, ctx);
    const name = input.ProviderName;
    if (name.toUpperCase() === own) throw invalid("The provider name is reserved.");
    if ((await providers.get(ctx.tx, ...keyOf(pool), name)) !== undefined)
      throw ctx.error("DuplicateProviderException", `Identity provider ${name} already exists.`);
    const now = ctx.clock.now();
    const row: ProviderRow = {
      name,
      type: input.ProviderType,
      details: givenDetails(input.ProviderDetails),
      mapping: input.AttributeMapping ?? {},
      identifiers: input.IdpIdentifiers ?? [],
      createdMs: now,
      modifiedMs: now,
    };
    const made = await put(pool, row, [], ctx as Context);
    return { IdentityProvider: await shown(pool, made, ctx as Context) };
  },
  record: { request: withoutDetails, response: withoutDetails },
});

/** Without what AWS itself adds: clients give back what they were shown. */
function givenDetails(details: Record<string, string>): Record<string, string> {
  const {
    SSORedirectBindingURI: _,
    SLORedirectBindingURI: __,
    ActiveEncryptionCertificate: ___,
    ...rest
  } = details;
  return rest;
}

/** Details hold secrets of clients. */
function withoutDetails(recorded: Record<string, unknown>): Record<string, unknown> {
  const { providerDetails: _, identityProvider: __, ...rest } = recorded;
  return rest;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeIdentityProvider.html */
export const describeIdentityProvider = idp.operation("DescribeIdentityProvider", {
  access: onPool("DescribeIdentityProvider"),
  async handle({ UserPoolId, ProviderName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existing(pool, ProviderName, ctx as Context);
    return { IdentityProvider: await shown(pool, row, ctx as Context) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateIdentityProvider.html */
export const updateIdentityProvider = idp.operation("UpdateIdentityProvider", {
  access: onPool("UpdateIdentityProvider"),
  async handle({ UserPoolId, ProviderName, ProviderDetails, AttributeMapping, IdpIdentifiers }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const before = await existing(pool, ProviderName, ctx as Context);
    const row: ProviderRow = {
      ...before,
      ...(ProviderDetails && { details: givenDetails(ProviderDetails) }),
      ...(AttributeMapping && { mapping: AttributeMapping }),
      ...(IdpIdentifiers && { identifiers: IdpIdentifiers }),
      modifiedMs: ctx.clock.now(),
    };
    const made = await put(pool, row, before.identifiers, ctx as Context);
    return { IdentityProvider: await shown(pool, made, ctx as Context) };
  },
  record: { request: withoutDetails, response: withoutDetails },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteIdentityProvider.html */
export const deleteIdentityProvider = idp.operation("DeleteIdentityProvider", {
  access: onPool("DeleteIdentityProvider"),
  async handle({ UserPoolId, ProviderName }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existing(pool, ProviderName, ctx as Context);
    providers.delete(ctx.tx, ...keyOf(pool), ProviderName);
    for (const identifier of row.identifiers) providerIdentifiers.delete(ctx.tx, ...keyOf(pool), identifier);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListIdentityProviders.html */
export const listIdentityProviders = idp.operation("ListIdentityProviders", {
  access: onPool("ListIdentityProviders"),
  async handle({ UserPoolId, MaxResults = defaultPageSize, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(providers, ctx.tx, keyOf(pool), { limit: MaxResults, marker: NextToken }),
    );
    return {
      Providers: items.map(({ name, type, createdMs, modifiedMs }) => ({
        ProviderName: name,
        ProviderType: type,
        LastModifiedDate: new Date(modifiedMs),
        CreationDate: new Date(createdMs),
      })),
      ...(next && { NextToken: next }),
    };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetIdentityProviderByIdentifier.html */
export const getIdentityProviderByIdentifier = idp.operation("GetIdentityProviderByIdentifier", {
  access: onPool("GetIdentityProviderByIdentifier"),
  async handle({ UserPoolId, IdpIdentifier }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const known = await providerIdentifiers.get(ctx.tx, ...keyOf(pool), IdpIdentifier);
    if (known === undefined)
      throw notFound(`Identity provider with the identifier ${IdpIdentifier} does not exist.`);
    const row = await existing(pool, known.name, ctx as Context);
    return { IdentityProvider: await shown(pool, row, ctx as Context) };
  },
});
