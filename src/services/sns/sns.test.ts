import { createVerify, X509Certificate } from "node:crypto";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import { signed } from "../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../start.ts";

interface Received {
  url: string;
  headers: IncomingMessage["headers"];
  body: string;
}

/** On a busy machine, what comes at once may still take seconds. */
const soon = { timeout: 10_000 };

let cloudkeep: Cloudkeep;
let sns: ReturnType<typeof clients>["sns"];
let server: Server;
let endpoint: string;
let status = 200;
/** Paths whose requests are left without an answer, and what answers them after all. */
const hanging = new Set<string>();
const held: (() => void)[] = [];
const received: Received[] = [];
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ sns } = clients(cloudkeep, cloudkeep.credentials));
  server = createServer((request, response) => {
    let body = "";
    request.on("data", (piece) => {
      body += piece;
    });
    request.on("end", () => {
      received.push({ url: request.url ?? "", headers: request.headers, body });
      const answer = () => response.writeHead(status).end();
      if (hanging.has(request.url ?? "")) held.push(answer);
      else answer();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  await cloudkeep.stop();
  await new Promise((resolve) => server.close(resolve));
});

/** Calls Cloudkeep's own service, as its command line does. */
async function own(operation: string, input: object): Promise<Record<string, unknown>> {
  const host = `127.0.0.1:${cloudkeep.port}`;
  const headers = { "content-type": "application/x-amz-json-1.1", "x-amz-target": `Cloudkeep.${operation}` };
  const draft = { method: "POST", path: "/", query: "", headers, body: JSON.stringify(input) };
  const request = signed("header", draft, { credentials: cloudkeep.credentials, service: "cloudkeep", host });
  const answer = await fetch(`http://${host}/`, {
    method: "POST",
    headers: request.headers,
    body: request.body,
  });
  return (await answer.json()) as Record<string, unknown>;
}

async function mailTo(To: string): Promise<{ Subject?: string; Body: string }[]> {
  return (await own("ListMail", { To })).Mails as { Subject?: string; Body: string }[];
}

/** Topic with an HTTP subscriber that has confirmed by opening the link that it was sent. */
async function topicWithEndpoint(name: string, Attributes: Record<string, string> = {}): Promise<string> {
  const { TopicArn } = await sns.createTopic({ Name: name });
  const Endpoint = `${endpoint}/${name}`;
  const { SubscriptionArn } = await sns.subscribe({ TopicArn, Protocol: "http", Endpoint, Attributes });
  expect(SubscriptionArn).toBe("pending confirmation");
  await vi.waitFor(() => expect(to(name)).toHaveLength(1), soon);
  const asked = JSON.parse(to(name)[0]?.body ?? "");
  expect(to(name)[0]?.headers["x-amz-sns-message-type"]).toBe("SubscriptionConfirmation");
  expect((await fetch(asked.SubscribeURL)).status).toBe(200);
  return TopicArn ?? "";
}

const to = (name: string) => received.filter(({ url }) => url === `/${name}`);

describe("an HTTP subscriber", () => {
  it("confirms, and gets notifications whose signature the certificate verifies", async () => {
    const TopicArn = await topicWithEndpoint("signed");
    await sns.publish({ TopicArn, Subject: "Hello", Message: "The first." });
    await vi.waitFor(() => expect(to("signed")).toHaveLength(2), soon);
    const message = JSON.parse(to("signed")[1]?.body ?? "");
    expect(message).toMatchObject({
      Type: "Notification",
      Subject: "Hello",
      Message: "The first.",
      TopicArn,
    });
    const pem = await (await fetch(message.SigningCertURL)).text();
    const text = ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"]
      .map((name) => `${name}\n${message[name]}\n`)
      .join("");
    const { publicKey } = new X509Certificate(pem);
    const verifies = (content: string) =>
      createVerify("sha1").update(content).verify(publicKey, message.Signature, "base64");
    expect(verifies(text)).toBe(true);
    expect(verifies(text.replace("first", "second"))).toBe(false);
    // The link at the end needs no signature either.
    expect((await fetch(message.UnsubscribeURL)).status).toBe(200);
    expect((await sns.listSubscriptionsByTopic({ TopicArn })).Subscriptions).toEqual([]);
  });

  it("that fails is tried again as its policy says, and no longer", async () => {
    const TopicArn = await topicWithEndpoint("failing");
    status = 503;
    await sns.publish({ TopicArn, Message: "again and again" });
    await vi.waitFor(() => expect(to("failing")).toHaveLength(2), soon);
    await cloudkeep.clock.advance(3_600_000);
    expect(to("failing")).toHaveLength(5);
    status = 404;
    await sns.publish({ TopicArn, Message: "gone" });
    await cloudkeep.clock.advance(3_600_000);
    expect(to("failing")).toHaveLength(6);
    status = 200;
  });

  it("that hangs holds nobody else up", async () => {
    const TopicArn = await topicWithEndpoint("hanging");
    await sns.subscribe({ TopicArn, Protocol: "sms", Endpoint: "+15550001111" });
    hanging.add("/hanging");
    try {
      for (let n = 0; n < 40; n += 1) await sns.publish({ TopicArn, Message: `message ${n}` });
      await vi.waitFor(async () => expect(await mailTo("+15550001111")).toHaveLength(40), soon);
      // The first eight are asked, and wait; the other endpoints are answered as ever.
      expect(to("hanging")).toHaveLength(1 + 8);
      await sns.publish({ TopicArn: await topicWithEndpoint("prompt"), Message: "at once" });
      await vi.waitFor(() => expect(to("prompt")).toHaveLength(2), soon);
    } finally {
      hanging.clear();
      for (const answer of held.splice(0)) answer();
    }
  });

  it("gets only what its filter asks for, raw if it wants", async () => {
    const FilterPolicy = JSON.stringify({ kind: ["order"], size: [{ numeric: [">", 10] }] });
    const TopicArn = await topicWithEndpoint("filtered", { FilterPolicy, RawMessageDelivery: "true" });
    const send = (kind: string, size: string) =>
      sns.publish({
        TopicArn,
        Message: `${kind} ${size}`,
        MessageAttributes: {
          kind: { DataType: "String", StringValue: kind },
          size: { DataType: "Number", StringValue: size },
        },
      });
    await send("order", "11");
    await send("order", "10");
    await send("invoice", "12");
    await cloudkeep.clock.advance(0);
    expect(
      to("filtered")
        .slice(1)
        .map(({ body }) => body),
    ).toEqual(["order 11"]);
    expect(to("filtered")[1]?.headers["x-amz-sns-rawdelivery"]).toBe("true");
  });
});

describe("mail", () => {
  it("asks for confirmation, then brings what is published; text messages need no asking", async () => {
    const { TopicArn } = await sns.createTopic({ Name: "mail" });
    await sns.subscribe({ TopicArn, Protocol: "email", Endpoint: "security@example.com" });
    await sns.subscribe({ TopicArn, Protocol: "sms", Endpoint: "+15551234567" });
    await cloudkeep.clock.advance(0);
    const [asked] = await mailTo("security@example.com");
    const link = /http\S+/.exec(asked?.Body ?? "")?.[0] ?? "";
    expect((await fetch(link)).status).toBe(200);
    await sns.publish({ TopicArn, Subject: "Alarm", Message: "Somebody is admin now." });
    await cloudkeep.clock.advance(0);
    const mails = await mailTo("security@example.com");
    expect(mails[1]).toMatchObject({ Subject: "Alarm" });
    expect(mails[1]?.Body).toContain("Somebody is admin now.");
    expect((await mailTo("+15551234567")).map(({ Body }) => Body)).toEqual(["Somebody is admin now."]);
    await sns.publish({ PhoneNumber: "+15557654321", Message: "directly" });
    await cloudkeep.clock.advance(0);
    expect((await mailTo("+15557654321")).map(({ Body }) => Body)).toEqual(["directly"]);
  });
});

describe("a topic", () => {
  it("is made once, with the same attributes", async () => {
    const first = await sns.createTopic({ Name: "same", Attributes: { DisplayName: "One" } });
    expect((await sns.createTopic({ Name: "same" })).TopicArn).toBe(first.TopicArn);
    const other = sns.createTopic({ Name: "same", Attributes: { DisplayName: "Two" } });
    expect((await errorOf(other)).message).toContain("already exists with different attributes");
    await sns.setTopicAttributes({
      TopicArn: first.TopicArn,
      AttributeName: "DisplayName",
      AttributeValue: "Three",
    });
    const { Attributes } = await sns.getTopicAttributes({ TopicArn: first.TopicArn });
    expect(Attributes).toMatchObject({ DisplayName: "Three", SubscriptionsConfirmed: "0" });
  });

  it("of first-in, first-out kind takes a message once", async () => {
    const { TopicArn } = await sns.createTopic({
      Name: "orders.fifo",
      Attributes: { FifoTopic: "true", ContentBasedDeduplication: "true" },
    });
    const first = await sns.publish({ TopicArn, Message: "one", MessageGroupId: "a" });
    const second = await sns.publish({ TopicArn, Message: "one", MessageGroupId: "a" });
    expect(second.MessageId).toBe(first.MessageId);
    await cloudkeep.clock.advance(5 * 60_000 + 1);
    const third = await sns.publish({ TopicArn, Message: "one", MessageGroupId: "a" });
    expect(third.MessageId).not.toBe(first.MessageId);
    expect(Number(third.SequenceNumber)).toBeGreaterThan(Number(first.SequenceNumber));
    expect((await errorOf(sns.publish({ TopicArn, Message: "two" }))).message).toBe(
      "Invalid parameter: The MessageGroupId parameter is required for FIFO topics",
    );
  });
});
