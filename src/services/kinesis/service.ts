import { defineService, operationsIn } from "../../kit/service.ts";
import * as getRecords from "./getRecords.ts";
import * as iterators from "./iterators.ts";
import { missing } from "./missing.ts";
import * as put from "./put.ts";
import * as retention from "./retention.ts";
import * as streams from "./streams.ts";

/** Kinesis Data Streams: records in order, by shard, kept sealed for as long as each stream says. */
export default defineService({
  name: "kinesis",
  eventSource: "kinesis.amazonaws.com",
  operations: [streams, put, iterators, getRecords, retention].flatMap(operationsIn),
  missing,
  timers: { trim: retention.trim, purge: retention.purge },
});
