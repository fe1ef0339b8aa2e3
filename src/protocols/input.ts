/**
 * An operation's input as a handler sees it, from the SDK's type for it. By then the contract has been checked:
 * the SDK writes a required member as `KeyId: string | undefined` and an optional one as `X?: …`, so `undefined`
 * is dropped from the former. Bytes arrive as Buffers, timestamps as Dates.
 */
export type Input<T> = T extends Uint8Array
  ? Buffer
  : T extends string | number | boolean | bigint | null | undefined | Date
    ? T
    : T extends readonly (infer Item)[]
      ? Input<Item>[]
      : T extends object
        ? {
            [K in keyof T]: Record<never, never> extends Pick<T, K>
              ? Input<T[K]>
              : Input<Exclude<T[K], undefined>>;
          }
        : T;
