import { describe, expect, it } from "vitest";
import { decodeCbor, encodeCbor } from "./cbor.ts";
import { identify, serviceCodec } from "./index.ts";
import { contractOf } from "./testing.ts";
import type { WireRequest } from "./wire.ts";

const kinesis = contractOf("kinesis");
const codec = serviceCodec(kinesis);

function asked(operation: string, body: Buffer, type = "application/x-amz-cbor-1.1"): WireRequest {
  const headers = { "content-type": type, "x-amz-target": `Kinesis_20131202.${operation}` };
  return { method: "POST", path: "/", query: "", headers, body };
}

/** 2026-11-25T04:00:00.123Z, as Java writes it: whole milliseconds under tag 1. */
const millis = Buffer.from("c11b000001a20ca2a27b", "hex");
const time = new Date(Number(millis.readBigUInt64BE(2)));

describe("awsCbor1_1", () => {
  it("is known by its content type, and JSON by its own", () => {
    const body = encodeCbor({});
    expect(identify(kinesis, asked("ListStreams", body))).toEqual({
      protocol: "awsCbor1_1",
      operation: "ListStreams",
    });
    expect(identify(kinesis, asked("ListStreams", body, "application/x-amz-json-1.1"))?.protocol).toBe(
      "awsJson1_1",
    );
    expect(identify(contractOf("kms"), asked("ListKeys", body))?.protocol).not.toBe("awsCbor1_1");
  });

  it("reads bytes and times", () => {
    const put = encodeCbor({ StreamName: "s", PartitionKey: "k", Data: Buffer.from([0, 255]) });
    expect(codec.operation("PutRecord")?.read("awsCbor1_1", asked("PutRecord", put))).toEqual({
      StreamName: "s",
      PartitionKey: "k",
      Data: Buffer.from([0, 255]),
    });
    const named = encodeCbor({ StreamName: "s", Timestamp: 0 });
    // The number at the end is replaced by a time.
    const listed = Buffer.concat([named.subarray(0, -1), millis]);
    const name = Buffer.from("StreamCreationTimestamp");
    const at = listed.indexOf("iTimestamp");
    const renamed = Buffer.concat([listed.subarray(0, at), Buffer.of(0x77), name, listed.subarray(at + 10)]);
    expect(codec.operation("ListShards")?.read("awsCbor1_1", asked("ListShards", renamed))).toEqual({
      StreamName: "s",
      StreamCreationTimestamp: time,
    });
  });

  it("writes them, and errors", () => {
    const Records = [
      { SequenceNumber: "1", PartitionKey: "k", Data: Buffer.from("x"), ApproximateArrivalTimestamp: time },
    ];
    const answer = codec
      .operation("GetRecords")
      ?.write("awsCbor1_1", { Records, MillisBehindLatest: 0 }, "id");
    expect(answer?.headers).toContain("application/x-amz-cbor-1.1");
    expect(Buffer.from((answer?.body ?? "") as Buffer).includes(millis)).toBe(true);
    const error = codec.writeError(
      "awsCbor1_1",
      { code: "ResourceNotFoundException", message: "gone" },
      "id",
    );
    expect(error.status).toBe(400);
    expect(decodeCbor(error.body as Buffer)).toEqual({
      __type: "ResourceNotFoundException",
      message: "gone",
    });
  });
});
