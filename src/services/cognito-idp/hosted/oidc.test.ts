import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, type JWTPayload, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newUser } from "../testing.ts";
import { Browser, callback, type HostedPool, hostedPool } from "./testing.ts";

type Pair = Awaited<ReturnType<typeof generateKeyPair>>;

/** A provider on loopback, and what it does wrong when a test wants it to. */
interface Provider {
  server: Server;
  issuer: string;
  claims: JWTPayload;
  facts: Record<string, unknown>;
  key: Pair;
  signer: Pair["privateKey"];
  alg: string;
  answer: (back: URLSearchParams) => void;
  asked: URLSearchParams;
  presented: URLSearchParams[];
  tokens: (idToken: string) => object;
}

let cloudkeep: Cloudkeep;
let pool: HostedPool;
let provider: Provider;

async function newProvider(): Promise<Provider> {
  const key = await generateKeyPair("RS256");
  const made: Provider = {
    server: createServer((request, response) => {
      const url = new URL(request.url ?? "/", made.issuer);
      const reply = (value: object) => response.end(JSON.stringify(value));
      if (url.pathname === "/.well-known/openid-configuration")
        return reply({
          issuer: made.issuer,
          authorization_endpoint: `${made.issuer}/authorize`,
          token_endpoint: `${made.issuer}/token`,
          jwks_uri: `${made.issuer}/keys`,
          userinfo_endpoint: `${made.issuer}/userinfo`,
        });
      if (url.pathname === "/authorize") {
        made.asked = url.searchParams;
        const back = new URLSearchParams({ code: "the-code", state: url.searchParams.get("state") ?? "" });
        made.answer(back);
        response.writeHead(302, { location: `${url.searchParams.get("redirect_uri")}?${back}` });
        return response.end();
      }
      if (url.pathname === "/keys")
        return void exportJWK(made.key.publicKey).then((jwk) => reply({ keys: [{ ...jwk, kid: "k" }] }));
      if (url.pathname === "/userinfo") return reply(made.facts);
      let body = "";
      request.on("data", (piece: Buffer) => {
        body += piece.toString();
      });
      request.on("end", async () => {
        made.presented.push(new URLSearchParams(body));
        const claims = { nonce: made.asked.get("nonce") ?? "", ...made.claims };
        const token = await new SignJWT(claims)
          .setProtectedHeader({ alg: made.alg, kid: "k" })
          .sign(made.signer);
        reply(made.tokens(token));
      });
    }),
    issuer: "",
    claims: {},
    facts: {},
    key,
    signer: key.privateKey,
    alg: "RS256",
    answer: () => {},
    asked: new URLSearchParams(),
    presented: [],
    tokens: () => ({}),
  };
  await new Promise<void>((resolve) => made.server.listen(0, "127.0.0.1", resolve));
  made.issuer = `http://127.0.0.1:${(made.server.address() as AddressInfo).port}`;
  return made;
}

const seconds = () => Math.floor(cloudkeep.clock.now() / 1_000);

beforeAll(async () => {
  cloudkeep = await startForTest();
  provider = await newProvider();
  pool = await hostedPool(cloudkeep);
  const { idp, UserPoolId, ClientId } = pool;
  await idp.createIdentityProvider({
    UserPoolId,
    ProviderName: "Corp",
    ProviderType: "OIDC",
    ProviderDetails: {
      client_id: "cloudkeep",
      client_secret: "their-secret",
      authorize_scopes: "openid email",
      oidc_issuer: provider.issuer,
      attributes_request_method: "GET",
    },
    AttributeMapping: { email: "email", email_verified: "email_verified", name: "full_name" },
    IdpIdentifiers: ["corp.example.com"],
  });
  await idp.updateUserPoolClient({
    UserPoolId,
    ClientId,
    AllowedOAuthFlowsUserPoolClient: true,
    AllowedOAuthFlows: ["code"],
    AllowedOAuthScopes: ["openid", "email"],
    CallbackURLs: [callback],
    SupportedIdentityProviders: ["COGNITO", "Corp"],
  });
});
afterAll(async () => {
  provider.server.close();
  await cloudkeep.stop();
});

beforeEach(() => {
  const base = { iss: provider.issuer, aud: "cloudkeep", sub: "42", iat: seconds(), exp: seconds() + 300 };
  Object.assign(provider, {
    claims: { ...base, email: "kim@corp.example.com", email_verified: true },
    facts: { sub: "42", full_name: "Kim" },
    signer: provider.key.privateKey,
    alg: "RS256",
    answer: () => {},
    presented: [],
    tokens: (id_token: string) => ({ id_token, access_token: "theirs" }),
  } satisfies Partial<Provider>);
});

const query = (more: Record<string, string> = {}) =>
  new URLSearchParams({
    client_id: pool.ClientId,
    redirect_uri: callback,
    response_type: "code",
    scope: "openid email",
    state: "s",
    ...more,
  });

async function come(more: Record<string, string> = { identity_provider: "Corp" }): Promise<Browser> {
  return await new Browser().open(`${pool.base}/oauth2/authorize?${query(more)}`);
}

describe("a user of another provider", () => {
  it("signs in, becomes a user of the pool, and is the same one the next time", async () => {
    const browser = await come();
    expect(browser.result.get("code")).toBeTruthy();
    expect(browser.result.get("state")).toBe("s");
    const sent = provider.presented[0];
    expect(sent?.get("client_secret")).toBe("their-secret");
    expect(sent?.get("code_verifier")).toMatch(/^[\w-]{43}$/);
    expect(provider.presented).toHaveLength(1);
    const { UserAttributes = [], UserStatus } = await pool.idp.adminGetUser({
      UserPoolId: pool.UserPoolId,
      Username: "Corp_42",
    });
    expect(UserStatus).toBe("EXTERNAL_PROVIDER");
    expect(UserAttributes).toContainEqual({ Name: "name", Value: "Kim" });
    expect(UserAttributes).toContainEqual({ Name: "email_verified", Value: "true" });
    provider.facts = { sub: "42", full_name: "Kim Possible" };
    await come({ idp_identifier: "corp.example.com" });
    const { Users } = await pool.idp.listUsers({
      UserPoolId: pool.UserPoolId,
      Filter: 'name = "Kim Possible"',
    });
    expect(Users).toHaveLength(1);
    const GroupName = `${pool.UserPoolId}_Corp`;
    const members = await pool.idp.listUsersInGroup({ UserPoolId: pool.UserPoolId, GroupName });
    expect(members.Users?.map(({ Username }) => Username)).toEqual(["Corp_42"]);
  });

  it("is the user whom it is linked to", async () => {
    await newUser(pool, "lee");
    await pool.idp.adminLinkProviderForUser({
      UserPoolId: pool.UserPoolId,
      DestinationUser: { ProviderName: "Cognito", ProviderAttributeValue: "lee" },
      SourceUser: {
        ProviderName: "Corp",
        ProviderAttributeName: "Cognito_Subject",
        ProviderAttributeValue: "77",
      },
    });
    provider.claims.sub = "77";
    provider.facts = { sub: "77" };
    const browser = await come();
    const tokens = await fetch(`${pool.base}/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "authorization_code",
        client_id: pool.ClientId,
        code: browser.result.get("code") ?? "",
        redirect_uri: callback,
      }),
    });
    const { id_token = "" } = (await tokens.json()) as { id_token?: string };
    expect(JSON.parse(Buffer.from(id_token.split(".")[1] ?? "", "base64url").toString())).toMatchObject({
      "cognito:username": "lee",
    });
    // What the provider says of the user holds from now on.
    provider.facts = { sub: "77", full_name: "Lee New" };
    await come();
    const named = { UserPoolId: pool.UserPoolId, Username: "lee" };
    const { UserAttributes, UserStatus } = await pool.idp.adminGetUser(named);
    expect(UserStatus).toBe("CONFIRMED");
    expect(UserAttributes).toContainEqual({ Name: "name", Value: "Lee New" });
  });

  it("is shown as a way to sign in", async () => {
    const browser = await come({});
    await browser.follow("Continue with Corp");
    expect(browser.result.get("code")).toBeTruthy();
  });
});

describe("nobody is signed in by", () => {
  const cases: [string, () => void | Promise<void>][] = [
    [
      "a refusal of the provider",
      () => {
        provider.answer = (back) => {
          back.delete("code");
          back.set("error", "access_denied");
        };
      },
    ],
    [
      "an answer of another provider",
      () => {
        provider.answer = (back) => back.set("iss", "https://other.example.com");
      },
    ],
    [
      "no code",
      () => {
        provider.answer = (back) => back.delete("code");
      },
    ],
    [
      "a stranger's signature",
      async () => {
        provider.signer = (await generateKeyPair("RS256")).privateKey;
      },
    ],
    [
      "another issuer",
      () => {
        provider.claims.iss = "https://other.example.com";
      },
    ],
    [
      "another audience",
      () => {
        provider.claims.aud = "other";
      },
    ],
    [
      "a token for several, and none of them ours to act",
      () => {
        provider.claims.aud = ["cloudkeep", "other"];
      },
    ],
    [
      "a token that another client has obtained",
      () => {
        provider.claims.azp = "other";
      },
    ],
    [
      "another nonce",
      () => {
        provider.claims.nonce = "other";
      },
    ],
    [
      "a token that has expired",
      () => {
        provider.claims.exp = seconds() - 120;
      },
    ],
    [
      "a token without a subject",
      () => {
        delete provider.claims.sub;
      },
    ],
    [
      "attributes of another user",
      () => {
        provider.facts = { sub: "43" };
      },
    ],
    [
      "no ID token",
      () => {
        provider.tokens = () => ({ access_token: "theirs" });
      },
    ],
    [
      "an unsigned token",
      () => {
        provider.tokens = (token) => {
          const [, payload] = token.split(".");
          const header = Buffer.from('{"alg":"none"}').toString("base64url");
          return { id_token: `${header}.${payload}.`, access_token: "theirs" };
        };
      },
    ],
  ];
  it.each(cases)("%s", async (_, spoil) => {
    await spoil();
    const browser = await come();
    expect(browser.result.get("error")).toBeTruthy();
    expect(browser.result.get("code")).toBeNull();
    expect(browser.left.startsWith(callback)).toBe(true);
  });

  it("a state that was forged, used, or brought by another browser", async () => {
    const stopped = new Browser();
    let back = "";
    provider.answer = (parameters) => {
      back = `${pool.base}/oauth2/idpresponse?${parameters}`;
    };
    await stopped.open(`${pool.base}/oauth2/authorize?${query({ identity_provider: "Corp" })}`);
    expect(stopped.result.get("code")).toBeTruthy();
    await stopped.open(back);
    expect(stopped.problem).toContain("used before");
    const victim = await new Browser().open(back);
    expect(victim.problem).toContain("another browser");
    await victim.open(back.replace(/state=[^&]+/, "state=forged"));
    expect(victim.problem).toContain("not valid");
  });

  it("a name that somebody has signed up under before", async () => {
    await newUser(pool, "Corp_99");
    provider.claims.sub = "99";
    provider.facts = { sub: "99" };
    expect((await come()).result.get("error")).toBeTruthy();
  });

  it("a session that began with a provider whose users another client does not take", async () => {
    const { UserPoolClient } = await pool.idp.createUserPoolClient({
      UserPoolId: pool.UserPoolId,
      ClientName: "own users",
      AllowedOAuthFlowsUserPoolClient: true,
      AllowedOAuthFlows: ["code"],
      AllowedOAuthScopes: ["openid", "email"],
      CallbackURLs: [callback],
      SupportedIdentityProviders: ["COGNITO"],
    });
    const browser = await come();
    expect(browser.result.get("code")).toBeTruthy();
    await browser.open(
      `${pool.base}/oauth2/authorize?${query({ client_id: UserPoolClient?.ClientId ?? "" })}`,
    );
    expect([browser.left, browser.text.includes("Sign in to your account")]).toEqual(["", true]);
  });

  it("a provider that the client does not offer", async () => {
    expect((await come({ identity_provider: "Other" })).result.get("error")).toBe("invalid_request");
  });
});
