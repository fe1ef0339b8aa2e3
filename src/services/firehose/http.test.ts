import type { IncomingMessage } from "node:http";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import {
  CreateDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  type FirehoseClient,
  type HttpEndpointDestinationConfiguration,
  PutRecordBatchCommand,
} from "@aws-sdk/client-firehose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { newCertificate } from "../../../test/certificate.ts";
import { clients, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { firehoseClient, mayPut, newBucket, newRole, objectsIn } from "./testing.ts";

interface Request {
  headers: IncomingMessage["headers"];
  body: { requestId: string; timestamp: number; records: { data: string }[] };
}

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
let server: Server;
const requests: Request[] = [];
/** What the endpoint answers, from one request to the next; the last stays. */
let answers: ((requestId: string) => { status: number; body: string })[] = [];
const ok = (requestId: string) => ({ status: 200, body: JSON.stringify({ requestId, timestamp: 1 }) });
const fails = (status: number) => () => ({ status, body: JSON.stringify({ errorMessage: "no" }) });

beforeAll(async () => {
  // The endpoint's certificate is its own.
  process.env.NODE_TLS_REJECT_UNAUTHORIZED = "0";
  cloudkeep = await startForTest();
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
  const { key, certificate } = await newCertificate("127.0.0.1");
  server = createServer({ key, cert: certificate }, (request, response) => {
    const pieces: Buffer[] = [];
    request.on("data", (piece: Buffer) => pieces.push(piece));
    request.on("end", () => {
      const whole = Buffer.concat(pieces);
      const text = request.headers["content-encoding"] === "gzip" ? gunzipSync(whole) : whole;
      const body = JSON.parse(text.toString()) as Request["body"];
      requests.push({ headers: request.headers, body });
      const next = answers.length > 1 ? answers.shift() : answers[0];
      const answer = (next ?? ok)(body.requestId);
      response.writeHead(answer.status, { "content-type": "application/json" }).end(answer.body);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});
afterAll(async () => {
  delete process.env.NODE_TLS_REJECT_UNAUTHORIZED;
  await cloudkeep.stop();
  server.close();
});
beforeEach(() => {
  requests.length = 0;
  answers = [ok];
});

let serial = 0;

async function endpoint(config: Partial<HttpEndpointDestinationConfiguration> = {}) {
  serial += 1;
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  const DeliveryStreamName = `http-${serial}`;
  await firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName,
      HttpEndpointDestinationConfiguration: {
        EndpointConfiguration: {
          Url: `https://127.0.0.1:${(server.address() as AddressInfo).port}/records`,
          Name: "mine",
          AccessKey: "the access key",
        },
        RoleARN,
        S3Configuration: { RoleARN, BucketARN: `arn:aws:s3:::${bucket}` },
        BufferingHints: { IntervalInSeconds: 60 },
        RetryOptions: { DurationInSeconds: 60 },
        ...config,
      },
    }),
  );
  return { bucket, DeliveryStreamName };
}

const put = (DeliveryStreamName: string, ...texts: string[]) =>
  firehose.send(
    new PutRecordBatchCommand({
      DeliveryStreamName,
      Records: texts.map((text) => ({ Data: Buffer.from(text) })),
    }),
  );
const recordsOf = ({ body }: Request) =>
  body.records.map(({ data }) => Buffer.from(data, "base64").toString());

describe("an HTTP endpoint", () => {
  it("gets records in AWS's form, and its key is shown to nobody", async () => {
    const { bucket, DeliveryStreamName } = await endpoint({
      RequestConfiguration: {
        ContentEncoding: "GZIP",
        CommonAttributes: [{ AttributeName: "team", AttributeValue: "data" }],
      },
    });
    await put(DeliveryStreamName, "one", "two");
    await cloudkeep.clock.advance(61_000);
    expect(requests.map(recordsOf)).toEqual([["one", "two"]]);
    const [{ headers, body } = { headers: {}, body: { requestId: "" } }] = requests;
    expect(headers).toMatchObject({
      "content-type": "application/json",
      "content-encoding": "gzip",
      "x-amz-firehose-protocol-version": "1.0",
      "x-amz-firehose-request-id": body.requestId,
      "x-amz-firehose-source-arn": `arn:aws:firehose:us-east-1:${cloudkeep.accountId}:deliverystream/${DeliveryStreamName}`,
      "x-amz-firehose-access-key": "the access key",
      "x-amz-firehose-common-attributes": '{"commonAttributes":{"team":"data"}}',
    });
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
    const described = await firehose.send(new DescribeDeliveryStreamCommand({ DeliveryStreamName }));
    expect(JSON.stringify(described)).not.toContain("the access key");
  });

  it("is asked again with the same request until it takes it", async () => {
    const { bucket, DeliveryStreamName } = await endpoint();
    answers = [fails(500), fails(429), () => ({ status: 200, body: "{}" }), ok];
    await put(DeliveryStreamName, "patience");
    await cloudkeep.clock.advance(120_000);
    expect(requests.length).toBe(4);
    expect(new Set(requests.map(({ body }) => body.requestId)).size).toBe(1);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
  });

  it("that does not take records in its time leaves them in the bucket", async () => {
    const { bucket, DeliveryStreamName } = await endpoint();
    answers = [fails(503)];
    await put(DeliveryStreamName, "lost", "too");
    await cloudkeep.clock.advance(300_000);
    const [[key, body] = ["", Buffer.of()]] = await objectsIn(aws.s3, bucket);
    expect(key).toMatch(/^http-endpoint-failed\/\d{4}\//);
    const lines = body
      .toString()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines).toMatchObject([
      { errorCode: "HttpEndpoint.DestinationException", rawData: Buffer.from("lost").toString("base64") },
      { attemptsMade: requests.length, rawData: Buffer.from("too").toString("base64") },
    ]);
  });

  it("that finds a request too large is not asked again", async () => {
    const { bucket, DeliveryStreamName } = await endpoint();
    answers = [fails(413)];
    await put(DeliveryStreamName, "large");
    await cloudkeep.clock.advance(300_000);
    expect([requests.length, (await objectsIn(aws.s3, bucket)).size]).toEqual([1, 0]);
  });

  it("is backed up, if all data is to be", async () => {
    const { bucket, DeliveryStreamName } = await endpoint({ S3BackupMode: "AllData" });
    await put(DeliveryStreamName, "kept");
    await cloudkeep.clock.advance(61_000);
    expect([...(await objectsIn(aws.s3, bucket)).values()].map(String)).toEqual(["kept"]);
    expect(requests.length).toBe(1);
  });
});
