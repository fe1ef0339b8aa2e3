import { describe, expect, it } from "vitest";
import { DiskRow, RangeCache, type Wanted } from "./rangeCache.ts";

const list = (base: string, limit = Number.POSITIVE_INFINITY): Wanted => ({
  from: base,
  to: `${base.slice(0, -1)}\u0001`,
  reverse: false,
  limit,
});

function row(key: string, bytes = 1): DiskRow {
  return new DiskRow(key, Buffer.alloc(bytes), (sealed) => sealed);
}

describe("RangeCache", () => {
  it("drops the ranges that a written key may lie in, and no others", () => {
    const cache = new RangeCache();
    const kept = ["t\u0000a\u0000", "t\u0000b\u0000", "u\u0000a\u0000"];
    for (const base of kept) cache.set(list(base), [row(`${base}x\u0000`)]);
    cache.set({ ...list("t\u0000a\u0000"), from: "t\u0000a\u0000m" }, []);
    cache.set(list("t\u0000"), []);
    cache.written("t\u0000a\u0000y\u0000");
    expect(cache.get(list("t\u0000"))).toBeUndefined();
    expect(cache.get(list("t\u0000a\u0000"))).toBeUndefined();
    expect(cache.get({ ...list("t\u0000a\u0000"), from: "t\u0000a\u0000m" })).toBeUndefined();
    expect(cache.get(list("t\u0000b\u0000"))?.[0]?.key).toBe("t\u0000b\u0000x\u0000");
    expect(cache.get(list("u\u0000a\u0000"))).toHaveLength(1);
  });

  it("tells directions and limits apart", () => {
    const cache = new RangeCache();
    const wanted = list("t\u0000a\u0000", 1);
    cache.set(wanted, []);
    expect(cache.get(wanted)).toEqual([]);
    expect(cache.get({ ...wanted, reverse: true })).toBeUndefined();
    expect(cache.get({ ...wanted, limit: 2 })).toBeUndefined();
  });

  it("keeps within its bytes what is in use, while others pass through", () => {
    const cache = new RangeCache(100_000);
    const hot = list("t\u0000hot\u0000");
    cache.set(hot, [row("t\u0000hot\u0000x\u0000")]);
    for (let i = 0; i < 1000; i += 1) {
      cache.set(list(`t\u0000${i}\u0000`), [row(`t\u0000${i}\u0000x\u0000`, 500)]);
      expect(cache.get(hot)).toHaveLength(1);
    }
    expect(cache.get(list("t\u00001\u0000"))).toBeUndefined();
    cache.set(list("t\u0000long\u0000"), Array(257).fill(row("t\u0000long\u0000x\u0000", 0)));
    cache.set(list("t\u0000large\u0000"), [row("t\u0000large\u0000x\u0000", 20_000)]);
    expect(cache.get(list("t\u0000long\u0000"))).toBeUndefined();
    expect(cache.get(list("t\u0000large\u0000"))).toBeUndefined();
  });

  it("opens an entry once, when it is first looked at", () => {
    let opened = 0;
    const entry = new DiskRow("t\u0000x\u0000", Buffer.from("sealed"), () => {
      opened += 1;
      return Buffer.from("value");
    });
    expect(opened).toBe(0);
    expect(entry.value()).toBe(entry.value());
    expect(opened).toBe(1);
  });
});
