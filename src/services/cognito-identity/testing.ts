import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { CognitoIdentity } from "@aws-sdk/client-cognito-identity";
import { CreateRoleCommand, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { type Credentials, clients, optionsOf, policyOf } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** What tests of identity pools share. */

export function identityClient(
  cloudkeep: Cloudkeep,
  credentials: Credentials = cloudkeep.credentials,
  region?: string,
): CognitoIdentity {
  return new CognitoIdentity(optionsOf(cloudkeep, credentials, region));
}

/** A client without any credentials, as in a browser. */
export function guestClient(cloudkeep: Cloudkeep): CognitoIdentity {
  return identityClient(cloudkeep, { accessKeyId: "", secretAccessKey: "" });
}

/** A role that trusts a pool's identities. */
export async function poolRole(
  cloudkeep: Cloudkeep,
  RoleName: string,
  poolId: string,
  amr: string,
  statement?: Record<string, unknown>,
): Promise<string> {
  const { iam } = clients(cloudkeep, cloudkeep.credentials);
  const { Role } = await iam.send(
    new CreateRoleCommand({
      RoleName,
      AssumeRolePolicyDocument: policyOf({
        Principal: { Federated: "cognito-identity.amazonaws.com" },
        Action: ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        Condition: {
          StringEquals: { "cognito-identity.amazonaws.com:aud": poolId },
          "ForAnyValue:StringLike": { "cognito-identity.amazonaws.com:amr": amr },
        },
      }),
    }),
  );
  if (statement !== undefined) {
    const PolicyDocument = policyOf(statement);
    await iam.send(new PutRolePolicyCommand({ RoleName, PolicyName: "may", PolicyDocument }));
  }
  return Role?.Arn ?? "";
}

export interface TestIssuer {
  issuer: string;
  /** Without "http://". */
  name: string;
  publicKey: Parameters<typeof exportJWK>[0];
  token(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>;
  stop(): Promise<void>;
}

/** An OpenID Connect provider on loopback. */
export async function startIssuer(now: () => number): Promise<TestIssuer> {
  const keys = await generateKeyPair("RS256", { extractable: true });
  const jwk = { ...(await exportJWK(keys.publicKey)), kid: "one", alg: "RS256", use: "sig" };
  let issuer = "";
  const server: Server = createServer((request, response) => {
    const isDiscovery = request.url?.endsWith("openid-configuration");
    response.end(JSON.stringify(isDiscovery ? { issuer, jwks_uri: `${issuer}/keys` } : { keys: [jwk] }));
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    issuer,
    name: issuer.replace("http://", ""),
    publicKey: keys.publicKey,
    token(claims, header = {}) {
      const iat = Math.floor(now() / 1000);
      return new SignJWT({ iss: issuer, aud: "app", iat, exp: iat + 3600, ...claims })
        .setProtectedHeader({ alg: "RS256", kid: "one", ...header })
        .sign(keys.privateKey);
    },
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}
