import type { Bytes, StreamedBody } from "../kit/body.ts";
import { WrongKey } from "../kit/errors.ts";
import { type ByteStore, FinishedBody, WrongBodyKey } from "../storage/bytes.ts";
import type { Transaction } from "../storage/store.ts";

/** Bodies as one transaction sees them: what it keeps and gives up happens with its commit, or not at all. */
export function bytesOf(bytes: ByteStore, tx: Transaction, afterCommit: (effect: () => void) => void): Bytes {
  return {
    keep({ content }: StreamedBody, under) {
      return content instanceof FinishedBody
        ? bytes.adopt(tx, content, under)
        : bytes.keep(tx, content, under);
    },
    share: (id, under, newUnder) => orWrongKey(bytes.share(tx, id, under, newUnder)),
    open: (id, range, under) => orWrongKey(bytes.open(tx, id, range, under)),
    async remove(id) {
      const file = await bytes.remove(tx, id);
      if (file !== undefined) afterCommit(() => bytes.discard(file));
    },
  };
}

async function orWrongKey<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw error instanceof WrongBodyKey ? new WrongKey(error.message) : error;
  }
}
