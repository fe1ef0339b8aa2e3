import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { LookupEventsCommand } from "@aws-sdk/client-cloudtrail";
import { CreateOpenIDConnectProviderCommand, CreateRoleCommand } from "@aws-sdk/client-iam";
import { AssumeRoleWithWebIdentityCommand, GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import { exportJWK, generateKeyPair, SignJWT, UnsecuredJWT } from "jose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

const hourMs = 3_600_000;
const account = "000000000000";
const RoleArn = `arn:aws:iam::${account}:role/deployer`;

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let sts: STSClient;
let issuerServer: Server;
let issuer: string;
let keys: Awaited<ReturnType<typeof generateKeyPair>>;
let broken = false;

beforeAll(async () => {
  keys = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  issuerServer = createServer((request, response) => {
    if (broken) return void response.writeHead(500).end();
    const body = request.url?.endsWith("openid-configuration")
      ? { issuer, jwks_uri: `${issuer}/keys` }
      : { keys: [jwk] };
    response.end(JSON.stringify(body));
  });
  await new Promise<void>((listening) => issuerServer.listen(0, "127.0.0.1", listening));
  issuer = `http://127.0.0.1:${(issuerServer.address() as AddressInfo).port}`;
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  sts = new STSClient({
    endpoint: cloudkeep.endpoint,
    region: "us-east-1",
    credentials: cloudkeep.credentials,
    maxAttempts: 1,
  });
  const name = issuer.replace("http://", "");
  await root.iam.send(new CreateOpenIDConnectProviderCommand({ Url: issuer, ClientIDList: ["ci"] }));
  const provider = `arn:aws:iam::${account}:oidc-provider/${name}`;
  await root.iam.send(
    new CreateRoleCommand({
      RoleName: "deployer",
      AssumeRolePolicyDocument: JSON.stringify({
        Version: "2012-10-17",
        Statement: [
          {
            Effect: "Allow",
            Principal: { Federated: provider },
            Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
            Condition: {
              StringEquals: { [`${name}:aud`]: "ci" },
              StringLike: { [`${name}:sub`]: "repo:example/*" },
            },
          },
        ],
      }),
    }),
  );
});
afterAll(async () => {
  await cloudkeep.stop();
  issuerServer.closeAllConnections();
  await new Promise((closed) => issuerServer.close(closed));
});

interface Claims {
  sub?: string;
  aud?: string;
  iss?: string;
  expiresMs?: number;
  more?: Record<string, unknown>;
}

function claims({
  sub = "repo:example/app",
  aud = "ci",
  iss = issuer,
  expiresMs = hourMs,
  more = {},
}: Claims = {}) {
  const now = cloudkeep.clock.now();
  return {
    ...more,
    sub,
    aud,
    iss,
    iat: Math.floor(now / 1000),
    exp: Math.floor((now + expiresMs) / 1000),
  };
}

function token(
  options?: Claims,
  header: { alg: string; kid?: string } = { alg: "RS256", kid: "one" },
): Promise<string> {
  return new SignJWT(claims(options)).setProtectedHeader(header).sign(keys.privateKey);
}

/** The call as a client without credentials makes it. */
function assume(WebIdentityToken: string, more: object = {}) {
  return sts.send(
    new AssumeRoleWithWebIdentityCommand({ RoleArn, RoleSessionName: "build", WebIdentityToken, ...more }),
  );
}

describe("a token of a known issuer", () => {
  it("gives the role's credentials, and says whose they are", async () => {
    const answer = await assume(await token());
    expect(answer).toMatchObject({
      SubjectFromWebIdentityToken: "repo:example/app",
      Audience: "ci",
      AssumedRoleUser: { Arn: `arn:aws:sts::${account}:assumed-role/deployer/build` },
    });
    const session = clients(cloudkeep, credentialsOf(answer.Credentials));
    const { Arn } = await session.sts.send(new GetCallerIdentityCommand({}));
    expect(Arn).toBe(`arn:aws:sts::${account}:assumed-role/deployer/build`);
    const { Events = [] } = await root.cloudtrail.send(
      new LookupEventsCommand({
        LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "AssumeRoleWithWebIdentity" }],
      }),
    );
    const event = JSON.parse(Events[0]?.CloudTrailEvent ?? "{}");
    expect(event).toMatchObject({ userIdentity: { type: "WebIdentityUser", userName: "repo:example/app" } });
    expect(JSON.stringify(event)).not.toContain(answer.Credentials?.SecretAccessKey);
  });

  it("carries session tags", async () => {
    const more = {
      "https://aws.amazon.com/tags": { principal_tags: { team: ["data"] }, transitive_tag_keys: ["team"] },
    };
    await expect(assume(await token({ more }))).resolves.toBeDefined();
  });

  it("is refused where the role does not trust its subject, or does not exist", async () => {
    const stranger = await errorOf(assume(await token({ sub: "repo:other/app" })));
    expect([stranger.name, stranger.message]).toEqual([
      "AccessDenied",
      "Not authorized to perform sts:AssumeRoleWithWebIdentity",
    ]);
    const gone = await errorOf(assume(await token(), { RoleArn: `${RoleArn}-gone` }));
    expect([gone.name, gone.message]).toEqual([stranger.name, stranger.message]);
  });
});

describe("no role is given for", () => {
  const cases: [string, string, () => Promise<string>][] = [
    ["an expired token", "ExpiredTokenException", () => token({ expiresMs: -1000 })],
    ["another audience", "InvalidIdentityToken", () => token({ aud: "someone-else" })],
    ["another issuer", "InvalidIdentityToken", () => token({ iss: "https://issuer.example.com" })],
    [
      "a key that is not the issuer's",
      "InvalidIdentityToken",
      async () => {
        const { privateKey } = await generateKeyPair("RS256");
        return await new SignJWT(claims()).setProtectedHeader({ alg: "RS256", kid: "one" }).sign(privateKey);
      },
    ],
    ["no signature", "InvalidIdentityToken", async () => new UnsecuredJWT(claims()).encode()],
    [
      "the public key taken for a secret",
      "InvalidIdentityToken",
      async () => {
        const { n = "" } = await exportJWK(keys.publicKey);
        return await new SignJWT(claims())
          .setProtectedHeader({ alg: "HS256", kid: "one" })
          .sign(Buffer.from(n));
      },
    ],
    [
      "a changed claim",
      "InvalidIdentityToken",
      async () => {
        const [head, , signature] = (await token()).split(".");
        const body = Buffer.from(JSON.stringify(claims({ sub: "repo:example/other" }))).toString("base64url");
        return `${head}.${body}.${signature}`;
      },
    ],
    ["what is no token", "InvalidIdentityToken", async () => "not-a-token"],
    [
      "tags that are none",
      "InvalidIdentityToken",
      () => token({ more: { "https://aws.amazon.com/tags": { principal_tags: 7 } } }),
    ],
  ];
  it.each(cases)("%s", async (_, code, make) => {
    const error = await errorOf(assume(await make()));
    expect(error.name.replace(/Exception$/, "")).toBe(code.replace(/Exception$/, ""));
  });

  it("an issuer that does not answer", async () => {
    broken = true;
    await cloudkeep.clock.advance(hourMs);
    const error = await errorOf(assume(await token()));
    broken = false;
    expect(error.name.replace(/Exception$/, "")).toBe("IDPCommunicationError");
  });
});
