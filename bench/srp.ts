import { createDiffieHellman, createHash, createHmac, hkdfSync, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { Agent, request } from "node:http";

/** Signing in by SRP with as little work on the client's side as there can be; what the client computes is not timed. */

/** The group of RFC 5054 that Cognito uses, as Node knows it: OpenSSL's own. */
const group = createDiffieHellman(readModulus(), Buffer.of(2));

function readModulus(): Buffer {
  const source = readFileSync(new URL("../src/services/cognito-idp/auth/srp.ts", import.meta.url), "utf8");
  return Buffer.from([...source.matchAll(/"([0-9A-F]{90,})"/g)].map(([, hex]) => hex).join(""), "hex");
}

const N = BigInt(`0x${readModulus().toString("hex")}`);
export const big = (bytes: Uint8Array) => BigInt(`0x${Buffer.from(bytes).toString("hex")}`);
const fixed = (number: bigint) => Buffer.from(number.toString(16).padStart(768, "0"), "hex");
const sha = (...parts: Uint8Array[]) => createHash("sha256").update(Buffer.concat(parts)).digest();

function padded(number: bigint): Buffer {
  const hex = number.toString(16);
  const bytes = Buffer.from(hex.length % 2 ? `0${hex}` : hex, "hex");
  return (bytes[0] ?? 0) >= 0x80 ? Buffer.concat([Buffer.of(0), bytes]) : bytes;
}

export function power(base: bigint, exponent: bigint): bigint {
  group.setPrivateKey(padded(exponent));
  return big(group.computeSecret(fixed(base)));
}

const k = big(sha(padded(N), padded(2n)));

export const timestamp = () =>
  new Date().toUTCString().replace(/^(\w+), 0?(\d+) (\w+) (\d+) (\S+) GMT$/, "$1 $3 $2 $5 UTC $4");

const agent = new Agent({ keepAlive: true });

/** Asks without a signature, and without an SDK between the clock and the wire; whatever is answered. */
export function ask(
  url: string,
  operation: string,
  input: object,
): Promise<{ ms: number; status: number; body: Record<string, unknown> }> {
  const body = JSON.stringify(input);
  const headers = {
    "content-type": "application/x-amz-json-1.1",
    "x-amz-target": `AWSCognitoIdentityProviderService.${operation}`,
    "content-length": Buffer.byteLength(body),
  };
  const begun = performance.now();
  return new Promise((resolve, reject) => {
    const asked = request(url, { method: "POST", agent, headers }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => {
        const ms = performance.now() - begun;
        resolve({ ms, status: answer.statusCode ?? 0, body: JSON.parse(text) as Record<string, unknown> });
      });
    });
    asked.on("error", reject).end(body);
  });
}

/** A call that must succeed, and how long its answer took. */
export async function call(
  url: string,
  operation: string,
  input: object,
): Promise<[ms: number, output: Record<string, never>]> {
  const { ms, status, body } = await ask(url, operation, input);
  if (status !== 200) throw new Error(`${operation}: ${JSON.stringify(body)}`);
  return [ms, body as Record<string, never>];
}

interface Challenge {
  SRP_B: string;
  SALT: string;
  SECRET_BLOCK: string;
  USER_ID_FOR_SRP: string;
}

export interface SignedIn {
  /** Of the two answers. */
  ms: number;
  AccessToken: string;
  RefreshToken: string;
}

/** Signs in by SRP. */
export async function signInBySrp(
  url: string,
  { ClientId, UserPoolId }: { ClientId: string; UserPoolId: string },
  username: string,
  password: string,
): Promise<SignedIn> {
  const poolName = UserPoolId.split("_")[1] ?? "";
  const a = big(randomBytes(32));
  const A = power(2n, a);
  const [first, begun] = await call(url, "InitiateAuth", {
    AuthFlow: "USER_SRP_AUTH",
    ClientId,
    AuthParameters: { USERNAME: username, SRP_A: A.toString(16) },
  });
  const { SRP_B, SALT, SECRET_BLOCK, USER_ID_FOR_SRP } = begun.ChallengeParameters as unknown as Challenge;
  const B = BigInt(`0x${SRP_B}`);
  const u = sha(padded(A), padded(B));
  const identity = createHash("sha256").update(`${poolName}${USER_ID_FOR_SRP}:${password}`).digest();
  const x = big(sha(padded(BigInt(`0x${SALT}`)), identity));
  const base = (((B - k * power(2n, x)) % N) + N) % N;
  const S = power(base, a + big(u) * x);
  const key = Buffer.from(hkdfSync("sha256", padded(S), padded(big(u)), "Caldera Derived Key", 16));
  const TIMESTAMP = timestamp();
  const mac = createHmac("sha256", key)
    .update(`${poolName}${USER_ID_FOR_SRP}`)
    .update(Buffer.from(SECRET_BLOCK, "base64"));
  const [second, ended] = await call(url, "RespondToAuthChallenge", {
    ClientId,
    ChallengeName: "PASSWORD_VERIFIER",
    ChallengeResponses: {
      USERNAME: USER_ID_FOR_SRP,
      PASSWORD_CLAIM_SECRET_BLOCK: SECRET_BLOCK,
      PASSWORD_CLAIM_SIGNATURE: mac.update(TIMESTAMP).digest("base64"),
      TIMESTAMP,
    },
  });
  const tokens = ended.AuthenticationResult as unknown as Omit<SignedIn, "ms">;
  return { ms: first + second, ...tokens };
}
