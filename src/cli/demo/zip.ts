import { crc32 } from "node:zlib";

/**
 * A ZIP archive of one file, not compressed: enough for a function's code.
 * https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT
 */
export function zipOf(name: string, text: string): Buffer {
  const data = Buffer.from(text);
  // Version, flags, method, time, date; checksum, sizes; lengths of the name and of what is extra.
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(0x21, 8);
  facts.writeUInt32LE(crc32(data), 10);
  facts.writeUInt32LE(data.length, 14);
  facts.writeUInt32LE(data.length, 18);
  facts.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("PK\x03\x04"), facts, Buffer.from(name), data]);
  // Made by Unix; comment, disk, attributes (a file that all may read), offset.
  const more = Buffer.alloc(14);
  more.writeUInt32LE((0o100644 << 16) >>> 0, 6);
  const made = Buffer.from([20, 3]);
  const central = Buffer.concat([Buffer.from("PK\x01\x02"), made, facts, more, Buffer.from(name)]);
  const end = Buffer.alloc(22);
  end.write("PK\x05\x06", "latin1");
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, central, end]);
}
