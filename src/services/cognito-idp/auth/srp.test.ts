import { createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newPool, newUser, password, type TestPool } from "../testing.ts";
import { clientPublic, isProof, makeVerifier, matches, sharedKey, startSrp } from "./srp.ts";

/** The protocol, by a client that computes with nothing but BigInt; and clients that cheat. */

const N = BigInt(
  `0x${[
    "FFFFFFFFFFFFFFFFC90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B139B22514A08798E3404DD",
    "EF9519B3CD3A431B302B0A6DF25F14374FE1356D6D51C245E485B576625E7EC6F44C42E9A637ED6B0BFF5CB6F406B7ED",
    "EE386BFB5A899FA5AE9F24117C4B1FE649286651ECE45B3DC2007CB8A163BF0598DA48361C55D39A69163FA8FD24CF5F",
    "83655D23DCA3AD961C62F356208552BB9ED529077096966D670C354E4ABC9804F1746C08CA18217C32905E462E36CE3B",
    "E39E772C180E86039B2783A2EC07A28FB5C55DF06F4C52C9DE2BCBF6955817183995497CEA956AE515D2261898FA0510",
    "15728E5A8AAAC42DAD33170D04507A33A85521ABDF1CBA64ECFB850458DBEF0A8AEA71575D060C7DB3970F85A6E1E4C7",
    "ABF5AE8CDB0933D71E8C94E04A25619DCEE3D2261AD2EE6BF12FFA06D98A0864D87602733EC86A64521F2B18177B200C",
    "BBE117577A615D6C770988C0BAD946E208E24FA074E5AB3143DB5BFCE0FD108E4B82D120A93AD2CAFFFFFFFFFFFFFFFF",
  ].join("")}`,
);

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, base % N, exponent];
  while (rest > 0n) {
    if (rest & 1n) result = (result * square) % N;
    square = (square * square) % N;
    rest >>= 1n;
  }
  return result;
}

function padded(number: bigint): Buffer {
  let hex = number.toString(16);
  if (hex.length % 2 === 1) hex = `0${hex}`;
  return Buffer.from(/^[89a-f]/.test(hex) ? `00${hex}` : hex, "hex");
}

const sha = (...parts: Buffer[]) => createHash("sha256").update(Buffer.concat(parts)).digest();
const big = (bytes: Buffer) => BigInt(`0x${bytes.toString("hex")}`);

/** What a client works out. */
function clientKey(secret: bigint, salt: string, B: string, identity: string): Buffer {
  const A = power(2n, secret);
  const k = big(sha(padded(N), padded(2n)));
  const u = sha(padded(A), padded(BigInt(`0x${B}`)));
  const x = big(sha(padded(BigInt(`0x${salt}`)), sha(Buffer.from(identity))));
  const base = (((BigInt(`0x${B}`) - k * power(2n, x)) % N) + N) % N;
  const S = power(base, secret + big(u) * x);
  return Buffer.from(hkdfSync("sha256", padded(S), padded(big(u)), "Caldera Derived Key", 16));
}

describe("the protocol", () => {
  it("ends in the same key on both sides, leading zeros and all", () => {
    for (let i = 0; i < 12; i += 1) {
      const known = makeVerifier("Pool", "alice", password);
      expect(matches(known, "Pool", "alice", password)).toBe(true);
      expect(matches(known, "Pool", "alice", "another")).toBe(false);
      const secret = big(randomBytes(32));
      const A = clientPublic(power(2n, secret).toString(16));
      if (A === undefined) throw new Error("A good number was refused.");
      const verifier = Buffer.from(known.verifier, "base64");
      const { publicHex, state } = startSrp(A, verifier);
      const key = sharedKey(state, verifier);
      expect(clientKey(secret, known.salt, publicHex, `Poolalice:${password}`).equals(key)).toBe(true);
      expect(clientKey(secret, known.salt, publicHex, "Poolalice:another").equals(key)).toBe(false);
      const signature = createHmac("sha256", key).update("text").digest();
      expect(isProof(key, ["te", "xt"], signature.toString("base64"))).toBe(true);
      expect(isProof(key, ["te", "xt"], signature.subarray(1).toString("base64"))).toBe(false);
    }
  });
});

const traps: [what: string, hex: string][] = [
  ["0", "0"],
  ["0, padded", "0".repeat(768)],
  ["the modulus", N.toString(16)],
  ["the modulus, padded", `00${N.toString(16)}`],
  ["twice the modulus", (2n * N).toString(16)],
  ["the modulus behind a byte of zeros, in capitals", `00${N.toString(16).toUpperCase()}`],
  ["a negative number as Java writes it", `-${(N - 5n).toString(16)}`],
  ["a number with a space", " 2"],
  ["a number with a mark", "0x2"],
  ["the modulus and one", (N + 1n).toString(16)],
  ["no number", "xyz"],
  ["nothing", ""],
  ["a negative number", "-1"],
  ["too much", "f".repeat(1_000)],
];

describe("a client that sends as its number", () => {
  let cloudkeep: Cloudkeep;
  let pool: TestPool;
  beforeAll(async () => {
    cloudkeep = await startForTest();
    pool = await newPool(cloudkeep);
    await newUser(pool, "alice");
  });
  afterAll(() => cloudkeep.stop());

  const begin = (SRP_A: string) =>
    pool.idp.initiateAuth({
      AuthFlow: "USER_SRP_AUTH",
      ClientId: pool.ClientId,
      AuthParameters: { USERNAME: "alice", SRP_A },
    });

  it.each(traps)("%s is refused", async (_, hex) => {
    expect((await errorOf(begin(hex))).name).toBe("InvalidParameterException");
  });

  it.each(["1", (N - 1n).toString(16)])("%.8s proves nothing", async (hex) => {
    const { ChallengeParameters = {} } = await begin(hex);
    const block = ChallengeParameters.SECRET_BLOCK ?? "";
    const TIMESTAMP = new Date()
      .toUTCString()
      .replace(/^(\w+), 0?(\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 UTC $4");
    const answer = (more: Record<string, string>) =>
      errorOf(
        pool.idp.respondToAuthChallenge({
          ClientId: pool.ClientId,
          ChallengeName: "PASSWORD_VERIFIER",
          ChallengeResponses: {
            USERNAME: "alice",
            PASSWORD_CLAIM_SECRET_BLOCK: block,
            PASSWORD_CLAIM_SIGNATURE: Buffer.alloc(32).toString("base64"),
            TIMESTAMP,
            ...more,
          },
        }),
      );
    expect((await answer({})).message).toBe("Incorrect username or password.");
    expect((await answer({ PASSWORD_CLAIM_SIGNATURE: "" })).message).toBe("Incorrect username or password.");
    expect((await answer({ PASSWORD_CLAIM_SECRET_BLOCK: block.slice(4) })).message).toBe(
      "Incorrect username or password.",
    );
    expect((await answer({ TIMESTAMP: "now" })).message).toContain("TIMESTAMP format");
    expect((await answer({ TIMESTAMP: "Sat Jan 1 00:00:00 UTC 2000" })).message).toBe(
      "Incorrect username or password.",
    );
  });

  it("a right proof again is refused, and so is one of another block, user or time", async () => {
    await newUser(pool, "bob");
    const secret = big(randomBytes(32));
    const stamp = (atMs: number) =>
      new Date(atMs).toUTCString().replace(/^(\w+), 0?(\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 UTC $4");
    const A = power(2n, secret).toString(16);
    const poolName = pool.UserPoolId.split("_")[1] ?? "";
    async function proof(name = "alice", TIMESTAMP = stamp(Date.now())) {
      const { ChallengeParameters = {} } = await begin(A);
      const { SRP_B = "", SALT = "", SECRET_BLOCK = "" } = ChallengeParameters;
      const key = clientKey(secret, SALT, SRP_B, `${poolName}alice:${password}`);
      const mac = createHmac("sha256", key)
        .update(`${poolName}${name}`)
        .update(Buffer.from(SECRET_BLOCK, "base64"))
        .update(TIMESTAMP);
      return {
        USERNAME: name,
        PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
        PASSWORD_CLAIM_SIGNATURE: mac.digest("base64"),
        TIMESTAMP,
      };
    }
    const answer = (ChallengeResponses: Record<string, string>) =>
      pool.idp.respondToAuthChallenge({
        ClientId: pool.ClientId,
        ChallengeName: "PASSWORD_VERIFIER",
        ChallengeResponses,
      });
    const right = await proof();
    expect((await answer(right)).AuthenticationResult).toBeDefined();
    const { PASSWORD_CLAIM_SECRET_BLOCK } = await proof();
    const other = await newPool(cloudkeep);
    await newUser(other, "alice");
    const foreign = await other.idp.initiateAuth({
      AuthFlow: "USER_SRP_AUTH",
      ClientId: other.ClientId,
      AuthParameters: { USERNAME: "alice", SRP_A: A },
    });
    for (const wrong of [
      right,
      { ...(await proof()), PASSWORD_CLAIM_SECRET_BLOCK },
      { ...right, PASSWORD_CLAIM_SECRET_BLOCK: foreign.ChallengeParameters?.SECRET_BLOCK ?? "" },
      await proof("bob"),
      { ...(await proof()), TIMESTAMP: stamp(Date.now() + 60_000) },
      await proof("alice", stamp(Date.now() - 3_600_000)),
      await proof("alice", stamp(Date.now() + 3_600_000)),
    ])
      expect((await errorOf(answer(wrong))).message).toBe("Incorrect username or password.");
  });
});
