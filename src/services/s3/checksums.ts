import type { StreamedBody } from "../../kit/body.ts";
import { combinedCrc, type DigestName, isCrc, newDigest } from "../../kit/digests.ts";
import { fail, invalidRequest } from "./errors.ts";
import type { Checksum, ChecksumName, ObjectRow } from "./tables.ts";

/**
 * Checksums of objects, as clients ask for them in headers or trailers; without that S3 computes CRC-64/NVME.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
 */

export const checksumMembers = {
  crc32: "ChecksumCRC32",
  crc32c: "ChecksumCRC32C",
  crc64nvme: "ChecksumCRC64NVME",
  sha1: "ChecksumSHA1",
  sha256: "ChecksumSHA256",
} as const satisfies Record<ChecksumName, string>;

/** What S3 computes where nobody says what. */
export const defaultChecksum: ChecksumName = "crc64nvme";

export const checksumNames = Object.keys(checksumMembers) as ChecksumName[];
const digestBytes: Record<ChecksumName, number> = { crc32: 4, crc32c: 4, crc64nvme: 8, sha1: 20, sha256: 32 };

export type ChecksumInput = { [member in (typeof checksumMembers)[ChecksumName]]?: string | undefined } & {
  ChecksumAlgorithm?: string | undefined;
};

const unsupported =
  "Checksum algorithm provided is unsupported. Please try again with any of the valid types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256]";

export function checksumName(algorithm: string): ChecksumName {
  const name = algorithm.toLowerCase();
  if (!(name in checksumMembers)) throw invalidRequest(unsupported);
  return name as ChecksumName;
}

export interface Asked {
  name: ChecksumName;
  value: string;
}

/**
 * The checksum that a request gives; undefined if none. The algorithm that an SDK names beside it is the SDK's own
 * affair: by itself it asks for nothing.
 */
export function askedChecksum(input: ChecksumInput): Asked | undefined {
  const given = checksumNames.filter((name) => input[checksumMembers[name]] !== undefined);
  if (given.length > 1) {
    throw invalidRequest(
      "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed.",
    );
  }
  const [name] = given;
  if (name === undefined) {
    if (input.ChecksumAlgorithm !== undefined) checksumName(input.ChecksumAlgorithm);
    return undefined;
  }
  const value = input[checksumMembers[name]] as string;
  checkForm(name, value);
  return { name, value };
}

function checkForm(name: ChecksumName, value: string): void {
  // A composite one names the number of parts.
  const plain = value.replace(/-\d{1,5}$/, "");
  const bytes = Buffer.from(plain, "base64");
  if (bytes.length === digestBytes[name] && bytes.toString("base64") === plain) return;
  throw invalidRequest(`Value for x-amz-checksum-${name} header is invalid.`);
}

/** Digests to compute while a body passes. Says nothing of what is wrong: the call itself does. */
export function digestsFor(
  input: ChecksumInput & { ContentMD5?: string | undefined },
  trailers: readonly string[],
  usual: ChecksumName = defaultChecksum,
): DigestName[] {
  const asked = checksumNames.filter(
    (name) => input[checksumMembers[name]] !== undefined || trailers.includes(`x-amz-checksum-${name}`),
  );
  return ["md5", ...(asked.length > 0 ? asked : [usual])];
}

/** The checksum of a body that came whole, held against what the client says of it. */
export function checkedChecksum(
  input: ChecksumInput & { ContentMD5?: string | undefined },
  body: StreamedBody,
  usual: ChecksumName = defaultChecksum,
): Checksum & { asked: boolean } {
  checkMd5(input.ContentMD5, body);
  const trailer = checksumNames.find((name) => body.trailers[`x-amz-checksum-${name}`] !== undefined);
  const asked: Asked | undefined =
    trailer === undefined
      ? askedChecksum(input)
      : { name: trailer, value: body.trailers[`x-amz-checksum-${trailer}`] as string };
  const name = asked?.name ?? usual;
  if (trailer !== undefined) checkForm(name, asked?.value ?? "");
  const digest = body.digests[name];
  if (digest === undefined)
    throw fail("InvalidRequest", { message: "The checksum's trailer was not announced." });
  const value = digest.toString("base64");
  if (asked !== undefined && asked.value !== value) {
    throw fail("BadDigest", {
      message: `The ${name.toUpperCase()} you specified did not match the calculated checksum.`,
    });
  }
  return { name, value, type: "FULL_OBJECT", asked: asked !== undefined };
}

function checkMd5(given: string | undefined, body: StreamedBody): void {
  if (given === undefined) return;
  const bytes = Buffer.from(given, "base64");
  if (bytes.length !== 16 || bytes.toString("base64") !== given) {
    throw fail("InvalidDigest", { members: { "Content-MD5": given } });
  }
  const calculated = body.digests.md5?.toString("base64");
  if (calculated === given) return;
  throw fail("BadDigest", { members: { ExpectedDigest: given, CalculatedDigest: calculated } });
}

/** Checksum of an object from those of its parts. */
export function combined(
  name: ChecksumName,
  type: Checksum["type"],
  parts: readonly { checksum: string; size: number }[],
): string {
  const digests = parts.map(({ checksum }) => Buffer.from(checksum, "base64"));
  if (type === "FULL_OBJECT" && isCrc(name)) {
    const known = digests.map((crc, i) => ({ crc, size: parts[i]?.size ?? 0 }));
    return combinedCrc(name, known).toString("base64");
  }
  const whole = createComposite(name, Buffer.concat(digests));
  return `${whole}-${parts.length}`;
}

function createComposite(name: ChecksumName, digests: Buffer): string {
  const digest = newDigest(name);
  digest.update(digests);
  return digest.digest().toString("base64");
}

/** The members that show a checksum in an answer. */
export function shownChecksum(checksum: Checksum | undefined): Record<string, string> {
  if (checksum === undefined) return {};
  return { [checksumMembers[checksum.name]]: checksum.value, ChecksumType: checksum.type };
}

export function shownIfAsked(
  row: Pick<ObjectRow, "checksum">,
  mode: string | undefined,
): Record<string, string> {
  return mode === "ENABLED" ? shownChecksum(row.checksum) : {};
}
