import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RowCache } from "./rowCache.ts";

describe("RowCache", () => {
  it("returns what was last set or nothing, within its bytes", () => {
    const maxBytes = 4000;
    const step = fc.tuple(
      fc.constantFrom("a", "b", "c", "d", "e", "f"),
      fc.option(fc.integer({ min: 0, max: 700 }), { nil: null }),
      fc.boolean(),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const cache = new RowCache(maxBytes);
        const model = new Map<string, Uint8Array | null>();
        for (const [key, size, isGet] of steps) {
          if (isGet) {
            const found = cache.get(key);
            if (found !== undefined) expect(found).toBe(model.get(key));
          } else {
            const value = size === null ? null : new Uint8Array(size);
            cache.set(key, value);
            model.set(key, value);
          }
          expect(cache.bytes).toBeLessThanOrEqual(maxBytes + 1000);
        }
      }),
    );
  });

  it("keeps what is in use while others pass through", () => {
    const cache = new RowCache(20_000);
    cache.set("hot", Buffer.from("value"));
    for (let i = 0; i < 1000; i += 1) {
      cache.set(`cold ${i}`, Buffer.alloc(100));
      expect(cache.get("hot")).toBeDefined();
    }
    expect(cache.get("cold 1")).toBeUndefined();
    expect(cache.hits).toBe(1000);
  });

  it("does not hold a large value, nor the one that it replaced", () => {
    const cache = new RowCache(10_000);
    cache.set("a", Buffer.from("small"));
    cache.set("a", Buffer.alloc(5000));
    expect(cache.get("a")).toBeUndefined();
  });
});
