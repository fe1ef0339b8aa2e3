import { createPublicKey } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { compactVerify } from "jose";
import { describe, expect, it } from "vitest";

/**
 * Project Wycheproof's signed JSON, against the library that believes tokens of user pools, as it is asked there: RS256
 * alone, under a key that is known beforehand and whose use is signing.
 */

const file = "../shared/vectors/wycheproof/json_web_signature_test.json";
const present = existsSync(file);
if (!present) console.warn(`Skipped: ${file} is absent.`);

interface Group {
  comment: string;
  private: { kty: string; n: string; e: string; alg?: string; use?: string; key_ops?: string[] };
  tests: { tcId: number; comment: string; jws: unknown; result: "valid" | "invalid" | "acceptable" }[];
}

const groups = present ? (JSON.parse(readFileSync(file, "utf8")) as { testGroups: Group[] }).testGroups : [];
/** Keys for another use, or for RS256 and another algorithm of the same header, are none that a pool has. */
const cases = groups
  .filter(({ private: key }) => key.kty === "RSA" && key.use !== "enc" && !key.key_ops?.includes("encrypt"))
  .flatMap(({ comment: group, private: key, tests }) => tests.map((one) => ({ ...one, group, key })))
  .filter(({ key, comment }) => key.alg === "RS256" || comment !== "UsingRS256");

describe.skipIf(!present)("a signature", () => {
  it.each(cases)("$group $tcId ($comment) is taken or refused", async ({ key, jws, result, group }) => {
    const publicKey = createPublicKey({ key: { kty: "RSA", n: key.n, e: key.e }, format: "jwk" });
    const verified = compactVerify(String(jws), publicKey, { algorithms: ["RS256"] });
    const isOurs = /^rs256$/.test(group) || (typeof jws === "string" && headerOf(jws).alg === "RS256");
    if (result === "valid" && isOurs) await expect(verified).resolves.toBeDefined();
    else if (result === "invalid" || !isOurs) await expect(verified).rejects.toThrow();
    else await verified.catch(() => undefined);
  });

  it("is of many kinds", () => {
    expect(cases.length).toBeGreaterThan(200);
  });
});

function headerOf(jws: string): { alg?: string } {
  try {
    return JSON.parse(Buffer.from(jws.split(".")[0] ?? "", "base64url").toString()) as { alg?: string };
  } catch {
    return {};
  }
}
