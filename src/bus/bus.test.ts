import { describe, expect, it, vi } from "vitest";
import { MovableClock } from "../kit/clock.ts";
import { type RecordRow, recordLog } from "../kit/record.ts";
import { MemoryStore } from "../storage/memory.ts";
import type { Transaction } from "../storage/store.ts";
import { Bus, type Work } from "./bus.ts";
import { followRecord } from "./followers.ts";
import { type Item, Slots } from "./outbox.ts";

type Done = (item: Item) => Promise<void> | void;

interface Rig {
  bus: Bus;
  store: MemoryStore;
  clock: MovableClock;
  failures: unknown[];
  put(name: string, payload: object, options?: object): Promise<void>;
}

async function rig(deliver: Done, options: { store?: MemoryStore; work?: Partial<Work> } = {}): Promise<Rig> {
  const store = options.store ?? new MemoryStore();
  const clock = new MovableClock();
  const failures: unknown[] = [];
  const bus = new Bus(store, clock, {
    timer: async () => {},
    async delivery(item, claim) {
      await deliver(item);
      await store.transact(claim);
    },
    follow: async () => {},
    metrics: async () => {},
    failed: (error) => failures.push(error),
    ...options.work,
  });
  await bus.start();
  return {
    bus,
    store,
    clock,
    failures,
    async put(name, payload, how) {
      const effects: (() => void)[] = [];
      await store.transact((tx: Transaction) => {
        effects.length = 0;
        const scope = { service: "example", account: "111122223333", region: "us-east-1", hops: 0 };
        bus
          .outboxOf(tx, scope, (effect) => effects.push(effect))
          .put(name, payload as Record<string, unknown>, how);
      });
      for (const effect of effects) effect();
    },
  };
}

describe("the outbox", () => {
  it("does each item once, and forgets it", async () => {
    const done: string[] = [];
    const { bus, put, store } = await rig(({ name, payload }) => void done.push(`${name} ${payload.n}`));
    for (let n = 0; n < 200; n += 1) await put("work", { n });
    await bus.settle();
    expect(done.length).toBe(200);
    expect(new Set(done).size).toBe(200);
    expect(await store.transact((tx) => tx.range("bus/", "bus0"))).toEqual([]);
    await bus.stop();
  });

  it("does items of one group in order, and others meanwhile", async () => {
    const done: number[] = [];
    const { bus, put } = await rig(async ({ payload, group }) => {
      if (group !== undefined) await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
      done.push(payload.n as number);
    });
    for (let n = 0; n < 30; n += 1) await put("work", { n }, { group: "one" });
    await put("work", { n: 100 });
    await bus.settle();
    expect(done.indexOf(100)).toBeLessThan(30);
    expect(done.filter((n) => n < 100)).toEqual(Array.from({ length: 30 }, (_, n) => n));
    await bus.stop();
  });

  it("takes up what an earlier process left", async () => {
    const store = new MemoryStore();
    const first = await rig(() => new Promise(() => {}), { store });
    await first.put("work", { n: 1 });
    const done: unknown[] = [];
    const second = await rig(({ payload }) => void done.push(payload.n), { store });
    await second.bus.settle();
    expect(done).toEqual([1]);
    await second.bus.stop();
  });

  it("holds an item back until its time", async () => {
    const done: unknown[] = [];
    const { bus, clock, put } = await rig(({ payload }) => void done.push(payload.n));
    await put("work", { n: 1 }, { delayMs: 60_000 });
    await bus.settle();
    expect(done).toEqual([]);
    clock.advance(60_001);
    await bus.settle();
    expect(done).toEqual([1]);
    await bus.stop();
  });

  it("tries failed work again later, and gives it up in the end", async () => {
    let tries = 0;
    const { bus, clock, put, failures, store } = await rig(() => {
      tries += 1;
      throw new Error("not today");
    });
    await put("work", {});
    for (let i = 0; i < 20; i += 1) {
      await bus.settle();
      clock.advance(15 * 60_000);
    }
    expect(tries).toBe(10);
    expect(failures.length).toBe(10);
    expect(await store.transact((tx) => tx.range("bus/", "bus0"))).toEqual([]);
    await bus.stop();
  });
});

describe("peers", () => {
  it("wait for nobody: one that hangs holds up what is for itself", async () => {
    const done: string[] = [];
    let hung = 0;
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const { bus, put } = await rig(async ({ peer, payload }) => {
      if (peer === "hanging") {
        hung += 1;
        await released;
      }
      done.push(`${peer ?? "inside"} ${payload.n}`);
    });
    for (let n = 0; n < 200; n += 1) await put("ask", { n }, { peer: "hanging" });
    for (let n = 0; n < 20; n += 1) {
      await put("ask", { n }, { peer: "prompt" });
      await put("ask", { n });
    }
    await vi.waitFor(() => expect(done).toHaveLength(40));
    expect(hung).toBe(8);
    release();
    await bus.settle();
    expect(done).toHaveLength(240);
    await bus.stop();
  });

  it("get their turns when more hang than may be asked at once", async () => {
    const asked = new Set<string>();
    const releases: (() => void)[] = [];
    const { bus, put } = await rig(async ({ peer = "" }) => {
      asked.add(peer);
      await new Promise<void>((resolve) => releases.push(resolve));
    });
    const peers = Array.from({ length: 40 }, (_, i) => `peer-${i}`);
    for (const peer of peers) for (let n = 0; n < 16; n += 1) await put("ask", {}, { peer });
    expect(asked.size).toBe(32);
    for (let n = 0; n < 8; n += 1) releases.shift()?.();
    await vi.waitFor(() => expect(asked.size).toBe(40));
    const draining = setInterval(() => {
      for (const release of releases.splice(0)) release();
    }, 1);
    await bus.settle();
    clearInterval(draining);
    await bus.stop();
  });

  it("pass a turn on that they have no use for", () => {
    const slots = new Slots(1);
    const woken: string[] = [];
    slots.take(() => {});
    slots.take(() => woken.push("idle"));
    slots.take(() => {
      woken.push("busy");
      slots.take(() => {});
    });
    slots.take(() => woken.push("last"));
    slots.give();
    expect(woken).toEqual(["idle", "busy"]);
    slots.give();
    expect(woken).toEqual(["idle", "busy", "last"]);
  });

  it("are taken up again after a crash, all of them", async () => {
    const store = new MemoryStore();
    const first = await rig(() => new Promise(() => {}), { store });
    for (const peer of [undefined, "one", "other"]) await first.put("ask", {}, { peer });
    const done: unknown[] = [];
    const second = await rig(({ peer }) => void done.push(peer), { store });
    await second.bus.settle();
    expect(done.sort()).toEqual(["one", "other", undefined]);
    await second.bus.stop();
  });
});

describe("a follower of the record", () => {
  const entry = (n: number) => ({ at: 1, text: JSON.stringify({ n }), terms: [] });

  it("sees each entry once, in order, from where it began, over failures", async () => {
    const seen: unknown[] = [];
    let failing = true;
    const store = new MemoryStore();
    await store.transact((tx) => tx.append(recordLog, entry(0)));
    await store.transact((tx) => followRecord(tx, "example", true, store.log(recordLog)));
    const { bus } = await rig(() => {}, {
      store,
      work: {
        async follow(_service, entries, move) {
          if (failing) {
            failing = false;
            throw new Error("not yet");
          }
          if (await store.transact(move))
            seen.push(...entries.map((row) => (row as RecordRow & { n: number }).n));
        },
      },
    });
    for (let n = 1; n <= 1_200; n += 1) await store.transact((tx) => tx.append(recordLog, entry(n)));
    bus.recorded();
    await vi.waitFor(() => expect(seen.length).toBe(1_200), { timeout: 5_000 });
    expect(seen).toEqual(Array.from({ length: 1_200 }, (_, n) => n + 1));
    await bus.stop();
  });

  it("sees nothing any more once it has ceased to follow", async () => {
    const seen: unknown[] = [];
    const { bus, store } = await rig(() => {}, {
      work: {
        async follow(_service, entries, move) {
          if (await store.transact(move)) seen.push(...entries);
        },
      },
    });
    await store.transact((tx) => followRecord(tx, "example", true, store.log(recordLog)));
    await bus.followersChanged();
    await store.transact((tx) => followRecord(tx, "example", false, store.log(recordLog)));
    await bus.followersChanged();
    await store.transact((tx) => tx.append(recordLog, entry(1)));
    bus.recorded();
    await bus.settle();
    expect(seen).toEqual([]);
    await bus.stop();
  });
});

describe("metrics", () => {
  it("are gathered by minute and value, and published together", async () => {
    const published: unknown[] = [];
    const { bus } = await rig(() => {}, {
      work: { metrics: async (metrics) => void published.push(...metrics) },
    });
    for (const value of [1, 1, 5]) {
      bus.metric({ namespace: "AWS/SQS", name: "Sent", dimensions: { QueueName: "q" }, value }, "1", "r");
    }
    await bus.settle();
    expect(published).toHaveLength(1);
    expect((published[0] as { counts: Map<number, number> }).counts).toEqual(
      new Map([
        [1, 2],
        [5, 1],
      ]),
    );
    await bus.stop();
  });
});
