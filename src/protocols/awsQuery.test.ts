import {
  CreateRoleCommand,
  CreateUserCommand,
  DeleteUserCommand,
  GetUserCommand,
  IAMClient,
  ListUserTagsCommand,
  NoSuchEntityException,
  SimulateCustomPolicyCommand,
} from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SerializationError } from "./errors.ts";
import { identify, serviceCodec } from "./index.ts";
import { clientConfig, contractOf, request, requestId, server } from "./testing.ts";

const iam = contractOf("iam");

function iamClient(answer: Record<string, unknown> | { code: string; message: string }) {
  const { requestHandler, exchanges } = server(iam, () => answer);
  return { client: new IAMClient({ ...clientConfig, requestHandler }), exchanges };
}

describe("awsQuery with the official client", () => {
  test("lists, structures and text are read as they were given", async () => {
    const { client, exchanges } = iamClient({});
    const input = {
      RoleName: "r",
      AssumeRolePolicyDocument: '{"a":"& =+%ü\n"}',
      MaxSessionDuration: 3600,
      Tags: Array.from({ length: 11 }, (_, index) => ({ Key: `k${index}`, Value: "" })),
    };
    await client.send(new CreateRoleCommand(input));
    expect(exchanges[0]).toMatchObject({ protocol: "awsQuery", operation: "CreateRole" });
    expect(exchanges[0]?.input).toEqual(input);

    const entries = [
      { ContextKeyName: "aws:username", ContextKeyValues: ["a", "b"], ContextKeyType: "stringList" as const },
    ];
    const simulate = { PolicyInputList: ["{}"], ActionNames: [], ContextEntries: entries };
    await client.send(new SimulateCustomPolicyCommand(simulate));
    expect(exchanges[1]?.input).toEqual(simulate);
  });

  test("an answer stands in AWS's envelope", async () => {
    const CreateDate = new Date("2026-11-24T01:53:28Z");
    const User = { Path: "/", UserName: "<&>\"'", UserId: "AIDA", Arn: "arn", CreateDate, Tags: [] };
    const { client, exchanges } = iamClient({ User });
    const answer = await client.send(new CreateUserCommand({ UserName: "u" }));
    expect(answer.User).toEqual(User);
    expect(exchanges[0]?.response.body).toBe(
      '<CreateUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><CreateUserResult><User><Path>/</Path>' +
        "<UserName>&lt;&amp;&gt;&quot;&apos;</UserName><UserId>AIDA</UserId><Arn>arn</Arn>" +
        "<CreateDate>2026-11-24T01:53:28Z</CreateDate><Tags/></User></CreateUserResult>" +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></CreateUserResponse>`,
    );
    expect(exchanges[0]?.response.headers.slice(0, 4)).toEqual([
      "x-amzn-RequestId",
      requestId,
      "Content-Type",
      "text/xml",
    ]);
    await client.send(new DeleteUserCommand({ UserName: "u" }));
    expect(exchanges[1]?.response.body).toBe(
      '<DeleteUserResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/">' +
        `<ResponseMetadata><RequestId>${requestId}</RequestId></ResponseMetadata></DeleteUserResponse>`,
    );
  });

  test("errors carry the wire code and its status", async () => {
    const { client, exchanges } = iamClient({
      code: "NoSuchEntityException",
      message: "The user with name x",
    });
    const error = await client.send(new GetUserCommand({ UserName: "x" })).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoSuchEntityException);
    expect(error).toMatchObject({
      message: "The user with name x",
      $metadata: { httpStatusCode: 404, requestId },
    });
    expect(exchanges[0]?.response.body).toBe(
      '<ErrorResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><Error><Type>Sender</Type>' +
        "<Code>NoSuchEntity</Code><Message>The user with name x</Message></Error>" +
        `<RequestId>${requestId}</RequestId></ErrorResponse>`,
    );
  });

  test("an error that the contract lacks keeps its code and status", async () => {
    const refusal = { code: "AccessDenied", message: "User: x is not authorized", status: 403 };
    const { client } = iamClient(refusal);
    await expect(client.send(new GetUserCommand({}))).rejects.toMatchObject({
      name: "AccessDenied",
      message: refusal.message,
      $metadata: { httpStatusCode: 403 },
    });
  });

  test("STS credentials arrive whole", async () => {
    const Credentials = {
      AccessKeyId: "ASIA",
      SecretAccessKey: "s/+",
      SessionToken: "t==",
      Expiration: new Date("2026-11-24T02:53:28Z"),
    };
    const { requestHandler, exchanges } = server(contractOf("sts"), () => ({
      Credentials,
      PackedPolicySize: 3,
    }));
    const client = new STSClient({ ...clientConfig, requestHandler });
    const answer = await client.send(
      new AssumeRoleCommand({ RoleArn: "arn", RoleSessionName: "s", DurationSeconds: 900 }),
    );
    expect(answer.Credentials).toEqual(Credentials);
    expect(answer.PackedPolicySize).toBe(3);
    expect(exchanges[0]?.input).toEqual({ RoleArn: "arn", RoleSessionName: "s", DurationSeconds: 900 });
  });
});

const form = (body: string) =>
  request({ body, headers: { "content-type": "application/x-www-form-urlencoded" } });

describe("awsQuery identifies", () => {
  test.each([
    ["Action=GetUser&Version=2010-05-08", "GetUser"],
    ["Action=GetUser", "GetUser"],
    ["Action=GetUser&Version=2011-06-15", undefined],
    ["Action=Nope&Version=2010-05-08", undefined],
    ["Action=constructor", undefined],
    ["", undefined],
    ["Action=%zz", undefined],
  ])("%s as %s", (body, operation) => {
    expect(identify(iam, form(body))?.operation).toBe(operation);
  });
  test("a GET by its query", () => {
    const get = request({ method: "GET", query: "Action=GetUser&Version=2010-05-08&X-Amz-Date=1" });
    expect(identify(iam, get)).toEqual({ protocol: "awsQuery", operation: "GetUser" });
  });
});

describe("awsQuery refuses", () => {
  const read = (operation: string, body: string) =>
    serviceCodec(iam).operation(operation)?.read("awsQuery", form(body));
  test.each([
    ["MaxSessionDuration=x", "MalformedInput"],
    ["MaxSessionDuration=99999999999", "MalformedInput"],
    ["MaxSessionDuration=1.5", "MalformedInput"],
    ["Tags.member.x.Key=a", "MalformedInput"],
    ["Tags.member.100001.Key=a", "MalformedInput"],
    ["Tags.member.-1.Key=a", "MalformedInput"],
    ["RoleName=%zz", "MalformedQueryString"],
    ["RoleName=a&RoleName=b", "MalformedQueryString"],
    [`${"a.".repeat(100)}=1`, "MalformedQueryString"],
    [Array.from({ length: 10_001 }, (_, index) => `p${index}=1`).join("&"), "MalformedQueryString"],
  ])("%.40s", (body, code) => {
    try {
      read("CreateRole", body);
      expect.unreachable();
    } catch (error) {
      expect(error).toBeInstanceOf(SerializationError);
      expect((error as SerializationError).code).toBe(code);
    }
  });

  test("sparse lists close their gaps; prototypes and unknown names are nothing", () => {
    expect(read("CreateRole", "Tags.member.90000.Key=b&Tags.member.7.Key=a&Nope.x=1")).toEqual({
      Tags: [{ Key: "a" }, { Key: "b" }],
    });
    expect(read("CreateRole", "__proto__.Path=1&constructor=2&RoleName=r")).toEqual({ RoleName: "r" });
  });
});

test("whatever is written, the official client reads the same", async () => {
  // What XML 1.0 cannot hold arrives as U+FFFD, so the property keeps to what it can.
  const character = fc.integer({ min: 0x20, max: 0xd7ff }).map((code) => String.fromCharCode(code));
  const text = fc.string({ unit: character, minLength: 1 }).filter((value) => value.trim() === value);
  const tags = fc.array(fc.record({ Key: text, Value: text }), { minLength: 1 });
  await fc.assert(
    fc.asyncProperty(tags, fc.boolean(), async (Tags, IsTruncated) => {
      const { client } = iamClient({ Tags, IsTruncated });
      const answer = await client.send(new ListUserTagsCommand({ UserName: "u" }));
      expect(answer).toMatchObject({ Tags, IsTruncated });
      expect(answer.Tags).toHaveLength(Tags.length);
    }),
    { numRuns: 100 },
  );
});
