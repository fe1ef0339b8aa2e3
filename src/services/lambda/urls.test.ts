import { request } from "node:http";
import { CreateAccessKeyCommand, CreateUserCommand, PutUserPolicyCommand } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, credentialsOf, policyOf, startForTest } from "../../../test/harness.ts";
import { signed } from "../../../test/hostile/sign.ts";
import type { Cloudkeep } from "../../start.ts";
import { endless, lambdaClient, lambdaRole, makeFunction, running } from "./testing.ts";

/** Functions, asked at their URLs; and answers that stream. */

let cloudkeep: Cloudkeep;
let role: string;
const lambda = () => lambdaClient(cloudkeep);

beforeAll(async () => {
  cloudkeep = await startForTest();
  role = await lambdaRole(cloudkeep, "role");
});
afterAll(() => cloudkeep.stop());

interface Answer {
  status: number | undefined;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Names below localhost need not resolve: the request goes to Cloudkeep, whatever host it names. */
function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const { host, pathname, search } = new URL(url);
  return new Promise((done, fail) => {
    const { method = "GET", headers = {}, body = "" } = options;
    const asking = request(
      {
        host: "127.0.0.1",
        port: cloudkeep.port,
        method,
        path: pathname + search,
        headers: { host, ...headers },
      },
      (response) => {
        const pieces: string[] = [];
        response.on("data", (piece) => pieces.push(String(piece)));
        response.on("end", () =>
          done({ status: response.statusCode, headers: response.headers, body: pieces.join("") }),
        );
        response.on("error", fail);
      },
    );
    asking.on("error", fail);
    asking.end(body);
  });
}

/** What an answer that has no end begins with. */
function firstPiece(url: string): Promise<string> {
  const { host, pathname: path } = new URL(url);
  return new Promise((done, fail) => {
    const asking = request({ host: "127.0.0.1", port: cloudkeep.port, path, headers: { host } }, (response) =>
      response.once("data", (piece) => {
        done(String(piece));
        asking.destroy();
      }),
    );
    asking.on("error", fail);
    asking.end();
  });
}

async function withUrl(
  name: string,
  source: string,
  options: Partial<Parameters<ReturnType<typeof lambda>["createFunctionUrlConfig"]>[0]> = {},
  isOpen = true,
): Promise<string> {
  await makeFunction(lambda(), name, role, source);
  const AuthType = options.AuthType ?? "NONE";
  const made = await lambda().createFunctionUrlConfig({ FunctionName: name, ...options, AuthType });
  if (isOpen) {
    await lambda().addPermission({
      FunctionName: name,
      StatementId: "url",
      Action: "lambda:InvokeFunctionUrl",
      Principal: "*",
      FunctionUrlAuthType: AuthType,
    });
  }
  return made.FunctionUrl ?? "";
}

describe("a function's URL", () => {
  it("hands the request over, in version 2.0 of the payload", async () => {
    const url = await withUrl("echo", "export const handler = async (event) => event;");
    expect(url).toMatch(
      new RegExp(`^http://[a-z0-9]{32}\\.lambda-url\\.us-east-1\\.localhost:${cloudkeep.port}/$`),
    );
    const answer = await ask(`${url}some/path?a=1&a=2&b=x%20y`, {
      method: "POST",
      headers: { "content-type": "application/json", cookie: "k=v; l=w", "x-own": "own" },
      body: '{"n":1}',
    });
    expect([answer.status, answer.headers["content-type"]]).toEqual([200, "application/json"]);
    expect(JSON.parse(answer.body)).toMatchObject({
      version: "2.0",
      routeKey: "$default",
      rawPath: "/some/path",
      rawQueryString: "a=1&a=2&b=x%20y",
      cookies: ["k=v", "l=w"],
      headers: { "x-own": "own", "content-type": "application/json" },
      queryStringParameters: { a: "1,2", b: "x y" },
      requestContext: {
        accountId: "anonymous",
        http: { method: "POST", path: "/some/path", sourceIp: "127.0.0.1" },
        stage: "$default",
      },
      body: '{"n":1}',
      isBase64Encoded: false,
    });
    const id = new URL(url).hostname.split(".")[0];
    const byPath = await ask(`http://127.0.0.1:${cloudkeep.port}/lambda-url/${id}/some/path`);
    expect(JSON.parse(byPath.body)).toMatchObject({ rawPath: "/some/path" });
  });

  it.each([
    ["an object", "({ hello: 'world' })", '{"hello":"world"}'],
    ["a text", "'hello'", "hello"],
    ["a number", "3.1", "3.1"],
    ["a list", "['hello', 3, true]", '["hello",3,true]'],
    ["a body in base64", "({ statusCode: 200, body: 'aGk=', isBase64Encoded: true })", "hi"],
  ])("answers with %s", async (what, value, body) => {
    const url = await withUrl(what.replaceAll(" ", "-"), `export const handler = async () => (${value});`);
    expect(await ask(url)).toMatchObject({ status: 200, body });
  });

  it("answers with the status, headers and cookies that the function says, and with no others", async () => {
    const source = `export const handler = async () => ({ statusCode: 418, headers: { "X-Own": "own", "bad\\r\\nname": "x", "X-Bad": "a\\r\\nb", Connection: "close" }, cookies: ["a=1", "b=2"], body: "tea" });`;
    const answer = await ask(await withUrl("teapot", source));
    expect(answer).toMatchObject({ status: 418, body: "tea" });
    expect(answer.headers).toMatchObject({ "x-own": "own", "set-cookie": ["a=1", "b=2"] });
    expect(answer.headers["x-bad"]).toBeUndefined();
  });

  it("answers 502 for a function that fails", async () => {
    const answer = await ask(
      await withUrl("broken", "export const handler = async () => { throw new Error('secret'); };"),
    );
    expect(answer).toMatchObject({ status: 502, body: '{"Message":"Internal Server Error"}' });
  });

  it("is closed to all whom the policy does not let in", async () => {
    const url = await withUrl("closed", "export const handler = async () => 1;", {}, false);
    const answer = await ask(url);
    expect(answer.status).toBe(403);
    expect(answer.headers["x-amzn-errortype"]).toBe("AccessDeniedException");
    expect(JSON.parse(answer.body)).toEqual({
      Message:
        "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    });
    expect((await ask(url.replace(/\/\/\w{32}/, `//${"a".repeat(32)}`))).status).toBe(403);
  });

  it("that wants signatures knows who asks", async () => {
    const { iam } = clients(cloudkeep, cloudkeep.credentials);
    await iam.send(new CreateUserCommand({ UserName: "alice" }));
    const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName: "alice" }));
    const url = await withUrl(
      "private",
      "export const handler = async (e) => e.requestContext;",
      { AuthType: "AWS_IAM" },
      false,
    );
    expect((await ask(url)).status).toBe(403);
    const options = { credentials: credentialsOf(AccessKey), service: "lambda", host: new URL(url).host };
    const asSigned = async () => {
      const draft = { method: "GET", path: "/", query: "", headers: {}, body: "" };
      const { headers } = signed("header", draft, options);
      return await ask(url, { headers: headers as Record<string, string> });
    };
    expect((await asSigned()).status).toBe(403);
    const PolicyDocument = policyOf({ Action: "lambda:InvokeFunctionUrl", Resource: "*" });
    await iam.send(new PutUserPolicyCommand({ UserName: "alice", PolicyName: "own", PolicyDocument }));
    const answer = await asSigned();
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body)).toMatchObject({
      accountId: cloudkeep.accountId,
      authorizer: { iam: { userArn: `arn:aws:iam::${cloudkeep.accountId}:user/alice` } },
    });
  });

  it("answers what browsers ask beforehand, as its settings say", async () => {
    const Cors = {
      AllowOrigins: ["https://page.example"],
      AllowMethods: ["PUT"],
      AllowHeaders: ["x-own"],
      MaxAge: 60,
    };
    const url = await withUrl("cors", "export const handler = async () => 'hi';", { Cors }, true);
    const asking = (origin: string, method: string) =>
      ask(url, {
        method: "OPTIONS",
        headers: {
          origin,
          "access-control-request-method": method,
          "access-control-request-headers": "x-own",
        },
      });
    expect((await asking("https://page.example", "PUT")).headers).toMatchObject({
      "access-control-allow-origin": "https://page.example",
      "access-control-allow-methods": "PUT",
      "access-control-max-age": "60",
    });
    expect(
      (await asking("https://other.example", "PUT")).headers["access-control-allow-origin"],
    ).toBeUndefined();
    expect(
      (await asking("https://page.example", "DELETE")).headers["access-control-allow-methods"],
    ).toBeUndefined();
    const answer = await ask(url, { headers: { origin: "https://page.example" } });
    expect(answer.headers["access-control-allow-origin"]).toBe("https://page.example");
    expect(
      (await ask(url, { headers: { origin: "https://other.example" } })).headers[
        "access-control-allow-origin"
      ],
    ).toBeUndefined();
  });
});

const streaming = `
const pause = (ms) => new Promise((done) => setTimeout(done, ms));
export const handler = awslambda.streamifyResponse(async (event, stream) => {
  if (event.fail === "early") throw new Error("early");
  const out = awslambda.HttpResponseStream.from(stream, { statusCode: 201, headers: { "Content-Type": "text/plain", "X-Own": "own" }, cookies: ["c=1"] });
  for (const piece of ["one ", "two ", "three"]) { out.write(piece); await pause(50); }
  if (event.fail === "late") throw new TypeError("late");
  out.end();
});`;

const plainStream = `export const handler = awslambda.streamifyResponse(async (event, stream) => {
  for (const piece of ["one ", "two "]) { stream.write(piece); await new Promise((done) => setTimeout(done, 30)); }
  if (event.fail) throw new TypeError("late");
  stream.end("three");
});`;

describe("an answer that streams", () => {
  it("comes piece by piece at a URL, with its status and headers", async () => {
    const url = await withUrl("stream", streaming, { InvokeMode: "RESPONSE_STREAM" });
    const answer = await ask(url);
    expect(answer).toMatchObject({
      status: 201,
      body: "one two three",
      headers: { "x-own": "own", "set-cookie": ["c=1"], "content-type": "text/plain" },
    });
  });

  it("comes while the function still runs", async () => {
    const url = await withUrl("endless", endless, { InvokeMode: "RESPONSE_STREAM" });
    expect(await firstPiece(url)).toBe("first");
    expect(await running(lambda(), "endless")).toBe("first");
  });

  async function streamed(name: string, event: object = {}) {
    const answer = await lambda().invokeWithResponseStream({
      FunctionName: name,
      Payload: Buffer.from(JSON.stringify(event)),
      LogType: "Tail",
    });
    const pieces: string[] = [];
    let complete:
      | { ErrorCode?: string | undefined; ErrorDetails?: string | undefined; LogResult?: string | undefined }
      | undefined;
    for await (const { PayloadChunk, InvokeComplete } of answer.EventStream ?? []) {
      if (PayloadChunk?.Payload) pieces.push(Buffer.from(PayloadChunk.Payload).toString());
      complete = InvokeComplete ?? complete;
    }
    return { answer, pieces, complete };
  }

  it("comes as a stream of events", async () => {
    await makeFunction(lambda(), "events", role, plainStream);
    const { answer, pieces, complete } = await streamed("events");
    expect(answer).toMatchObject({ StatusCode: 200, ExecutedVersion: "$LATEST" });
    expect(pieces.join("")).toBe("one two three");
    expect(complete?.ErrorCode).toBeUndefined();
    expect(Buffer.from(complete?.LogResult ?? "", "base64").toString()).toContain("REPORT RequestId");
  });

  it("says in its end that it failed", async () => {
    const { pieces, complete } = await streamed("events", { fail: true });
    expect(pieces.join("")).toBe("one two ");
    expect(complete).toMatchObject({ ErrorCode: "TypeError", ErrorDetails: expect.stringContaining("late") });
  });

  it("is whole for those who do not stream", async () => {
    const answer = await lambda().invoke({ FunctionName: "events" });
    expect(Buffer.from(answer.Payload ?? []).toString()).toBe("one two three");
  });

  it("is one piece of a function that does not stream", async () => {
    await makeFunction(lambda(), "whole", role, "export const handler = async () => 'whole';");
    expect((await streamed("whole")).pieces).toEqual(['"whole"']);
  });
});
