import { hash } from "node:crypto";

/** Hash keys: 128-bit numbers, in decimal at the edge, as 32 hexadecimal digits inside. */

export const hashKeyDigits = 32;
export const largestHashKey = 2n ** 128n - 1n;

export function hexOf(value: bigint): string {
  return value.toString(16).padStart(hashKeyDigits, "0");
}

export function numberOf(hex: string): bigint {
  return BigInt(`0x${hex}`);
}

export function decimalOf(hex: string): string {
  return numberOf(hex).toString();
}

export function hashOfPartitionKey(partitionKey: string): string {
  return hash("md5", partitionKey, "hex");
}

/** Bounds of `count` ranges of one size that cover all hash keys. */
export function evenRanges(count: number): { from: string; to: string }[] {
  const size = (largestHashKey + 1n) / BigInt(count);
  return Array.from({ length: count }, (_, i) => ({
    from: hexOf(size * BigInt(i)),
    to: hexOf(i === count - 1 ? largestHashKey : size * BigInt(i + 1) - 1n),
  }));
}
