import { createCipheriv, createDecipheriv } from "node:crypto";
import { draw } from "../../kit/ids.ts";

/**
 * Records of one call and one shard, as they are stored: format (1 byte), flags (1); if sealed under a KMS key, the
 * data key under that key (length, 2 bytes, and bytes), nonce (12), tag (16); then the body: how many records (4),
 * the lengths of each one's partition key (2) and data (4), all keys, all data.
 */

export const frameFormat = 1;
const sealedFlag = 1;
const headBytes = 2;
const nonceBytes = 12;
const tagBytes = 16;
const countBytes = 4;
const lengthsBytes = 6;

export interface NewRecord {
  partitionKey: string;
  data: Uint8Array;
}

export interface DataKey {
  key: Uint8Array;
  /** The key under its KMS key. */
  blob: Buffer;
}

/** A frame for each list of records. */
export function encodeFrames(shares: readonly (readonly NewRecord[])[], under?: DataKey): Buffer[] {
  const sizes = shares.map(frameBytes);
  // One piece of memory for all of them: a call with records for many shards would make hundreds.
  const all = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + size, 0));
  let at = 0;
  return shares.map((records, i) => {
    const frame = all.subarray(at, at + (sizes[i] as number));
    at += frame.length;
    write(records, frame);
    return under === undefined ? frame : sealed(frame.subarray(headBytes), under);
  });
}

function frameBytes(records: readonly NewRecord[]): number {
  let bytes = headBytes + countBytes + records.length * lengthsBytes;
  for (const { partitionKey, data } of records) bytes += Buffer.byteLength(partitionKey) + data.byteLength;
  return bytes;
}

function write(records: readonly NewRecord[], frame: Buffer): void {
  frame[0] = frameFormat;
  frame[1] = 0;
  const lengthsAt = frame.writeUInt32LE(records.length, headBytes);
  let at = lengthsAt + records.length * lengthsBytes;
  for (const [i, { partitionKey, data }] of records.entries()) {
    const keyBytes = frame.write(partitionKey, at);
    frame.writeUInt16LE(keyBytes, lengthsAt + i * lengthsBytes);
    frame.writeUInt32LE(data.byteLength, lengthsAt + i * lengthsBytes + 2);
    at += keyBytes;
  }
  for (const { data } of records) {
    frame.set(data, at);
    at += data.byteLength;
  }
}

function sealed(body: Buffer, { key, blob }: DataKey): Buffer {
  const head = Buffer.alloc(headBytes + 2);
  head[0] = frameFormat;
  head[1] = sealedFlag;
  head.writeUInt16LE(blob.length, headBytes);
  const nonce = draw(nonceBytes);
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  const ciphertext = cipher.update(body);
  cipher.final();
  return Buffer.concat([head, blob, nonce, cipher.getAuthTag(), ciphertext]);
}

/** The data key that a frame is sealed under, as KMS made it; undefined if it is not. */
export function blobOf(frame: Buffer): Buffer | undefined {
  if (frame[1] !== sealedFlag) return undefined;
  const from = headBytes + 2;
  return frame.subarray(from, from + frame.readUInt16LE(headBytes));
}

export interface FrameRecord {
  partitionKey: string;
  data: Buffer;
}

/** Records of a frame, in order, from the one with index `from` on. */
export function decodeFrame(frame: Buffer, from: number, key?: Uint8Array): FrameRecord[] {
  const body = frame[1] === sealedFlag ? opened(frame, key) : frame.subarray(headBytes);
  const count = body.readUInt32LE();
  let keyAt = countBytes + count * lengthsBytes;
  let dataAt = keyAt;
  for (let i = 0; i < count; i += 1) dataAt += body.readUInt16LE(countBytes + i * lengthsBytes);
  const records: FrameRecord[] = [];
  for (let i = 0; i < count; i += 1) {
    const lengthsAt = countBytes + i * lengthsBytes;
    const keyEnd = keyAt + body.readUInt16LE(lengthsAt);
    const dataEnd = dataAt + body.readUInt32LE(lengthsAt + 2);
    if (i >= from) {
      records.push({
        partitionKey: body.toString("utf8", keyAt, keyEnd),
        data: body.subarray(dataAt, dataEnd),
      });
    }
    keyAt = keyEnd;
    dataAt = dataEnd;
  }
  return records;
}

function opened(frame: Buffer, key: Uint8Array | undefined): Buffer {
  if (key === undefined) throw new Error("The frame is sealed, and its data key is not at hand.");
  const nonceAt = headBytes + 2 + frame.readUInt16LE(headBytes);
  const tagAt = nonceAt + nonceBytes;
  const decipher = createDecipheriv("aes-256-gcm", key, frame.subarray(nonceAt, tagAt));
  decipher.setAuthTag(frame.subarray(tagAt, tagAt + tagBytes));
  const body = decipher.update(frame.subarray(tagAt + tagBytes));
  decipher.final();
  return body;
}
