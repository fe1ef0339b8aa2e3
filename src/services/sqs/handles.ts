import { createHmac, timingSafeEqual } from "node:crypto";
import type { AwsError } from "../../kit/errors.ts";
import { AwsError as Problem } from "../../kit/errors.ts";
import type { QueueRow } from "./tables.ts";

/** Receipt handles: where a message lay when it was received, authenticated, so that none can be made up. */
export interface Handle {
  /** The queue's store at that time: a purge makes all older handles name nothing. */
  store: string;
  /** Standard: ms when it becomes visible again, and its id. FIFO: its group and sequence number. */
  place: string;
  id: string;
  /** Which receive it was. */
  receives: number;
}

const macBytes = 16;
const keys = new WeakMap<QueueRow, Buffer>();

function keyOf(queue: QueueRow): Buffer {
  let key = keys.get(queue);
  if (key === undefined) {
    key = Buffer.from(queue.secret, "base64");
    keys.set(queue, key);
  }
  return key;
}

function macOf(queue: QueueRow, text: Buffer): Buffer {
  return createHmac("sha256", keyOf(queue)).update(text).digest().subarray(0, macBytes);
}

export function handleOf(queue: QueueRow, { store, place, id, receives }: Handle): string {
  const text = Buffer.from(`1|${store}|${place}|${id}|${receives}`);
  return Buffer.concat([macOf(queue, text), text]).toString("base64");
}

/** Throws ReceiptHandleIsInvalid for what is no handle of this queue. */
export function readHandle(queue: QueueRow, handle: string): Handle {
  const bytes = Buffer.from(handle, "base64");
  const text = bytes.subarray(macBytes);
  if (bytes.length <= macBytes || bytes.toString("base64") !== handle) throw invalid();
  if (!timingSafeEqual(bytes.subarray(0, macBytes), macOf(queue, text))) {
    throw new Problem(
      "ReceiptHandleIsInvalid",
      `The receipt handle "${handle}" is not valid for this queue.`,
    );
  }
  const [, store = "", place = "", id = "", receives = ""] = text.toString().split("|");
  return { store, place, id, receives: Number(receives) };
}

function invalid(): AwsError {
  return new Problem("ReceiptHandleIsInvalid", "The input receipt handle is invalid.");
}
