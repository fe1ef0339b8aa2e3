import { defineService, operationsIn } from "../../kit/service.ts";
import { backfill, reseal } from "./backfill.ts";
import * as backups from "./backups.ts";
import * as batch from "./batch.ts";
import * as continuousBackups from "./continuousBackups.ts";
import * as contributorInsights from "./contributorInsights.ts";
import { count } from "./counting.ts";
import * as createTable from "./createTable.ts";
import * as deleteTable from "./deleteTable.ts";
import * as exportOperations from "./exports/operations.ts";
import { exportTable } from "./exports/run.ts";
import * as globalTables from "./globalTables.ts";
import * as importOperations from "./imports/operations.ts";
import { importTable } from "./imports/run.ts";
import * as items from "./items.ts";
import { putIntoKinesis } from "./kinesis/deliver.ts";
import * as destinations from "./kinesis/destinations.ts";
import * as lists from "./lists.ts";
import { missing } from "./missing.ts";
import * as partiql from "./partiql/operations.ts";
import * as policies from "./policies.ts";
import * as query from "./query.ts";
import * as replicaAutoScaling from "./replicas/autoScaling.ts";
import { replicateChanges } from "./replicas/deliver.ts";
import { fillReplica } from "./replicas/fill.ts";
import { sweepTombstones } from "./replicas/tombstones.ts";
import * as restore from "./restore.ts";
import { restoreItems } from "./restoreItems.ts";
import * as scan from "./scan.ts";
import * as tags from "./tags.ts";
import * as timeToLive from "./timeToLive.ts";
import * as transact from "./transact.ts";
import { forgetTokens } from "./transactions.ts";
import { forgetJobToken } from "./transfer/tokens.ts";
import { trim } from "./trim.ts";
import * as updateItem from "./updateItem.ts";
import * as updateTable from "./updateTable.ts";

/** DynamoDB. */
export default defineService({
  name: "dynamodb",
  eventSource: "dynamodb.amazonaws.com",
  operations: [
    createTable,
    updateTable,
    deleteTable,
    lists,
    tags,
    policies,
    timeToLive,
    items,
    updateItem,
    query,
    scan,
    batch,
    transact,
    partiql,
    backups,
    continuousBackups,
    restore,
    destinations,
    exportOperations,
    importOperations,
    contributorInsights,
    globalTables,
    replicaAutoScaling,
  ].flatMap(operationsIn),
  missing,
  timers: {
    expire: timeToLive.expire,
    trim,
    count,
    forgetTokens,
    forgetJobToken,
    sweepTombstones,
    prune: continuousBackups.prune,
  },
  deliveries: {
    backfill: { settle: backfill },
    copyToBackup: { settle: backups.copyToBackup },
    restoreItems: { settle: restoreItems },
    enableDestination: { settle: destinations.enableDestination },
    putIntoKinesis,
    replicateChanges,
    fillReplica: { settle: fillReplica },
    exportTable,
    importTable,
    count: { settle: count },
    prune: { settle: continuousBackups.prune },
    reseal: { settle: reseal },
    sweep: { settle: deleteTable.sweep },
    expireMore: { settle: timeToLive.expire },
    enterExpiries: { settle: timeToLive.enterExpiries },
    dropExpiries: { settle: timeToLive.dropExpiries },
  },
});
