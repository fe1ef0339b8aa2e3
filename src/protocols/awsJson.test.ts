import {
  CreateKeyCommand,
  DescribeKeyCommand,
  DisableKeyCommand,
  EncryptCommand,
  KMSClient,
  NotFoundException,
} from "@aws-sdk/client-kms";
import { CreateAccountCommand, OrganizationsClient } from "@aws-sdk/client-organizations";
import { GetQueueUrlCommand, SQSClient } from "@aws-sdk/client-sqs";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { SerializationError } from "./errors.ts";
import { identify, serviceCodec } from "./index.ts";
import { clientConfig, contractOf, request, requestId, server } from "./testing.ts";

const kms = contractOf("kms");

function kmsClient(answer: Record<string, unknown> | { code: string; message: string }) {
  const { requestHandler, exchanges } = server(kms, () => answer);
  return { client: new KMSClient({ ...clientConfig, requestHandler }), exchanges };
}

describe("awsJson with the official client", () => {
  test("a request is read as it was given, and an answer arrives as it was written", async () => {
    const output = { CiphertextBlob: Buffer.from([0, 255, 7]), KeyId: "arn:aws:kms:…", Extra: "never sent" };
    const { client, exchanges } = kmsClient(output);
    const input = {
      KeyId: "alias/a",
      Plaintext: Buffer.from("päss"),
      EncryptionContext: { tenant: "Ü", __proto: "x" },
      GrantTokens: ["one", "two"],
      DryRun: false,
    };
    const answer = await client.send(new EncryptCommand(input));
    expect(exchanges[0]).toMatchObject({ protocol: "awsJson1_1", operation: "Encrypt" });
    expect(exchanges[0]?.input).toEqual(input);
    expect(answer.CiphertextBlob).toEqual(new Uint8Array([0, 255, 7]));
    expect(answer.KeyId).toBe(output.KeyId);
    expect(answer.$metadata.requestId).toBe(requestId);
    expect(exchanges[0]?.response.body).not.toContain("never sent");
  });

  test("timestamps are seconds, members left undefined are left out, an empty output is empty", async () => {
    const date = new Date("2026-11-24T01:53:28.123Z");
    const { client, exchanges } = kmsClient({
      KeyMetadata: { KeyId: "k", CreationDate: date, Arn: undefined },
    });
    const answer = await client.send(new DescribeKeyCommand({ KeyId: "k" }));
    expect(answer.KeyMetadata).toEqual({ KeyId: "k", CreationDate: date });
    expect(exchanges[0]?.response.body).toContain('"CreationDate":1795485208.123');
    await client.send(new DisableKeyCommand({ KeyId: "k" }));
    expect(exchanges[1]?.response.body).toBe("");
  });

  test("errors arrive as the client's classes, with status and members", async () => {
    const { client, exchanges } = kmsClient({ code: "NotFoundException", message: "Alias is not found." });
    const error = await client.send(new CreateKeyCommand({})).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(NotFoundException);
    expect(error).toMatchObject({
      name: "NotFoundException",
      message: "Alias is not found.",
      $fault: "client",
    });
    expect(exchanges[0]?.response.body).toBe(
      '{"__type":"NotFoundException","message":"Alias is not found."}',
    );
    expect(exchanges[0]?.response.status).toBe(400);
  });

  test("a service that spells Message so in its own errors does so in all", async () => {
    const answers = [
      { code: "AccessDeniedException", message: "no" },
      {
        code: "ConstraintViolationException",
        message: "no",
        members: { Reason: "ACCOUNT_NUMBER_LIMIT_EXCEEDED" },
      },
    ];
    const { requestHandler, exchanges } = server(contractOf("organizations"), () => answers.shift() ?? {});
    const client = new OrganizationsClient({ ...clientConfig, requestHandler });
    const command = new CreateAccountCommand({ Email: "a@example.com", AccountName: "a" });
    await expect(client.send(command)).rejects.toMatchObject({
      name: "AccessDeniedException",
      message: "no",
    });
    await expect(client.send(command)).rejects.toMatchObject({ Reason: "ACCOUNT_NUMBER_LIMIT_EXCEEDED" });
    expect(exchanges[0]?.response.body).toContain('"Message":"no"');
  });

  test("formerly query services name their old code in a header", async () => {
    const { requestHandler, exchanges } = server(contractOf("sqs"), () => ({
      code: "QueueDoesNotExist",
      message: "no",
    }));
    const client = new SQSClient({ ...clientConfig, requestHandler });
    await expect(client.send(new GetQueueUrlCommand({ QueueName: "q" }))).rejects.toMatchObject({
      name: "QueueDoesNotExist",
    });
    expect(exchanges[0]?.protocol).toBe("awsJson1_0");
    const headers: string[] = exchanges[0]?.response.headers ?? [];
    expect(headers[headers.indexOf("x-amzn-query-error") + 1]).toBe(
      "AWS.SimpleQueueService.NonExistentQueue;Sender",
    );
  });
});

describe("awsJson identifies", () => {
  const target = (text: string) => request({ headers: { "x-amz-target": text } });
  test.each([
    ["TrentService.Encrypt", "Encrypt"],
    ["com.amazonaws.kms.TrentService.Encrypt", "Encrypt"],
    ["TrentService.toString", undefined],
    ["OtherService.Encrypt", undefined],
    ["XTrentService.Encrypt", undefined],
    ["Encrypt", undefined],
  ])("%s as %s", (text, operation) => {
    expect(identify(kms, target(text))?.operation).toBe(operation);
  });
});

describe("awsJson refuses", () => {
  const encrypt = serviceCodec(kms).operation("Encrypt");
  const read = (body: string | Buffer) => encrypt?.read("awsJson1_1", request({ body }));
  test.each([
    ["{", "Unable to parse the request body as JSON"],
    [Buffer.from([0x22, 0xff, 0x22]), "Invalid UTF-8 in request body"],
    ["[]", "Start of list found where not expected"],
    ['"x"', "Expected null"],
    ["null", "Expected null"],
    ['{"KeyId":1}', "NUMBER_VALUE can not be converted to a String"],
    ['{"KeyId":1.5}', "DECIMAL_VALUE can not be converted to a String"],
    ['{"KeyId":true}', "TRUE_VALUE can not be converted to a String"],
    ['{"KeyId":{}}', "Start of structure or map found where not expected."],
    ['{"KeyId":[]}', "Start of list found where not expected"],
    ['{"DryRun":"true"}', "STRING_VALUE can not be converted to a Boolean"],
    ['{"GrantTokens":"x"}', "Expected list or null"],
    ['{"GrantTokens":{"0":"x"}}', "Start of structure or map found where not expected."],
    ['{"EncryptionContext":[]}', "Start of list found where not expected"],
    ['{"Plaintext":"a"}', "Base64 encoded length is expected a multiple of 4 bytes but found: 1"],
    ['{"Plaintext":"a*=="}', "Invalid Base64 character"],
    ['{"Plaintext":"a_-="}', "Invalid Base64 character"],
  ])("%s", (body, message) => {
    expect(() => read(body)).toThrow(new SerializationError(message));
  });

  test("neither unknown members, nulls nor prototypes get through", () => {
    const input = read('{"KeyId":"k","Nope":{"a":1},"DryRun":null,"__proto__":{"GrantTokens":["x"]}}');
    expect(input).toEqual({ KeyId: "k" });
    expect(input?.GrantTokens).toBeUndefined();
    const context = read('{"EncryptionContext":{"__proto__":"x","constructor":"y"}}')?.EncryptionContext;
    expect(Object.entries(context as object)).toEqual([
      ["__proto__", "x"],
      ["constructor", "y"],
    ]);
    expect(Object.getPrototypeOf(context)).toBe(Object.prototype);
  });

  test("deep nesting neither in unknown members nor at the root overflows", () => {
    const deep = "[".repeat(200_000) + "]".repeat(200_000);
    expect(read(`{"Nope":${deep}}`)).toEqual({});
    expect(() => read(deep)).toThrow(SerializationError);
  });

  test("integers and timestamps out of range", () => {
    const codec = serviceCodec(kms);
    const random = (body: string) => codec.operation("GenerateRandom")?.read("awsJson1_1", request({ body }));
    expect(() => random('{"NumberOfBytes":2147483648}')).toThrow(
      "NUMBER_VALUE can not be converted to an Integer",
    );
    expect(() => random('{"NumberOfBytes":1e400}')).toThrow(SerializationError);
    expect(() => random('{"NumberOfBytes":"1"}')).toThrow("STRING_VALUE can not be converted to an Integer");
    const material = (body: string) =>
      codec.operation("ImportKeyMaterial")?.read("awsJson1_1", request({ body }));
    expect(material('{"ValidTo":1795485208.5}')).toEqual({ ValidTo: new Date(1795485208500) });
    expect(() => material('{"ValidTo":"2026-11-24"}')).toThrow(
      "STRING_VALUE can not be converted to milliseconds since epoch",
    );
    expect(() => material('{"ValidTo":1e300}')).toThrow(SerializationError);
  });
});

test("whatever is written, the official client reads the same", async () => {
  const text = fc.string({ unit: "binary" });
  const metadata = fc.record(
    {
      KeyId: text,
      Arn: text,
      CreationDate: fc.date({ noInvalidDate: true, min: new Date(0), max: new Date("2200-01-01") }),
      Enabled: fc.boolean(),
      PendingDeletionWindowInDays: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      EncryptionAlgorithms: fc.array(text),
      MultiRegionConfiguration: fc.record({
        ReplicaKeys: fc.array(fc.record({ Arn: text }, { requiredKeys: [] })),
      }),
    },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(metadata, async (KeyMetadata) => {
      const { client } = kmsClient({ KeyMetadata });
      const answer = await client.send(new DescribeKeyCommand({ KeyId: "k" }));
      expect(answer.KeyMetadata).toEqual(KeyMetadata);
    }),
    { numRuns: 100 },
  );
});
