import {
  AddPermissionCommand,
  CreateFunctionCommand,
  GetFunctionCommand,
  InvokeCommand,
  LambdaClient,
  ListFunctionsCommand,
  ListTagsCommand,
  ResourceNotFoundException,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-lambda";
import {
  CompleteMultipartUploadCommand,
  CopyObjectCommand,
  CreateBucketCommand,
  CreateMultipartUploadCommand,
  DeleteObjectsCommand,
  GetBucketAclCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  ListPartsCommand,
  NoSuchKey,
  PutBucketLifecycleConfigurationCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
  UploadPartCopyCommand,
} from "@aws-sdk/client-s3";
import { describe, expect, test } from "vitest";
import { identify, serviceCodec } from "./index.ts";
import { clientConfig, contractOf, request, requestId, server } from "./testing.ts";

const lambda = contractOf("lambda");
const s3 = contractOf("s3");
type Answer = Record<string, unknown> | { code: string; message: string };

function lambdaClient(answer: Answer) {
  const { requestHandler, exchanges } = server(lambda, () => answer);
  return { client: new LambdaClient({ ...clientConfig, requestHandler }), exchanges };
}

function s3Client(answer: Answer) {
  const { requestHandler, exchanges } = server(s3, () => answer);
  const config = {
    ...clientConfig,
    requestHandler,
    forcePathStyle: true,
    requestChecksumCalculation: "WHEN_REQUIRED",
  };
  return { client: new S3Client(config as object), exchanges };
}

describe("restJson1 with the official client", () => {
  test("labels, query, headers and body meet in one input", async () => {
    const { client, exchanges } = lambdaClient({ Statement: "{}" });
    const input = {
      FunctionName: "arn:aws:lambda:us-east-1:111111111111:function:f",
      StatementId: "s/ü",
      Action: "lambda:InvokeFunction",
      Principal: "s3.amazonaws.com",
      Qualifier: "a b&c",
    };
    expect((await client.send(new AddPermissionCommand(input))).Statement).toBe("{}");
    expect(exchanges[0]).toMatchObject({ protocol: "restJson1", operation: "AddPermission", input });

    const create = {
      FunctionName: "f",
      Role: "arn",
      Code: { ZipFile: Buffer.from([80, 75]) },
      Environment: { Variables: { A: "1" } },
      Timeout: 3,
      Publish: true,
    };
    await client.send(new CreateFunctionCommand(create));
    expect(exchanges[1]?.operation).toBe("CreateFunction");
    expect(exchanges[1]?.input).toEqual(create);
    await client.send(new UntagResourceCommand({ Resource: "arn:aws:x", TagKeys: ["a", "b,c"] }));
    expect(exchanges[2]?.input).toEqual({ Resource: "arn:aws:x", TagKeys: ["a", "b,c"] });
    expect(exchanges[2]?.response).toMatchObject({ status: 204, body: "" });
    await client.send(new ListTagsCommand({ Resource: "arn:aws:x" }));
    await client.send(new TagResourceCommand({ Resource: "arn:aws:x", Tags: { a: "b" } }));
    await client.send(new ListFunctionsCommand({ MaxItems: 3 }));
    expect(exchanges.slice(3).map(({ operation }) => operation)).toEqual([
      "ListTags",
      "TagResource",
      "ListFunctions",
    ]);
  });

  test("a payload is the body, other members are headers and the status", async () => {
    const output = {
      StatusCode: 202,
      FunctionError: "Unhandled",
      ExecutedVersion: "$LATEST",
      Payload: Buffer.from("{}"),
    };
    const { client, exchanges } = lambdaClient(output);
    const input = { FunctionName: "f", InvocationType: "Event" as const, Payload: Buffer.from('"x"') };
    const answer = await client.send(new InvokeCommand(input));
    expect(exchanges[0]?.input).toEqual(input);
    expect(answer).toMatchObject({ StatusCode: 202, FunctionError: "Unhandled", ExecutedVersion: "$LATEST" });
    expect(answer.Payload?.transformToString()).toBe("{}");
  });

  test("errors are named in a header and carry their members", async () => {
    const refusal = {
      code: "ResourceNotFoundException",
      message: "Function not found",
      members: { Type: "User" },
    };
    const { client, exchanges } = lambdaClient(refusal);
    const error = await client
      .send(new GetFunctionCommand({ FunctionName: "f" }))
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResourceNotFoundException);
    expect(error).toMatchObject({
      message: "Function not found",
      Type: "User",
      $metadata: { httpStatusCode: 404, requestId },
    });
    expect(exchanges[0]?.response.body).toBe('{"Type":"User","Message":"Function not found"}');
  });
});

describe("restXml with the official client", () => {
  const target = { Bucket: "b", Key: "a/ü +&?.txt" };

  test("operations that share a URI are told apart", async () => {
    const { client, exchanges } = s3Client({
      CopyObjectResult: { ETag: "e" },
      CopyPartResult: { ETag: "e" },
    });
    const commands = [
      new ListBucketsCommand({}),
      new CreateBucketCommand({ Bucket: "b" }),
      new GetBucketAclCommand({ Bucket: "b" }),
      new ListObjectsV2Command({ Bucket: "b", Prefix: "p/" }),
      new CopyObjectCommand({ ...target, CopySource: "b/k" }),
      new UploadPartCommand({ ...target, UploadId: "u", PartNumber: 1, Body: "x" }),
      new UploadPartCopyCommand({ ...target, UploadId: "u", PartNumber: 1, CopySource: "b/k" }),
      new PutObjectCommand({ ...target, Body: "x" }),
      new CreateMultipartUploadCommand(target),
      new CompleteMultipartUploadCommand({
        ...target,
        UploadId: "u",
        MultipartUpload: { Parts: [{ PartNumber: 1 }] },
      }),
      new ListPartsCommand({ ...target, UploadId: "u" }),
      new HeadObjectCommand(target),
    ];
    // Each client call has a type of its own; only the names matter here.
    for (const command of commands) await client.send(command as PutObjectCommand);
    expect(exchanges.map(({ operation }) => `${operation}Command`)).toEqual(
      commands.map((command) => command.constructor.name),
    );
    expect(exchanges[7]?.input).toMatchObject(target);
    expect(exchanges[9]?.input).toMatchObject({ ...target, MultipartUpload: { Parts: [{ PartNumber: 1 }] } });
  });

  test("metadata, dates and bodies are read as they were given", async () => {
    const { client, exchanges } = s3Client({ ETag: '"e"', VersionId: "v" });
    const Metadata = { one: "1", two: "zwei" };
    const answer = await client.send(
      new PutObjectCommand({ ...target, Body: Buffer.from("xyz"), Metadata, ContentType: "text/x" }),
    );
    expect(answer).toMatchObject({ ETag: '"e"', VersionId: "v" });
    expect(exchanges[0]?.input).toMatchObject({
      ...target,
      Body: Buffer.from("xyz"),
      Metadata,
      ContentType: "text/x",
    });

    const Rules = [
      {
        ID: "r",
        Status: "Enabled" as const,
        Filter: { Prefix: "" },
        Expiration: { Date: new Date("2030-01-01") },
      },
    ];
    await client.send(
      new PutBucketLifecycleConfigurationCommand({ Bucket: "b", LifecycleConfiguration: { Rules } }),
    );
    expect(exchanges[1]?.input).toMatchObject({ LifecycleConfiguration: { Rules } });
    const Delete = { Objects: [{ Key: "<a>&\r\n" }, { Key: "b" }], Quiet: true };
    await client.send(new DeleteObjectsCommand({ Bucket: "b", Delete }));
    expect(exchanges[2]?.input).toMatchObject({ Delete });
  });

  test("lists and objects arrive as they were written", async () => {
    const Contents = [
      { Key: "a&b", Size: 3, LastModified: new Date("2026-11-24T01:53:28Z"), ETag: '"e"' },
      { Key: "c" },
    ];
    const listing = {
      Name: "b",
      IsTruncated: false,
      KeyCount: 2,
      Contents,
      CommonPrefixes: [{ Prefix: "p/" }],
    };
    const { client, exchanges } = s3Client(listing);
    expect(await client.send(new ListObjectsV2Command({ Bucket: "b" }))).toMatchObject(listing);
    expect(exchanges[0]?.response.body).toContain(
      '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><IsTruncated>false</IsTruncated><Contents><Key>a&amp;b',
    );
    const object = {
      Body: Buffer.from([1, 2, 255]),
      ContentLength: 3,
      LastModified: new Date("2026-11-24T01:53:28Z"),
      Metadata: { a: "b" },
    };
    const answer = await s3Client(object).client.send(new GetObjectCommand(target));
    expect(await answer.Body?.transformToByteArray()).toEqual(new Uint8Array([1, 2, 255]));
    expect(answer).toMatchObject({ LastModified: object.LastModified, Metadata: object.Metadata });
  });

  test("errors stand bare in the document, as S3's do", async () => {
    const { client, exchanges } = s3Client({
      code: "NoSuchKey",
      message: "The specified key does not exist.",
    });
    const error = await client.send(new GetObjectCommand(target)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NoSuchKey);
    expect(error).toMatchObject({ $metadata: { httpStatusCode: 404, requestId } });
    expect(exchanges[0]?.response.body).toBe(
      `<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>NoSuchKey</Code><Message>The specified key does not exist.</Message><RequestId>${requestId}</RequestId><HostId>${requestId}</HostId></Error>`,
    );
  });
});

describe("REST requests by hand", () => {
  const s3Request = (method: string, path: string, query = "") =>
    identify(s3, request({ method, path, query }))?.operation;
  test.each([
    ["GET", "/", "", "ListBuckets"],
    ["GET", "/b", "", "ListObjects"],
    ["GET", "/b/", "list-type=2", "ListObjectsV2"],
    ["GET", "/b//", "", "GetObject"],
    ["GET", "/b/a/", "", "GetObject"],
    ["GET", "/b/k", "uploadId=u", "ListParts"],
    ["GET", "/b", "analytics", "ListBucketAnalyticsConfigurations"],
    ["GET", "/b", "analytics&id=1", "GetBucketAnalyticsConfiguration"],
    ["PATCH", "/b/k", "", undefined],
    ["GET", "/b/%zz", "", undefined],
    ["GET", "//", "", undefined],
  ])("%s %s?%s is %s", (method, path, query, operation) => {
    expect(s3Request(method, path, query)).toBe(operation);
  });

  const put = serviceCodec(s3).operation("PutBucketLifecycleConfiguration");
  const read = (body: string | Buffer) =>
    put?.read("restXml", request({ method: "PUT", path: "/b", query: "lifecycle", body }));
  const rules = (text: string) => `<LifecycleConfiguration>${text}</LifecycleConfiguration>`;
  test.each<[string | Buffer]>([
    ["<LifecycleConfiguration>"],
    ["<Other/>"],
    [rules("<Rule></Rul>")],
    [`<!DOCTYPE a [<!ENTITY x "y">]>${rules("<Rule><ID>&x;</ID></Rule>")}`],
    [rules("<Rule><ID>&x;</ID></Rule>")],
    [rules("<Rule><ID>&</ID></Rule>")],
    [rules("<Rule><ID>&#0;</ID></Rule>")],
    [rules("<Rule><ID>a</ID><ID>b</ID></Rule>")],
    [rules("<Rule><Expiration><Days>x</Days></Expiration></Rule>")],
    [rules("<a>".repeat(200) + "</a>".repeat(200))],
    [rules("<a/>".repeat(300_000))],
    [rules(`<Rule x="1" x="2"/>`)],
    [`${rules("")}<More/>`],
    [`${rules("")}text`],
    [Buffer.from([0x3c, 0xff])],
  ])("case %# is malformed", (body) => {
    expect(() => read(body)).toThrow(
      expect.objectContaining({ name: "SerializationError", code: "MalformedXML" }),
    );
  });

  test("comments, CDATA, references, prefixes and unknown elements are read", () => {
    const body = `\ufeff<?xml version="1.0"?><!-- c --><s:LifecycleConfiguration xmlns:s="u">${"<s:Rule><ID>a<![CDATA[<&>]]>&#x20AC;&lt;</ID><New><a/></New></s:Rule>"}</s:LifecycleConfiguration>`;
    expect(read(body)).toMatchObject({ LifecycleConfiguration: { Rules: [{ ID: "a<&>€<" }] } });
  });

  test("a header never ends early", () => {
    const write = () =>
      serviceCodec(s3).operation("PutObject")?.write("restXml", { ETag: "a\r\nx: y" }, requestId);
    expect(write).toThrow("control character");
  });
});
