/**
 * Short values share slabs: memory of its own for each record of a batch costs the collector more than the decoding.
 * Long ones do not, so that none of them keeps a slab alive.
 */
const slabBytes = 64 * 1024;
const maxSharedBytes = 4 * 1024;
let slab = Buffer.allocUnsafeSlow(slabBytes);
let used = 0;

function decoded(text: string, bytes: number): Buffer {
  if (bytes > maxSharedBytes) return Buffer.from(text, "base64");
  if (used + bytes > slabBytes) {
    slab = Buffer.allocUnsafeSlow(slabBytes);
    used = 0;
  }
  const start = used;
  used += slab.write(text, start, bytes, "base64");
  return slab.subarray(start, used);
}

/** Decodes standard, padded Base64; undefined where the text is anything else. Node's own decoder skips garbage. */
export function decodeBase64(text: string): Buffer | undefined {
  const { length } = text;
  if (length % 4 !== 0) return undefined;
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  const expected = (length / 4) * 3 - padding;
  const bytes = decoded(text, expected);
  if (bytes.length !== expected) return undefined;
  // Node takes the URL alphabet as well.
  return text.includes("-") || text.includes("_") ? undefined : bytes;
}

/** A view of the same bytes. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
