import type { Store } from "../store.ts";

/** A store under exercise: what every backend offers beside the interface. */
export interface ExercisedStore extends Store {
  reset(): Promise<void>;
  stats(): Record<string, unknown>;
  trim(log: string, beforeMs: number): Promise<void>;
}

export const bytes = (text: string): Uint8Array => Buffer.from(text);
export const text = (value: Uint8Array | undefined): string | undefined =>
  value && Buffer.from(value).toString();

export async function put(store: Store, key: string, value: string): Promise<void> {
  await store.transact(async (tx) => tx.put(key, bytes(value)));
}

export async function get(store: Store, key: string): Promise<string | undefined> {
  return store.transact(async (tx) => text(await tx.get(key)));
}

/** A promise that is resolved from outside. */
export function signal(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}
