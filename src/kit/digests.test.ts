import { createHash, randomBytes } from "node:crypto";
import { describe, expect, it } from "vitest";
import { type CrcName, combinedCrc, type DigestName, newDigest } from "./digests.ts";

function digest(name: DigestName, ...pieces: Buffer[]): Buffer {
  const running = newDigest(name);
  for (const piece of pieces) running.update(piece);
  return running.digest();
}

describe("digests", () => {
  // https://reveng.sourceforge.io/crc-catalogue/all.htm: the check value of each is of these nine digits.
  it.each([
    ["crc32", "cbf43926"],
    ["crc32c", "e3069283"],
    ["crc64nvme", "ae8b14860a799888"],
  ] as const)("%s has the catalogue's check value", (name, check) => {
    expect(digest(name, Buffer.from("123456789")).toString("hex")).toBe(check);
  });

  it.each(["crc32", "crc32c", "crc64nvme", "md5", "sha1", "sha256"] as const)(
    "%s does not depend on how the bytes come",
    (name) => {
      const bytes = randomBytes(10_007);
      const whole = digest(name, bytes);
      expect(digest(name, bytes.subarray(0, 3), bytes.subarray(3, 4_099), bytes.subarray(4_099))).toEqual(
        whole,
      );
      if (!name.startsWith("crc")) expect(whole).toEqual(createHash(name).update(bytes).digest());
    },
  );

  it.each(["crc32", "crc32c", "crc64nvme"] as CrcName[])("%s is the same byte by byte", (name) => {
    const bytes = randomBytes(150_001);
    const running = newDigest(name);
    for (let at = 0; at < bytes.length; at += 1) running.update(bytes.subarray(at, at + 1));
    expect(running.digest()).toEqual(digest(name, bytes));
  });

  it.each(["crc32", "crc32c", "crc64nvme"] as CrcName[])(
    "%s of parts is combined without their bytes",
    (name) => {
      const parts = [randomBytes(1_000), randomBytes(1_000), Buffer.alloc(0), randomBytes(77)];
      const known = parts.map((part) => ({ crc: digest(name, part), size: part.length }));
      expect(combinedCrc(name, known)).toEqual(digest(name, ...parts));
    },
  );
});
