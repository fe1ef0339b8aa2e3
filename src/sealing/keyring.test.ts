import { randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Keyring, SealBroken, sealOverheadBytes, WrongRootKey } from "./keyring.ts";
import { newRootKey } from "./rootKey.ts";

describe("Keyring", () => {
  const root = newRootKey();

  it("opens what it sealed, for the same row", () => {
    const ring = Keyring.create(root);
    fc.assert(
      fc.property(fc.string(), fc.uint8Array({ maxLength: 300 }), (row, value) => {
        const sealed = ring.seal(row, value);
        expect(sealed.length).toBe(value.length + sealOverheadBytes);
        expect(ring.open(row, sealed).equals(value)).toBe(true);
      }),
    );
  });

  it("never seals twice alike", () => {
    const ring = Keyring.create(root);
    const nonces = new Set(
      Array.from({ length: 5000 }, () => ring.seal("a", Buffer.of(1)).toString("hex", 5, 17)),
    );
    expect(nonces.size).toBe(5000);
  });

  it("refuses a value with any bit flipped, cut, extended or moved, naming the row", () => {
    const ring = Keyring.create(root);
    const sealed = ring.seal("row", Buffer.from("value"));
    for (let at = 0; at < sealed.length; at += 1) {
      const flipped = Buffer.from(sealed);
      flipped[at] = (flipped[at] as number) ^ (1 << (at % 8));
      expect(() => ring.open("row", flipped), `byte ${at}`).toThrow(SealBroken);
      expect(() => ring.open("row", sealed.subarray(0, at)), `first ${at} bytes`).toThrow(SealBroken);
    }
    expect(() => ring.open("row", Buffer.concat([sealed, Buffer.of(0)]))).toThrow(SealBroken);
    expect(() => ring.open("other", sealed)).toThrow('"other"');
  });

  it("comes back from its rows, and tells a wrong root key", () => {
    const ring = Keyring.create(root);
    const sealed = ring.seal("a", Buffer.from("1"));
    const rows = ring.pendingRows();
    expect(Keyring.open([newRootKey(), root], rows).open("a", sealed).toString()).toBe("1");
    expect(() => Keyring.open([newRootKey()], rows)).toThrow(WrongRootKey);
    expect(() => Keyring.open([root], rows.slice(0, 1))).toThrow(SealBroken);
  });

  it("refuses rows that were changed, exchanged or lost", () => {
    const ring = Keyring.create(root, { maxSealsPerDataKey: 1 });
    ring.seal("a", Buffer.of(1));
    ring.seal("a", Buffer.of(1));
    const rows = new Map(ring.pendingRows());
    const [first, second] = ["key/00000001", "key/00000002"];
    expect([...rows.keys()].sort()).toEqual([first, second, "key/check"].sort());
    const exchanged = new Map(rows).set(first, rows.get(second) as Buffer);
    expect(() => Keyring.open([root], exchanged)).toThrow(SealBroken);
    const changed = Buffer.from(rows.get(first) as Buffer);
    changed[20] = (changed[20] as number) ^ 1;
    expect(() => Keyring.open([root], new Map(rows).set(first, changed))).toThrow(SealBroken);
    rows.delete("key/check");
    expect(() => Keyring.open([root], rows)).toThrow(SealBroken);
  });

  it("takes a new data key after the named number of seals, over restarts too", () => {
    const limits = { maxSealsPerDataKey: 10, sealsReservedAtOnce: 4 };
    let ring = Keyring.create(root, limits);
    const disk = new Map<string, Buffer>();
    const sealed: Buffer[] = [];
    for (let i = 0; i < 100; i += 1) {
      sealed.push(ring.seal("a", Buffer.of(i)));
      const rows = ring.pendingRows();
      for (const [row, value] of rows) disk.set(row, value);
      ring.written(rows);
      expect(ring.pendingRows()).toEqual([]);
      if (i % 7 === 0) ring = Keyring.open([root], disk, limits);
    }
    const uses = new Map<number, number>();
    for (const value of sealed) uses.set(value.readUInt32BE(1), (uses.get(value.readUInt32BE(1)) ?? 0) + 1);
    expect(Math.max(...uses.values())).toBeLessThanOrEqual(10);
    expect(uses.size).toBeGreaterThanOrEqual(10);
    sealed.forEach((value, i) => {
      expect(ring.open("a", value)).toEqual(Buffer.of(i));
    });
  });

  it("rewraps everything by a new root key", () => {
    const ring = Keyring.create(root, { maxSealsPerDataKey: 1 });
    const sealed = [ring.seal("a", Buffer.of(1)), ring.seal("a", Buffer.of(2))];
    ring.written(ring.pendingRows());
    const next = newRootKey();
    const rows = new Map(ring.rewrap(next));
    expect(ring.usesRoot(root)).toBe(true);
    ring.useRoot(next);
    expect(ring.usesRoot(next)).toBe(true);
    sealed.push(ring.seal("a", Buffer.of(3)));
    for (const [row, value] of ring.pendingRows()) rows.set(row, value);
    const reopened = Keyring.open([next], rows);
    expect(sealed.map((value) => reopened.open("a", value)[0])).toEqual([1, 2, 3]);
    expect(() => Keyring.open([root], rows)).toThrow(WrongRootKey);
  });

  it("keeps key material out of its rows and errors", () => {
    const bytes = randomBytes(300);
    const ring = Keyring.create(root);
    const exported = root.export();
    for (const [, value] of ring.pendingRows()) expect(value.includes(exported)).toBe(false);
    const sealed = ring.seal("a", bytes);
    sealed[100] = (sealed[100] as number) ^ 1;
    expect(() => ring.open("a", sealed)).toThrow(
      /^The stored value of "a" is broken: its bytes or its place were changed\.$/,
    );
  });
});
