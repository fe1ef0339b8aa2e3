/** Sequence numbers of FIFO queues: 20 digits, each greater than all before it in its group. */

const digits = 20;
const perMs = 100_000;
/** AWS's begin so; with the ms since the epoch and a serial number they have 20 digits. */
const prefix = "18";

let lastMs = 0;
let serial = 0;

/** A number for now; greater than those that this process gave out before, and than the group's last. */
export function nextSequence(nowMs: number, last: string | undefined): string {
  const ms = Math.max(Math.floor(nowMs), lastMs);
  serial = ms === lastMs ? serial + 1 : 0;
  lastMs = ms;
  if (serial >= perMs) {
    lastMs += 1;
    serial = 0;
  }
  const next = `${prefix}${String(lastMs).padStart(13, "0")}${String(serial).padStart(5, "0")}`;
  return last !== undefined && last >= next ? add(last, 1n) : next;
}

/** The number just before one: where a range behind it begins. */
export function sequenceBefore(sequence: string): string {
  return add(sequence, -1n);
}

function add(sequence: string, by: bigint): string {
  return String(BigInt(sequence) + by).padStart(digits, "0");
}
