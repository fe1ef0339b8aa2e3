import { promisify } from "node:util";
import { crc32, deflateRaw, gzip } from "node:zlib";

/** Objects as they are compressed. https://docs.aws.amazon.com/firehose/latest/APIReference/API_S3DestinationConfiguration.html */

const gzipped = promisify(gzip);
const deflated = promisify(deflateRaw);

export const extensions: Readonly<Record<string, string>> = { UNCOMPRESSED: "", GZIP: ".gz", ZIP: ".zip" };

/** The formats that are built. */
export function isBuilt(format: string): boolean {
  return Object.hasOwn(extensions, format);
}

export async function compressed(
  format: string,
  body: Buffer,
  entryName: string,
  timeMs: number,
): Promise<Buffer> {
  if (format === "GZIP") return (await gzipped(body)) as Buffer;
  return format === "ZIP" ? await zipped(body, entryName, timeMs) : body;
}

const localHeader = 0x04034b50;
const centralHeader = 0x02014b50;
const endOfCentral = 0x06054b50;
const version = 20;
const deflateMethod = 8;
/** Names are UTF-8. */
const flags = 0x0800;

/** An archive of one file. https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT */
async function zipped(body: Buffer, entryName: string, timeMs: number): Promise<Buffer> {
  const data = (await deflated(body)) as Buffer;
  const name = Buffer.from(entryName);
  const date = new Date(timeMs);
  const common = Buffer.alloc(26);
  common.writeUInt16LE(version, 0);
  common.writeUInt16LE(flags, 2);
  common.writeUInt16LE(deflateMethod, 4);
  common.writeUInt16LE(
    (date.getUTCHours() << 11) | (date.getUTCMinutes() << 5) | (date.getUTCSeconds() >> 1),
    6,
  );
  common.writeUInt16LE(
    ((date.getUTCFullYear() - 1980) << 9) | ((date.getUTCMonth() + 1) << 5) | date.getUTCDate(),
    8,
  );
  common.writeUInt32LE(crc32(body), 10);
  common.writeUInt32LE(data.length, 14);
  common.writeUInt32LE(body.length, 18);
  common.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([signature(localHeader), common, name]);
  const madeBy = Buffer.alloc(2);
  madeBy.writeUInt16LE(version);
  // Comment length, disk, attributes and the offset of the file: all zero.
  const central = Buffer.concat([signature(centralHeader), madeBy, common, Buffer.alloc(14), name]);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(1, 4);
  end.writeUInt16LE(1, 6);
  end.writeUInt32LE(central.length, 8);
  end.writeUInt32LE(local.length + data.length, 12);
  return Buffer.concat([local, data, central, signature(endOfCentral), end]);
}

function signature(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
