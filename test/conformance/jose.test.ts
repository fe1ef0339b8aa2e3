import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { compactVerify, createLocalJWKSet, type JWK } from "jose";
import { describe, expect, it } from "vitest";
import { soundKeys, tokenAlgorithms } from "../../src/kit/jwks.ts";
import { isSigned } from "../../src/services/cognito-idp/tokens/signingKeys.ts";

/**
 * Project Wycheproof's signed JSON and key sets: pools take RS256 alone, under a key and a header that are known
 * beforehand; issuers of others (for STS, for pools) may sign with any asymmetric algorithm under a key of their set.
 */

const folder = "../shared/vectors/wycheproof";
const present = existsSync(folder);
if (!present) console.warn(`Skipped: ${folder} is absent.`);

type Key = JWK & { keys?: JWK[] };

interface Group {
  comment: string;
  private: Key;
  public?: Key;
  tests: { tcId: number; comment: string; jws?: unknown; jwe?: unknown; result: string }[];
}

function groupsOf(name: string): Group[] {
  if (!present) return [];
  return (JSON.parse(readFileSync(`${folder}/json_web_${name}_test.json`, "utf8")) as { testGroups: Group[] })
    .testGroups;
}

function casesOf(groups: Group[]) {
  return groups.flatMap(({ comment: group, tests, private: secret, public: key = secret }) =>
    tests.map(({ jws, jwe, ...one }) => ({ ...one, group, token: String(jws ?? jwe), key })),
  );
}

function headerOf(token: string): { alg?: string } {
  try {
    return JSON.parse(Buffer.from(token.split(".")[0] ?? "", "base64url").toString()) as { alg?: string };
  } catch {
    return {};
  }
}

/** Keys for another use, or for RS256 and another algorithm of the same header, are none that a pool has. */
const ofPools = casesOf(groupsOf("signature"))
  .filter(({ key }) => key.kty === "RSA" && key.use !== "enc" && !key.key_ops?.includes("encrypt"))
  .filter(({ key, comment }) => key.alg === "RS256" || comment !== "UsingRS256");

describe.skipIf(!present)("a signature under a pool's own key", () => {
  it.each(ofPools)("$group $tcId ($comment) is taken or refused", ({ key, token, result }) => {
    const jwk = { kty: "RSA", n: key.n ?? "", e: key.e ?? "" };
    const publicKey = createPublicKey({ key: jwk, format: "jwk" });
    const said = headerOf(token);
    const isOurs = said.alg === "RS256";
    // A pool knows what stands in the header of its tokens.
    const header = Buffer.from(JSON.stringify(isOurs ? said : { alg: "RS256" })).toString("base64url");
    const isTaken = isSigned(token, { header, publicKey });
    if (result !== "acceptable") expect(isTaken).toBe(result === "valid" && isOurs);
  });

  it("is of many kinds", () => {
    expect(ofPools.length).toBeGreaterThan(200);
  });
});

/** Why what is valid to others is not taken here. */
function whyRefused(token: string, key: Key): string | undefined {
  const keys = key.keys ?? [key];
  if (keys.some(({ kty }) => kty === "oct")) return "a secret is no key that an issuer publishes";
  if (keys.some(({ alg }) => alg === "ES521"))
    return "ES521 is the name of no algorithm (RFC 7518 has ES512)";
  if (keys.some(({ alg }) => alg !== undefined && alg !== headerOf(token).alg))
    return "the key is for another algorithm, so says the set";
  return undefined;
}

const ofIssuers = [...casesOf(groupsOf("signature")), ...casesOf(groupsOf("key"))];

describe.skipIf(!present)("a signature under an issuer's set of keys", () => {
  it.each(ofIssuers)("$group $tcId ($comment) is taken or refused", async ({ key, token, result }) => {
    const set = soundKeys(key.keys === undefined ? { keys: [key] } : { ...key });
    if (set === undefined) throw new Error("The vector is no key set.");
    const verified = compactVerify(token, createLocalJWKSet(set), { algorithms: tokenAlgorithms });
    if (result === "valid" && whyRefused(token, key) === undefined)
      await expect(verified).resolves.toBeDefined();
    else if (result === "acceptable") await verified.catch(() => undefined);
    else await expect(verified).rejects.toThrow();
  });

  it("is taken, but for those that are named", () => {
    const valid = ofIssuers.filter(({ result }) => result === "valid");
    const refused = valid.map(({ token, key }) => whyRefused(token, key)).filter((why) => why !== undefined);
    expect([ofIssuers.length, valid.length, refused.length]).toEqual([427, 51, 18]);
  });
});

/** Nothing in Cloudkeep opens a JWE: whatever is in one, it is no token. */
describe.skipIf(!present)("something encrypted", () => {
  it.each(casesOf(groupsOf("encryption")))("$group $tcId ($comment) is no token", async ({ key, token }) => {
    const verified = compactVerify(token, createLocalJWKSet({ keys: [key] }), {
      algorithms: tokenAlgorithms,
    });
    await expect(verified).rejects.toThrow();
  });
});
