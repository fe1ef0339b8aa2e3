import type { Context, Host } from "../../kit/context.ts";
import { countOf, type Position, positionOf, timeOf } from "./positions.ts";
import { ShardRates } from "./rates.ts";
import { lastPosition, type ShardKey } from "./recordRows.ts";
import type { StreamRow } from "./tables.ts";

/** What this process remembers of a shard. All of it can be lost, and is found again in the store. */
export class ShardMemory {
  readonly rates = new ShardRates();
  /** Calls that were refused since the last that was not, whose metrics tell of them. */
  refusedWrites = 0;
  refusedReads = 0;
  /** Those who wait for records: each is told once. */
  readonly waiting = new Set<() => void>();
  /** The last position is known from the store. */
  known = false;
  #timeMs = 0;
  #count = 0;

  get last(): Position {
    return positionOf(this.#timeMs, this.#count);
  }

  /** Positions from now on are behind this one. */
  goBehind(position: Position): void {
    if (position <= this.last) return;
    this.#timeMs = timeOf(position);
    this.#count = countOf(position);
  }

  /** Takes the next positions, all of one time; gives the first one's count. Called in the turn of a commit. */
  next(records: number, nowMs: number): { timeMs: number; firstCount: number } {
    if (nowMs > this.#timeMs) {
      this.#timeMs = Math.floor(nowMs);
      this.#count = 0;
    }
    const firstCount = this.#count + 1;
    this.#count += records;
    return { timeMs: this.#timeMs, firstCount };
  }

  wake(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const tell of waiting) tell();
  }
}

/** Shards that are remembered at once; those that were first used longest ago are forgotten beyond. */
const maxShards = 100_000;

const memories = new WeakMap<Host, Map<string, ShardMemory>>();

export function memoryOf(host: Host, { streamId, shard }: Pick<ShardKey, "streamId" | "shard">): ShardMemory {
  let known = memories.get(host);
  if (known === undefined) {
    known = new Map();
    memories.set(host, known);
  }
  const name = `${streamId}/${shard}`;
  let memory = known.get(name);
  if (memory === undefined) {
    memory = new ShardMemory();
    known.set(name, memory);
    if (known.size > maxShards) known.delete(known.keys().next().value as string);
  }
  return memory;
}

export function shardKey({ account, region, streamId }: StreamRow, shard: number): ShardKey {
  return { account, region, streamId, shard };
}

/** The shard's memory, knowing where the shard ends. */
export async function knownMemory(key: ShardKey, ctx: Pick<Context, "host" | "peek">): Promise<ShardMemory> {
  const memory = memoryOf(ctx.host, key);
  if (memory.known) return memory;
  const last = await ctx.peek((tx) => lastPosition(tx, key));
  if (last !== undefined) memory.goBehind(last);
  memory.known = true;
  return memory;
}
