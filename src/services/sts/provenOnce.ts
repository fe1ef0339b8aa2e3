import type { Context } from "../../kit/context.ts";

/**
 * Works out who is calling once for each run of a call: its access declaration and its handler share what was
 * proven, and a run after a conflict proves it anew, so that a provider that was deleted meanwhile counts no more.
 */
export function provenOnce<Input, Codes extends string, Identity>(
  prove: (input: Input, ctx: Context<Codes>) => Promise<Identity>,
): (input: Input, ctx: Context<Codes>) => Promise<Identity> {
  const proven = new WeakMap<Context<Codes>, Promise<Identity>>();
  return (input, ctx) => {
    let identity = proven.get(ctx);
    if (identity === undefined) {
      identity = prove(input, ctx);
      proven.set(ctx, identity);
    }
    return identity;
  };
}
