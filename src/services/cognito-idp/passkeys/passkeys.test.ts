import { createHash, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newPool, newUser, type TestPool, tokensOf } from "../testing.ts";

/** Passkeys, by an authenticator of software. */

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

const rpId = "app.example.com";
const origin = `https://${rpId}`;
const b64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64url");
const sha = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest();

/** A byte string in CBOR. */
function cborBytes(bytes: Uint8Array): Buffer {
  const head =
    bytes.length < 24
      ? [0x40 + bytes.length]
      : bytes.length < 256
        ? [0x58, bytes.length]
        : [0x59, bytes.length >> 8, bytes.length & 255];
  return Buffer.concat([Buffer.from(head), bytes]);
}
const cborText = (text: string) => Buffer.concat([Buffer.of(0x60 + text.length), Buffer.from(text)]);

class Authenticator {
  readonly id = randomBytes(16);
  counter = 0;
  readonly #key: KeyObject;
  readonly #cose: Buffer;

  constructor() {
    const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    this.#key = privateKey;
    const { x = "", y = "" } = publicKey.export({ format: "jwk" });
    const [bx, by] = [x, y].map((part) => cborBytes(Buffer.from(part, "base64url"))) as [Buffer, Buffer];
    // {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}
    this.#cose = Buffer.concat([
      Buffer.from("a50102032620012158", "hex").subarray(0, 7),
      Buffer.of(0x21),
      bx,
      Buffer.of(0x22),
      by,
    ]);
  }

  #data(flags: number, rp: string, more: Buffer = Buffer.alloc(0)): Buffer {
    this.counter += 1;
    const head = Buffer.alloc(5);
    head[0] = flags;
    head.writeUInt32BE(this.counter, 1);
    return Buffer.concat([sha(rp), head, more]);
  }

  register(challenge: string, said = { origin, rp: rpId }): object {
    const attested = Buffer.concat([Buffer.alloc(16), Buffer.of(0, this.id.length), this.id, this.#cose]);
    const authData = this.#data(0x45, said.rp, attested);
    const attestationObject = Buffer.concat([
      Buffer.of(0xa3),
      cborText("fmt"),
      cborText("none"),
      cborText("attStmt"),
      Buffer.of(0xa0),
      cborText("authData"),
      cborBytes(authData),
    ]);
    const clientDataJSON = JSON.stringify({ type: "webauthn.create", challenge, origin: said.origin });
    return {
      id: b64(this.id),
      rawId: b64(this.id),
      type: "public-key",
      authenticatorAttachment: "platform",
      clientExtensionResults: {},
      response: {
        attestationObject: b64(attestationObject),
        clientDataJSON: b64(Buffer.from(clientDataJSON)),
        transports: ["internal"],
      },
    };
  }

  answer(challenge: string, said = { origin, rp: rpId }): string {
    const authenticatorData = this.#data(0x05, said.rp);
    const clientDataJSON = Buffer.from(
      JSON.stringify({ type: "webauthn.get", challenge, origin: said.origin }),
    );
    const signature = sign("sha256", Buffer.concat([authenticatorData, sha(clientDataJSON)]), this.#key);
    return JSON.stringify({
      id: b64(this.id),
      rawId: b64(this.id),
      type: "public-key",
      clientExtensionResults: {},
      response: {
        authenticatorData: b64(authenticatorData),
        clientDataJSON: b64(clientDataJSON),
        signature: b64(signature),
      },
    });
  }
}

async function passkeyPool(): Promise<TestPool> {
  const pool = await newPool(cloudkeep, {
    Policies: { SignInPolicy: { AllowedFirstAuthFactors: ["PASSWORD", "WEB_AUTHN"] } },
  });
  await pool.idp.setUserPoolMfaConfig({
    UserPoolId: pool.UserPoolId,
    WebAuthnConfiguration: { RelyingPartyId: rpId, UserVerification: "required" },
  });
  await newUser(pool, "alice");
  return pool;
}

async function challengeOf(pool: TestPool): Promise<{ challenge: string; Session: string | undefined }> {
  const {
    ChallengeName,
    ChallengeParameters = {},
    Session,
  } = await pool.idp.initiateAuth({
    AuthFlow: "USER_AUTH",
    ClientId: pool.ClientId,
    AuthParameters: { USERNAME: "alice", PREFERRED_CHALLENGE: "WEB_AUTHN" },
  });
  expect(ChallengeName).toBe("WEB_AUTHN");
  const options = JSON.parse(ChallengeParameters.CREDENTIAL_REQUEST_OPTIONS ?? "{}") as { challenge: string };
  return { challenge: options.challenge, Session };
}

describe("a passkey", () => {
  it("is registered, signs in, and is deleted", async () => {
    const pool = await passkeyPool();
    const { idp, ClientId } = pool;
    const { AccessToken } = await tokensOf(pool, "alice");
    const authenticator = new Authenticator();
    const { CredentialCreationOptions } = await idp.startWebAuthnRegistration({ AccessToken });
    const { challenge, rp } = CredentialCreationOptions as unknown as {
      challenge: string;
      rp: { id: string };
    };
    expect(rp.id).toBe(rpId);
    const complete = (Credential: object) =>
      idp.completeWebAuthnRegistration({ AccessToken, Credential: Credential as never });
    const foreign = authenticator.register(challenge, { origin: "https://evil.example", rp: rpId });
    expect((await errorOf(complete(foreign))).name).toBe("WebAuthnOriginNotAllowedException");
    expect((await errorOf(complete(authenticator.register("another")))).name).toBe(
      "InvalidParameterException",
    );
    await complete(authenticator.register(challenge));
    expect((await errorOf(complete(authenticator.register(challenge)))).name).toBe(
      "WebAuthnChallengeNotFoundException",
    );
    const { Credentials = [] } = await idp.listWebAuthnCredentials({ AccessToken });
    expect(Credentials).toMatchObject([{ RelyingPartyId: rpId, AuthenticatorTransports: ["internal"] }]);

    const respond = (Session: string | undefined, CREDENTIAL: string) =>
      idp.respondToAuthChallenge({
        ClientId,
        ChallengeName: "WEB_AUTHN",
        Session,
        ChallengeResponses: { USERNAME: "alice", CREDENTIAL },
      });
    const asked = await challengeOf(pool);
    for (const wrong of [
      authenticator.answer("another"),
      authenticator.answer(asked.challenge, { origin: "https://evil.example", rp: rpId }),
      authenticator.answer(asked.challenge, { origin, rp: "evil.example" }),
      "{}",
    ])
      expect((await errorOf(respond(asked.Session, wrong))).message).toBe("Incorrect username or password.");
    const right = authenticator.answer(asked.challenge);
    expect((await respond(asked.Session, right)).AuthenticationResult?.AccessToken).toBeDefined();
    expect((await errorOf(respond(asked.Session, right))).name).toBe("NotAuthorizedException");

    await idp.deleteWebAuthnCredential({ AccessToken, CredentialId: Credentials[0]?.CredentialId });
    expect((await idp.listWebAuthnCredentials({ AccessToken })).Credentials).toEqual([]);
  });

  it("is refused where the pool does not take it", async () => {
    const pool = await newPool(cloudkeep);
    await newUser(pool, "alice");
    const { AccessToken } = await tokensOf(pool, "alice");
    expect((await errorOf(pool.idp.startWebAuthnRegistration({ AccessToken }))).name).toBe(
      "WebAuthnNotEnabledException",
    );
  });
});
