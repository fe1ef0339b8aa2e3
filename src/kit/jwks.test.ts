import { generateKeyPairSync } from "node:crypto";
import { describe, expect, it } from "vitest";
import { soundKeys } from "./jwks.ts";

const good = generateKeyPairSync("rsa", { modulusLength: 2048 }).publicKey.export({ format: "jwk" });
const curve = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey.export({ format: "jwk" });

/** A power of 65,537 by every small prime, as moduli of the bad generator are; the vectors have a real one. */
const power = (65_537n ** 120n).toString(16).padStart(512, "0");
const ofRoca = { ...good, n: Buffer.from(power, "hex").toString("base64url") };

describe("an issuer's keys", () => {
  it("are kept where they are sound", () => {
    expect(soundKeys({ keys: [good, curve] })?.keys).toEqual([good, curve]);
  });

  it.each([
    ["has an exponent of 1", { ...good, e: "AQ" }],
    ["has an even exponent", { ...good, e: "AQAA" }],
    ["has an exponent of 0", { ...good, e: "" }],
    ["has no modulus", { kty: "RSA", e: "AQAB" }],
    ["is of a generator whose factors can be found", ofRoca],
  ])("are left out where one %s", (_, bad) => {
    expect(soundKeys({ keys: [bad, curve] })?.keys).toEqual([curve]);
  });

  it("are none where the document has none", () => {
    expect(soundKeys({})).toBeUndefined();
    expect(soundKeys({ keys: { 0: good } })).toBeUndefined();
  });
});
