/**
 * Where a record stands in its shard: the time at which it was committed (ms, 15 digits), and a count among those of
 * one time (15 digits). Texts of one length, so that their order is the records'.
 *
 * A sequence number is AWS's in form, 56 digits: "49", time, zeros, count, shard. Numbers of a shard grow, and those
 * of a child are greater than its parents'.
 */

export type Position = string;

const digits = 15;
const zeros = "0".repeat(12);
const shardDigits = 12;
export const sequenceDigits = 2 + digits + zeros.length + digits + shardDigits;

/** Before every record. */
export const start: Position = "0".repeat(2 * digits);
const lastCount = "9".repeat(digits);

export function positionOf(timeMs: number, count: number): Position {
  return String(timeMs).padStart(digits, "0") + String(count).padStart(digits, "0");
}

/** Before all records of a time or later. */
export function beforeTime(timeMs: number): Position {
  const whole = Math.ceil(timeMs);
  return whole <= 0 ? start : String(whole - 1).padStart(digits, "0") + lastCount;
}

export function timeOf(position: Position): number {
  return Number(position.slice(0, digits));
}

export function countOf(position: Position): number {
  return Number(position.slice(digits));
}

export function sequenceNumber(position: Position, shard: number): string {
  return `49${position.slice(0, digits)}${zeros}${position.slice(digits)}${String(shard).padStart(shardDigits, "0")}`;
}

/** The greatest number of a shard that was closed then. */
export function lastSequenceNumber(timeMs: number, shard: number): string {
  return sequenceNumber(String(timeMs).padStart(digits, "0") + lastCount, shard);
}

/** Undefined for what is no sequence number of ours. */
export function parseSequenceNumber(text: string): { position: Position; shard: number } | undefined {
  const match = /^49(\d{15})0{12}(\d{15})(\d{12})$/.exec(text);
  if (match === null) return undefined;
  const [, time, count, shard] = match as unknown as [string, string, string, string];
  return { position: time + count, shard: Number(shard) };
}
