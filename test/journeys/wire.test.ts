import { once } from "node:events";
import { Agent, request } from "node:https";
import { connect } from "node:tls";
import { CloudTrail } from "@aws-sdk/client-cloudtrail";
import { IAM } from "@aws-sdk/client-iam";
import { KMS } from "@aws-sdk/client-kms";
import { STS } from "@aws-sdk/client-sts";
import { NodeHttp2Handler, NodeHttpHandler } from "@smithy/node-http-handler";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Cloudkeep, start } from "../../src/start.ts";
import { MemoryStore } from "../../src/storage/memory.ts";
import { newCertificate } from "../certificate.ts";
import { credentialsOf, errorOf, startForTest } from "../harness.ts";
import { send } from "../hostile/raw.ts";

/** One port, several wires: HTTP/1.1 and HTTP/2, in the clear and under TLS, from the SDK and from browsers. */

describe("in the clear", () => {
  let cloudkeep: Cloudkeep;
  beforeAll(async () => {
    cloudkeep = await startForTest();
  });
  afterAll(() => cloudkeep.stop());

  it("HTTP/2 carries the same calls as HTTP/1.1", async () => {
    const { endpoint, credentials } = cloudkeep;
    const requestHandler = new NodeHttp2Handler();
    const kms = new KMS({ endpoint, region: "eu-west-1", credentials, maxAttempts: 1, requestHandler });
    const { KeyMetadata } = await kms.createKey({});
    const KeyId = KeyMetadata?.KeyId ?? "";
    const many = await Promise.all(
      Array.from({ length: 50 }, (_, i) => kms.encrypt({ KeyId, Plaintext: Buffer.from(`text ${i}`) })),
    );
    const opened = await kms.decrypt({ CiphertextBlob: many[49]?.CiphertextBlob });
    expect(Buffer.from(opened.Plaintext ?? []).toString()).toBe("text 49");
    const wrong = new KMS({
      endpoint,
      region: "eu-west-1",
      credentials: { ...credentials, secretAccessKey: "wrong" },
      maxAttempts: 1,
      requestHandler,
    });
    expect((await errorOf(wrong.listKeys({}))).name).toBe("InvalidSignatureException");
    requestHandler.destroy();
  });

  it("tells browsers that they may call", async () => {
    const preflight = await send(cloudkeep.port, {
      method: "OPTIONS",
      headers: {
        origin: "https://app.example.com",
        "access-control-request-method": "POST",
        "access-control-request-headers": "authorization,x-amz-date",
      },
    });
    expect(preflight.status).toBe(200);
    expect(preflight.headers).toMatchObject({
      "access-control-allow-origin": "*",
      "access-control-allow-headers": "authorization,x-amz-date",
    });
    const refused = await send(cloudkeep.port, { headers: { origin: "https://app.example.com" } });
    expect(refused.status).toBe(403);
    expect(refused.headers["access-control-allow-origin"]).toBe("*");
    expect(refused.headers["access-control-expose-headers"]).toContain("x-amzn-RequestId");
  });
});

describe("under TLS", () => {
  let cloudkeep: Cloudkeep;
  let ca: string;
  beforeAll(async () => {
    const { key, certificate } = await newCertificate("127.0.0.1");
    ca = certificate;
    cloudkeep = await start({ store: new MemoryStore(), tls: { cert: certificate, key } });
  });
  afterAll(() => cloudkeep.stop());

  const options = () => ({
    endpoint: cloudkeep.endpoint,
    region: "us-east-1",
    maxAttempts: 1,
    requestHandler: new NodeHttpHandler({ httpsAgent: new Agent({ ca }) }),
  });

  it("calls are made, and recorded with what TLS they came over", async () => {
    expect(cloudkeep.endpoint).toMatch(/^https:/);
    const { credentials } = cloudkeep;
    await new STS({ ...options(), credentials }).getCallerIdentity({});
    const { Events = [] } = await new CloudTrail({ ...options(), credentials }).lookupEvents({
      LookupAttributes: [{ AttributeKey: "EventName", AttributeValue: "GetCallerIdentity" }],
    });
    const { tlsDetails } = JSON.parse(Events[0]?.CloudTrailEvent ?? "{}");
    expect(tlsDetails).toMatchObject({
      tlsVersion: "TLSv1.3",
      clientProvidedHostHeader: `127.0.0.1:${cloudkeep.port}`,
    });
    expect(tlsDetails.cipherSuite).toMatch(/^TLS_/);
  });

  it("policies can ask for it", async () => {
    const iam = new IAM({ ...options(), credentials: cloudkeep.credentials });
    await iam.createUser({ UserName: "ann" });
    const deny = (value: string) =>
      iam.putUserPolicy({
        UserName: "ann",
        PolicyName: "own",
        PolicyDocument: JSON.stringify({
          Version: "2012-10-17",
          Statement: [
            { Effect: "Allow", Action: "*", Resource: "*" },
            {
              Effect: "Deny",
              Action: "*",
              Resource: "*",
              Condition: { Bool: { "aws:SecureTransport": value } },
            },
          ],
        }),
      });
    const { AccessKey } = await iam.createAccessKey({ UserName: "ann" });
    const ann = new IAM({ ...options(), credentials: credentialsOf(AccessKey) });
    await deny("false");
    await ann.listUsers({});
    await deny("true");
    expect((await errorOf(ann.listUsers({}))).name).toBe("AccessDenied");
  });

  it("HTTP/2 is agreed on where the client offers it", async () => {
    const socket = connect({
      port: cloudkeep.port,
      host: "127.0.0.1",
      ca,
      ALPNProtocols: ["h2", "http/1.1"],
    });
    await once(socket, "secureConnect");
    expect(socket.alpnProtocol).toBe("h2");
    socket.destroy();
    const status = await new Promise<number | undefined>((resolve, reject) => {
      request({ port: cloudkeep.port, host: "127.0.0.1", ca, method: "POST" }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on("error", reject)
        .end();
    });
    expect(status).toBe(403);
  });
});
