import type { LineKey } from "./chunk.ts";

/** The position of a line as a number of fixed width: AWS's event ids and page tokens are 56 digits. */

const widths = { time: 15, at: 15, number: 15, item: 11 } as const;
const positionForm = /^\d{56}$/;

export function formatPosition({ time, at, number, item }: LineKey): string {
  return (
    String(time).padStart(widths.time, "0") +
    String(at).padStart(widths.at, "0") +
    String(number).padStart(widths.number, "0") +
    String(item).padStart(widths.item, "0")
  );
}

/** Undefined for what is no position. */
export function parsePosition(text: string): LineKey | undefined {
  if (!positionForm.test(text)) return undefined;
  let start = 0;
  const next = (width: number) => {
    start += width;
    return Number(text.slice(start - width, start));
  };
  return {
    time: next(widths.time),
    at: next(widths.at),
    number: next(widths.number),
    item: next(widths.item),
  };
}
