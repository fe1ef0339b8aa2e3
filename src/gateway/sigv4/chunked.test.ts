import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BadChunk, ChunkedBody } from "./chunked.ts";
import type { Claim } from "./claim.ts";
import { KeyCache } from "./keys.ts";

/** Unsigned chunks with trailing headers, however the network cuts them. */

const claim = { algorithm: "AWS4-HMAC-SHA256", signature: "" } as Claim;

function decode(wire: Buffer, cuts: number[], decodedLength: number) {
  const form = { signed: false, trailer: true };
  const body = new ChunkedBody({ form, claim, secret: "", keys: new KeyCache(), decodedLength });
  const pieces: Buffer[] = [];
  let at = 0;
  for (const cut of [...cuts, wire.length]) {
    const to = Math.min(wire.length, at + Math.max(1, cut));
    pieces.push(...body.push(wire.subarray(at, to)));
    at = to;
  }
  if (at < wire.length) pieces.push(...body.push(wire.subarray(at)));
  body.end();
  return { data: Buffer.concat(pieces), trailers: body.trailers };
}

function wireOf(chunks: Buffer[]): Buffer {
  const parts = chunks.flatMap((chunk) => [
    Buffer.from(`${chunk.length.toString(16)}\r\n`),
    chunk,
    Buffer.from("\r\n"),
  ]);
  return Buffer.concat([...parts, Buffer.from("0\r\nx-amz-checksum-crc32:AAAAAA==\r\n\r\n")]);
}

describe("unsigned chunks", () => {
  it("come out as they went in, wherever they are cut", () => {
    const sizes = fc.array(fc.integer({ min: 1, max: 300 }), { minLength: 1, maxLength: 5 });
    const cuts = fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 30 });
    fc.assert(
      fc.property(sizes, cuts, (lengths, at) => {
        const chunks = lengths.map((length) => randomBytes(length));
        const whole = Buffer.concat(chunks);
        const { data, trailers } = decode(wireOf(chunks), at, whole.length);
        expect(data.equals(whole)).toBe(true);
        expect(trailers).toEqual({ "x-amz-checksum-crc32": "AAAAAA==" });
      }),
    );
  });

  it("may be of any length, and pass without being held", () => {
    const chunk = Buffer.alloc(40 * 2 ** 20, 7);
    const form = { signed: false, trailer: true };
    const body = new ChunkedBody({
      form,
      claim,
      secret: "",
      keys: new KeyCache(),
      decodedLength: chunk.length,
    });
    const wire = wireOf([chunk]);
    let bytes = 0;
    for (let at = 0; at < wire.length; at += 65_536) {
      const passed = body.push(wire.subarray(at, at + 65_536)).reduce((sum, piece) => sum + piece.length, 0);
      if (at > 0 && at + 65_536 < wire.length - 100) expect(passed).toBe(65_536);
      bytes += passed;
    }
    body.end();
    expect(bytes).toBe(chunk.length);
  });

  it.each([
    ["5\r\nabcdeXX0\r\n\r\n", 5],
    ["5\r\nabcde\r\n", 5],
    ["5\r\nabcde\r\n0\r\n\r\n", 6],
    ["7\r\nabcdefg\r\n0\r\n\r\n", 5],
    ["5\r\nabc", 5],
  ])("that are malformed are refused: %j", (wire, length) => {
    expect(() => decode(Buffer.from(wire), [3, 2], length)).toThrow(BadChunk);
  });
});
