import { it } from "vitest";
import { survives, timeoutOf } from "./program.ts";
import { eventSourceTraffic } from "./traffic/eventSource.ts";
import { lineTraffic } from "./traffic/lines.ts";
import { shardTraffic } from "./traffic/shards.ts";
import { tableTraffic } from "./traffic/table.ts";

/** A table with a stream and a function that reads it, a Kinesis stream, logs on their way to S3: all at once. */

const kills = { cycles: Number(process.env.CLOUDKEEP_V2_CYCLES ?? 100), longestRunMs: 400 };

it(
  `data on its way survives ${kills.cycles} kills`,
  async () => {
    const traffics = [tableTraffic(), eventSourceTraffic(), shardTraffic(), lineTraffic()];
    await survives(
      {
        async build(running) {
          for (const traffic of traffics) await traffic.build(running);
        },
        async drive(running, cycle) {
          await Promise.all(traffics.map((traffic) => traffic.drive(running, cycle)));
        },
        async check(running) {
          for (const traffic of traffics) await traffic.check(running);
        },
      },
      kills,
    );
  },
  timeoutOf(kills),
);
