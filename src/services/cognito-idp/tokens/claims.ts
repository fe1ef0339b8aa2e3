import type { ClientRow } from "../clients/clientRow.ts";
import type { GroupFacts } from "../groups/roles.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { readable } from "../users/attributes.ts";
import type { UserRow } from "../users/userRow.ts";
import { issuerOf } from "./signingKeys.ts";

/** What tokens say. https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-using-tokens-with-identity-providers.html */

/** The scope of tokens that come of the API: a user's own attributes, devices and settings. */
export const ownScope = "aws.cognito.signin.user.admin";

export interface Basis {
  pool: PoolRow;
  client: ClientRow;
  user: UserRow;
  /** When the user signed in, ms. */
  authMs: number;
  /** Of all tokens that come of one sign-in. */
  originJti: string;
  /** The request that signed in. */
  eventId: string;
  scopes?: readonly string[] | undefined;
  nonce?: string | undefined;
  deviceKey?: string | undefined;
}

export interface Times {
  issuedMs: number;
  accessSeconds: number;
  idSeconds: number;
}

const seconds = (ms: number) => Math.floor(ms / 1_000);

function groupClaims({ groups, roles, preferredRole }: GroupFacts): Record<string, unknown> {
  return {
    ...(groups.length > 0 && { "cognito:groups": groups }),
    ...(preferredRole && { "cognito:preferred_role": preferredRole }),
    ...(roles.length > 0 && { "cognito:roles": roles }),
  };
}

/** Claims that OpenID Connect has another type for than text. */
function claimValue(name: string, value: string): unknown {
  if (name === "email_verified" || name === "phone_number_verified") return value === "true";
  if (name === "address") return { formatted: value };
  if (name === "updated_at") return Number(value);
  if (name === "identities") {
    return (JSON.parse(value) as Record<string, unknown>[]).map((identity) => ({
      ...identity,
      primary: String(identity.primary),
      dateCreated: String(identity.dateCreated),
    }));
  }
  return value;
}

/** Scopes of OpenID Connect decide what an ID token shows; the scope of the API shows all that the client may read. */
export function isInScope(name: string, scopes: readonly string[] | undefined): boolean {
  if (scopes === undefined || scopes.includes(ownScope) || name === "sub" || name === "identities")
    return true;
  if (name === "email" || name === "email_verified") return scopes.includes("email");
  if (name === "phone_number" || name === "phone_number_verified") return scopes.includes("phone");
  return scopes.includes("profile");
}

export function idClaims(
  basis: Basis,
  groups: GroupFacts,
  times: Times,
  jti: string,
): Record<string, unknown> {
  const { pool, client, user, scopes } = basis;
  const attributes = readable(client, user).filter(([name]) => isInScope(name, scopes));
  return {
    ...Object.fromEntries(attributes.map(([name, value]) => [name, claimValue(name, value)])),
    ...groupClaims(groups),
    iss: issuerOf(pool),
    "cognito:username": user.username,
    ...(basis.nonce !== undefined && { nonce: basis.nonce }),
    ...(client.settings.EnableTokenRevocation && { origin_jti: basis.originJti }),
    aud: client.clientId,
    event_id: basis.eventId,
    token_use: "id",
    auth_time: seconds(basis.authMs),
    exp: seconds(times.issuedMs) + times.idSeconds,
    iat: seconds(times.issuedMs),
    jti,
  };
}

export function accessClaims(
  basis: Basis,
  { groups }: GroupFacts,
  times: Times,
  jti: string,
): Record<string, unknown> {
  const { pool, client, user } = basis;
  return {
    sub: user.sub,
    ...(groups.length > 0 && { "cognito:groups": groups }),
    iss: issuerOf(pool),
    ...(basis.scopes && { version: 2 }),
    client_id: client.clientId,
    ...(client.settings.EnableTokenRevocation && { origin_jti: basis.originJti }),
    event_id: basis.eventId,
    ...(basis.deviceKey && { device_key: basis.deviceKey }),
    token_use: "access",
    scope: (basis.scopes ?? [ownScope]).join(" "),
    auth_time: seconds(basis.authMs),
    exp: seconds(times.issuedMs) + times.accessSeconds,
    iat: seconds(times.issuedMs),
    jti,
    username: user.username,
  };
}
