import {
  CloudWatchClient,
  GetMetricDataCommand,
  PutMetricDataCommand,
  ResourceNotFound,
} from "@aws-sdk/client-cloudwatch";
import { AwsSmithyRpcV2CborProtocol } from "@aws-sdk/core/protocols";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { CborDouble, decodeCbor, encodeCbor } from "./cbor.ts";
import { SerializationError } from "./errors.ts";
import { identify, serviceCodec } from "./index.ts";
import { clientConfig, contractOf, request, requestId, server } from "./testing.ts";

const cloudwatch = contractOf("cloudwatch");

function client(answer: Record<string, unknown> | { code: string; message: string }) {
  const { requestHandler, exchanges } = server(cloudwatch, () => answer);
  const config = { ...clientConfig, requestHandler, protocol: AwsSmithyRpcV2CborProtocol };
  return { client: new CloudWatchClient(config as object), exchanges };
}

describe("rpcv2Cbor with the official client", () => {
  test("round trip", async () => {
    const output = {
      MetricDataResults: [
        { Id: "m", Values: [1, 2.5, -3e300], Timestamps: [new Date(1795485208123)], StatusCode: "Complete" },
      ],
    };
    const { client: sender, exchanges } = client(output);
    const input = {
      Namespace: "n",
      MetricData: [
        {
          MetricName: "ü",
          Value: 1.5,
          Timestamp: new Date(1795485208000),
          Dimensions: [{ Name: "a", Value: "b" }],
        },
      ],
    };
    await sender.send(new PutMetricDataCommand(input));
    expect(exchanges[0]).toMatchObject({ protocol: "rpcv2Cbor", operation: "PutMetricData", input });
    const query = { MetricDataQueries: [], StartTime: new Date(0), EndTime: new Date(1000) };
    const answer = await sender.send(new GetMetricDataCommand(query));
    expect(exchanges[1]?.input).toEqual(query);
    expect(answer).toMatchObject(output);
    expect(answer.$metadata.requestId).toBe(requestId);
  });

  test("errors", async () => {
    const { client: sender } = client({ code: "ResourceNotFound", message: "no" });
    const error = await sender.send(new GetMetricDataCommand({} as never)).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(ResourceNotFound);
    expect(error).toMatchObject({ message: "no", $metadata: { httpStatusCode: 404 } });
  });
});

test("only the protocol's own header and path name an operation", () => {
  const at = (path: string, protocol?: string) =>
    identify(cloudwatch, request({ path, headers: { "smithy-protocol": protocol } }))?.operation;
  expect(at("/service/GraniteServiceVersion20100801/operation/PutMetricData", "rpc-v2-cbor")).toBe(
    "PutMetricData",
  );
  expect(at("/service/GraniteServiceVersion20100801/operation/PutMetricData")).toBeUndefined();
  expect(at("/service/Other/operation/PutMetricData", "rpc-v2-cbor")).toBeUndefined();
});

describe("CBOR", () => {
  const value = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string(),
      fc.maxSafeInteger(),
      fc.double({ noNaN: true }).filter((number) => !Object.is(number, -0)),
      fc.boolean(),
      fc.constant(null),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
      fc.date({ noInvalidDate: true, min: new Date(-1e13), max: new Date(1e13) }),
      fc.array(tie("value"), { maxLength: 5 }),
      fc.dictionary(fc.string(), tie("value"), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).value;

  test("what is encoded decodes the same", () => {
    fc.assert(
      fc.property(value, (given) => {
        expect(decodeCbor(encodeCbor(given))).toEqual(given);
      }),
      { numRuns: 300 },
    );
  });

  // RFC 8949, Appendix A.
  test.each([
    ["1818", 24],
    ["1a000f4240", 1_000_000],
    ["1bffffffffffffffff", 18446744073709551615n],
    ["3bffffffffffffffff", -18446744073709551616n],
    ["3903e7", -1000],
    ["f93c00", 1],
    ["f97bff", 65504],
    ["f90001", 2 ** -24],
    ["f9fc00", -Infinity],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["c11a514b67b0", new Date(1363896240000)],
    ["5f42010243030405ff", Buffer.from([1, 2, 3, 4, 5])],
    ["7f657374726561646d696e67ff", "streaming"],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["bf61610161629f0203ffff", { a: 1, b: [2, 3] }],
  ])("%s", (hex, expected) => {
    expect(decodeCbor(Buffer.from(hex, "hex"))).toEqual(expected);
  });

  test.each([
    "",
    "18",
    "9bffffffffffffffff",
    "bbffffffffffffffff",
    "5b7fffffffffffffff",
    "ff",
    "81ff",
    "a101ff",
    "a1ff01",
    "a10102",
    "62c328",
    "c0613a",
    "7f4101ff",
    "9f01",
    "0101",
    "f8ff",
    "1c",
    `${"81".repeat(200)}01`,
    "a2616101616102",
  ])("%s is refused", (hex) => {
    expect(() => decodeCbor(Buffer.from(hex, "hex"))).toThrow(SerializationError);
  });

  test("more items than any request has are refused", () => {
    const items = Buffer.concat([Buffer.from("9a000f4241", "hex"), Buffer.alloc(1_000_001)]);
    expect(() => decodeCbor(items)).toThrow(SerializationError);
  });

  test("whole doubles stay doubles", () => {
    expect(encodeCbor(new CborDouble(1)).toString("hex")).toBe("fb3ff0000000000000");
  });

  test("wrong types are refused, prototypes are not set", () => {
    const read = (body: unknown) =>
      serviceCodec(cloudwatch)
        .operation("PutMetricData")
        ?.read("rpcv2Cbor", request({ body: encodeCbor(body) }));
    expect(() => read({ Namespace: Buffer.from("n") })).toThrow(SerializationError);
    expect(() => read({ Namespace: new Date() })).toThrow(SerializationError);
    expect(() => read({ MetricData: {} })).toThrow(SerializationError);
    expect(() => read({ MetricData: [{ Timestamp: "2026-01-01" }] })).toThrow(SerializationError);
    expect(read(JSON.parse('{"__proto__":{"Namespace":"x"},"Nope":1}'))).toEqual({});
  });
});
