import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
} from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf } from "../../../../test/harness.ts";
import { type Cloudkeep, start } from "../../../start.ts";
import { MemoryStore } from "../../../storage/memory.ts";
import { signingKeys } from "../tables.ts";
import { claimsOf, newPool, newUser, type TestPool, tokensOf } from "../testing.ts";

/** Tokens that nobody but the pool may have made. */

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let pool: TestPool;
let good: { AccessToken: string; IdToken: string };
let keys: { access: { kid: string; key: KeyObject }; id: { kid: string; key: KeyObject } };
const foreign = generateKeyPairSync("rsa", { modulusLength: 2048 });

beforeAll(async () => {
  cloudkeep = await start({ store });
  pool = await newPool(cloudkeep);
  await newUser(pool, "alice");
  good = await tokensOf(pool, "alice");
  const row = await store.transact((tx) =>
    signingKeys.get(tx, cloudkeep.accountId, "us-east-1", pool.UserPoolId),
  );
  if (row === undefined) throw new Error("The pool has signed nothing.");
  const opened = ({ kid, privateKey }: { kid: string; privateKey: string }) => ({
    kid,
    key: createPrivateKey(privateKey),
  });
  keys = { access: opened(row.access), id: opened(row.id) };
});
afterAll(() => cloudkeep.stop());

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");

interface Forged {
  header?: Record<string, unknown>;
  claims?: Record<string, unknown>;
  key?: KeyObject;
  signature?: (text: string) => string;
}

/** A token like the good one, but for what is said. */
function forged({ header = {}, claims = {}, key = keys.access.key, signature }: Forged): string {
  const text = [
    part({ kid: keys.access.kid, alg: "RS256", ...header }),
    part({ ...claimsOf(good.AccessToken), ...claims }),
  ].join(".");
  const signed =
    signature ?? ((data: string) => sign("sha256", Buffer.from(data), key).toString("base64url"));
  return `${text}.${signed(text)}`;
}

const pem = () => createPublicKey(keys.access.key).export({ format: "pem", type: "spki" });
const publicJwk = () => foreign.publicKey.export({ format: "jwk" });
const now = () => Math.floor(Date.now() / 1000);
const hmacWith = (secret: () => string | Buffer) => (text: string) =>
  createHmac("sha256", secret()).update(text).digest("base64url");

const tokens: [what: string, make: () => string][] = [
  ["no algorithm", () => forged({ header: { alg: "none" }, signature: () => "" })],
  ["no algorithm, spelled otherwise", () => forged({ header: { alg: "nOnE" }, signature: () => "" })],
  ["HMAC under the public key", () => forged({ header: { alg: "HS256" }, signature: hmacWith(pem) })],
  ["HMAC under nothing", () => forged({ header: { alg: "HS256" }, signature: hmacWith(() => "") })],
  [
    "another algorithm of RSA",
    () =>
      forged({
        header: { alg: "RS512" },
        signature: (text) => sign("sha512", Buffer.from(text), keys.access.key).toString("base64url"),
      }),
  ],
  ["a foreign key under the pool's name", () => forged({ key: foreign.privateKey })],
  ["a foreign key under its own name", () => forged({ header: { kid: "mine" }, key: foreign.privateKey })],
  [
    "a key in the header",
    () => forged({ header: { kid: undefined, jwk: publicJwk() }, key: foreign.privateKey }),
  ],
  [
    "an address of keys",
    () => forged({ header: { jku: "http://127.0.0.1:1/jwks.json" }, key: foreign.privateKey }),
  ],
  ["a certificate of its own", () => forged({ header: { x5c: ["MIIB"] }, key: foreign.privateKey })],
  ["an extension that must be understood", () => forged({ header: { crit: ["b64"], b64: false } })],
  ["the key of ID tokens", () => forged({ header: { kid: keys.id.kid }, key: keys.id.key })],
  ["an ID token", () => good.IdToken],
  ["the use of an ID token", () => forged({ claims: { token_use: "id" } })],
  ["another issuer", () => forged({ claims: { iss: `https://evil.example/${pool.UserPoolId}` } })],
  [
    "the issuer of another Region",
    () => forged({ claims: { iss: `https://cognito-idp.eu-west-1.amazonaws.com/${pool.UserPoolId}` } }),
  ],
  ["no issuer", () => forged({ claims: { iss: undefined } })],
  ["a time that has passed", () => forged({ claims: { exp: now() - 1 } })],
  ["no end", () => forged({ claims: { exp: undefined } })],
  ["an end that is no number", () => forged({ claims: { exp: "9999999999" } })],
  ["a time to come", () => forged({ claims: { nbf: now() + 3600 } })],
  ["another user's sub", () => forged({ claims: { sub: "00000000-0000-4000-8000-000000000000" } })],
  ["a name that nobody has", () => forged({ claims: { username: "nobody" } })],
  ["no scope", () => forged({ claims: { scope: "openid" } })],
  ["a signature that is cut", () => good.AccessToken.slice(0, -4)],
  ["a signature in another spelling", () => `${good.AccessToken}=`],
  ["no signature", () => `${good.AccessToken.split(".").slice(0, 2).join(".")}.`],
  ["two parts", () => good.AccessToken.split(".").slice(0, 2).join(".")],
  ["four parts", () => `${good.AccessToken}.AAAA`],
  ["claims that are no object", () => good.AccessToken.replace(/\.[^.]+\./, `.${part("text")}.`)],
  ["too many bytes", () => forged({ claims: { pad: "x".repeat(40_000) } })],
];

describe("an access token", () => {
  it("that the pool made is taken", async () => {
    expect((await pool.idp.getUser({ AccessToken: forged({}) })).Username).toBe("alice");
  });

  it.each(tokens)("with %s is refused", async (_, make) => {
    const error = await errorOf(pool.idp.getUser({ AccessToken: make() }));
    expect(error.name).toMatch(
      /^(?:NotAuthorizedException|UserNotFoundException|InvalidParameterException)$/,
    );
    expect(error.message).not.toContain("internal");
  });

  it("of another pool is refused, and so is one of a deleted pool", async () => {
    const other = await newPool(cloudkeep);
    await newUser(other, "alice");
    const { AccessToken } = await tokensOf(other, "alice");
    const claims = claimsOf(AccessToken);
    const moved = forged({ claims: { ...claims, iss: claimsOf(good.AccessToken).iss } });
    expect((await errorOf(pool.idp.getUser({ AccessToken: moved }))).name).toBe("UserNotFoundException");
    await pool.idp.deleteUserPool({ UserPoolId: other.UserPoolId });
    expect((await errorOf(pool.idp.getUser({ AccessToken }))).name).toBe("NotAuthorizedException");
  });

  it("expires", async () => {
    const { AccessToken } = await tokensOf(pool, "alice");
    await cloudkeep.clock.advance(3_600_000);
    expect((await errorOf(pool.idp.getUser({ AccessToken }))).message).toBe("Access Token has expired");
  });
});

describe("a refresh token", () => {
  it("of another client, changed, cut or of another kind is refused", async () => {
    const { idp, UserPoolId, ClientId } = pool;
    const { RefreshToken } = await tokensOf(pool, "alice");
    const use = (token: string, client = ClientId) =>
      errorOf(idp.getTokensFromRefreshToken({ RefreshToken: token, ClientId: client }));
    const { UserPoolClient } = await idp.createUserPoolClient({ UserPoolId, ClientName: "other" });
    const parts = RefreshToken.split(".");
    const flipped = [...parts.slice(0, 3), `A${(parts[3] ?? "").slice(1)}`, parts[4]].join(".");
    const header = { ...JSON.parse(Buffer.from(parts[0] ?? "", "base64url").toString()), cty: "session" };
    for (const error of [
      await use(RefreshToken, UserPoolClient?.ClientId),
      await use(flipped === RefreshToken ? RefreshToken.slice(1) : flipped),
      await use(RefreshToken.slice(0, -2)),
      await use([part(header), ...parts.slice(1)].join(".")),
      await use(`${RefreshToken}=`),
      await use(good.AccessToken),
    ])
      expect([error.name, error.message]).toEqual(["NotAuthorizedException", "Invalid Refresh Token"]);
  });
});
