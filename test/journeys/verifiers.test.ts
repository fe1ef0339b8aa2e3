import { CognitoJwtVerifier } from "aws-jwt-verify";
import { SimpleJwksCache } from "aws-jwt-verify/jwk";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newPool, newUser, type TestPool, tokensOf } from "../../src/services/cognito-idp/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";

/** aws-jwt-verify as apps use it behind their own doors; openid-client is in `hosted/oauth.test.ts`. */

let cloudkeep: Cloudkeep;
let pool: TestPool;
let tokens: { AccessToken: string; IdToken: string };
beforeAll(async () => {
  cloudkeep = await startForTest();
  pool = await newPool(cloudkeep);
  await newUser(pool, "ada", { email: "ada@example.com", email_verified: "true" });
  const { idp, UserPoolId } = pool;
  await idp.createGroup({ UserPoolId, GroupName: "staff" });
  await idp.adminAddUserToGroup({ UserPoolId, GroupName: "staff", Username: "ada" });
  tokens = await tokensOf(pool, "ada");
});
afterAll(() => cloudkeep.stop());

const aws = "https://cognito-idp.us-east-1.amazonaws.com";

/** What stands at AWS's own host is asked of Cloudkeep, as if the name led here. */
function jwksCache(asked: string[] = []): SimpleJwksCache {
  const asIfHere = async (uri: string) => {
    asked.push(uri);
    return await (await fetch(uri.replace(aws, cloudkeep.endpoint))).arrayBuffer();
  };
  return new SimpleJwksCache({ fetcher: { fetch: asIfHere } });
}

type Use = "id" | "access";

function verifierOf(tokenUse: Use, more: { groups?: string; userPoolId?: string; clientId?: string } = {}) {
  const { UserPoolId: userPoolId, ClientId: clientId } = pool;
  const properties = { userPoolId, clientId, tokenUse, ...more };
  return CognitoJwtVerifier.create(properties, { jwksCache: jwksCache() });
}

const tokenOf = (use: Use) => (use === "id" ? tokens.IdToken : tokens.AccessToken);

describe.each(["id", "access"] as const)("CognitoJwtVerifier takes an %s token", (use) => {
  it("of its pool, client and group", async () => {
    const claims = await verifierOf(use, { groups: "staff" }).verify(tokenOf(use));
    expect(claims).toMatchObject({ token_use: use, "cognito:groups": ["staff"] });
    expect(claims.iss).toBe(`${aws}/${pool.UserPoolId}`);
  });

  it("and asks for the keys once, where AWS has them", async () => {
    const asked: string[] = [];
    const { UserPoolId: userPoolId, ClientId: clientId } = pool;
    const cache = jwksCache(asked);
    const verifier = CognitoJwtVerifier.create({ userPoolId, clientId, tokenUse: use }, { jwksCache: cache });
    for (let i = 0; i < 3; i += 1) await verifier.verify(tokenOf(use));
    expect(asked).toEqual([`${aws}/${userPoolId}/.well-known/jwks.json`]);
  });

  it.each([
    ["the other use", async () => verifierOf(use === "id" ? "access" : "id")],
    ["another client", async () => verifierOf(use, { clientId: "1example23456789" })],
    ["another group", async () => verifierOf(use, { groups: "admins" })],
    ["another pool", async () => verifierOf(use, { userPoolId: (await newPool(cloudkeep)).UserPoolId })],
  ])("but not for %s", async (_, verifier) => {
    await expect((await verifier()).verify(tokenOf(use))).rejects.toThrow();
  });

  it("but not with a byte changed", async () => {
    const [header, payload = "", signature = ""] = tokenOf(use).split(".");
    const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
    const forged = Buffer.from(JSON.stringify({ ...claims, sub: "somebody else" })).toString("base64url");
    await expect(verifierOf(use).verify(`${header}.${forged}.${signature}`)).rejects.toThrow(/signature/i);
  });
});
