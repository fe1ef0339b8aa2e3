import { defineService, operationsIn } from "../../kit/service.ts";
import * as accountSettings from "./accountSettings.ts";
import * as consumers from "./consumers.ts";
import * as encryptionSettings from "./encryptionSettings.ts";
import * as getRecords from "./getRecords.ts";
import { grow } from "./growth.ts";
import * as iterators from "./iterators.ts";
import * as listShards from "./listShards.ts";
import { missing } from "./missing.ts";
import * as monitoring from "./monitoring.ts";
import * as policies from "./policies.ts";
import * as put from "./put.ts";
import * as resharding from "./resharding.ts";
import * as retention from "./retention.ts";
import * as scaling from "./scaling.ts";
import * as streams from "./streams.ts";
import * as subscriptions from "./subscriptions.ts";
import * as tags from "./tags.ts";

/** Kinesis Data Streams: records in order, by shard, kept sealed for as long as each stream says. */
export default defineService({
  name: "kinesis",
  eventSource: "kinesis.amazonaws.com",
  operations: [
    streams,
    put,
    iterators,
    getRecords,
    listShards,
    resharding,
    scaling,
    retention,
    consumers,
    subscriptions,
    encryptionSettings,
    policies,
    monitoring,
    tags,
    accountSettings,
  ].flatMap(operationsIn),
  missing,
  timers: { grow, trim: retention.trim, purge: retention.purge },
});
