/**
 * The inner loop of a reflected CRC of 64 bits, in WebAssembly's own bytes: what assembles them from text would be
 * more to trust than these few instructions. https://webassembly.github.io/spec/core/binary/
 *
 * Memory begins with the tables, one of 256 numbers for each of the 16 bytes of a step. The module exports
 * `crc(before: i64, at: i32, end: i32): i64`, the CRC after the bytes of memory from `at` to `end`.
 */

export const slices = 16;
const tableBytes = 256 * 8;

const locals = { crc: 0, at: 1, end: 2, x: 3, y: 4 };
type Local = keyof typeof locals;

const get = (name: Local) => [0x20, locals[name]];
const set = (name: Local) => [0x21, locals[name]];
/** Constants from -64 to 63 are one byte. */
const i32Const = (value: number) => [0x41, value];
const i64Const = (value: number) => [0x42, value];
const i64Load = (offset: number) => [0x29, 0, ...unsigned(offset)];
const i32Load8 = [0x2d, 0, 0];
const i32Const255 = [0x41, 0xff, 0x01];
const i32 = { add: 0x6a, sub: 0x6b, and: 0x71, xor: 0x73, shl: 0x74, lessThan: 0x49, atLeast: 0x4f };
const i64 = { xor: 0x85, shiftRight: 0x88, toI32: 0xa7 };
const end = 0x0b;

/** LEB128. */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

/** `body` again and again, until `leave` holds: a loop within a block. */
function until(leave: number[], body: number[]): number[] {
  return [0x02, 0x40, 0x03, 0x40, ...leave, 0x0d, 1, ...body, 0x0c, 0, end, end];
}

/** Replaces a number by the entry for its lowest byte. */
function lookUp(slice: number): number[] {
  return [...i32Const255, i32.and, ...i32Const(3), i32.shl, ...i64Load(slice * tableBytes)];
}

/** The entries for the eight bytes of a local, put together; the first is from the table `slice`. */
function eightEntries(name: Local, slice: number): number[] {
  const first = [...get(name), i64.toI32, ...lookUp(slice)];
  const others = [1, 2, 3, 4, 5, 6, 7].flatMap((byte) => [
    ...[...get(name), ...i64Const(8 * byte), i64.shiftRight, i64.toI32],
    ...[...lookUp(slice - byte), i64.xor],
  ]);
  return [...first, ...others];
}

const advance = (bytes: number) => [...get("at"), ...i32Const(bytes), i32.add, ...set("at")];

const sixteenBytes = [
  ...[...get("at"), ...i64Load(0), ...get("crc"), i64.xor, ...set("x")],
  ...[...get("at"), ...i64Load(8), ...set("y")],
  ...[...eightEntries("x", 15), ...eightEntries("y", 7), i64.xor, ...set("crc")],
  ...advance(16),
];

const oneByte = [
  ...[...get("crc"), i64.toI32, ...get("at"), ...i32Load8, i32.xor, ...lookUp(0)],
  ...[...get("crc"), ...i64Const(8), i64.shiftRight, i64.xor, ...set("crc")],
  ...advance(1),
];

const code = [
  ...[1, 2, 0x7e], // two locals of i64: x and y
  ...until([...get("end"), ...get("at"), i32.sub, ...i32Const(16), i32.lessThan], sixteenBytes),
  ...until([...get("at"), ...get("end"), i32.atLeast], oneByte),
  ...[...get("crc"), end],
];

const text = (value: string) => [value.length, ...Buffer.from(value)];
const sized = (bytes: number[]) => [...unsigned(bytes.length), ...bytes];
const section = (id: number, bytes: number[]) => [id, ...sized(bytes)];

export const crc64Module = Uint8Array.of(
  ...[0, ...Buffer.from("asm"), 1, 0, 0, 0],
  ...section(1, [1, 0x60, 3, 0x7e, 0x7f, 0x7f, 1, 0x7e]), // a type: (i64, i32, i32) to i64
  ...section(2, [1, ...text("env"), ...text("memory"), 2, 0, 1]),
  ...section(3, [1, 0]), // a function of that type
  ...section(7, [1, ...text("crc"), 0, 0]),
  ...section(10, [1, ...sized(code)]),
);
