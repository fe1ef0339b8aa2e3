import { defineService, operationsIn } from "../../kit/service.ts";
import * as accountPolicies from "./accountPolicies.ts";
import * as anomalyDetectors from "./anomalyDetectors.ts";
import * as dataProtection from "./dataProtection.ts";
import * as deliveries from "./deliveries.ts";
import * as deliveryDestinations from "./deliveryDestinations.ts";
import * as deliverySources from "./deliverySources.ts";
import * as deliveryTemplates from "./deliveryTemplates.ts";
import * as destinations from "./destinations.ts";
import { runExport } from "./exportRun.ts";
import * as exportTasks from "./exportTasks.ts";
import * as filterEvents from "./filterEvents.ts";
import * as getEvents from "./getEvents.ts";
import * as groups from "./groups.ts";
import * as indexPolicies from "./indexPolicies.ts";
import * as kmsKeys from "./kmsKeys.ts";
import * as liveTail from "./liveTail.ts";
import * as logRecords from "./logRecords.ts";
import * as lookupTables from "./lookupTables.ts";
import * as metricFilters from "./metricFilters.ts";
import { publishMetrics } from "./metricValues.ts";
import { missing } from "./missing.ts";
import { purgeGroup, purgeStream } from "./purge.ts";
import * as putEvents from "./putEvents.ts";
import * as queries from "./queries.ts";
import * as queryDefinitions from "./queryDefinitions.ts";
import { runQuery } from "./queryRun.ts";
import { refusesInput } from "./refusals.ts";
import * as resourcePolicies from "./resourcePolicies.ts";
import * as retention from "./retention.ts";
import * as scheduledQueries from "./scheduledQueries.ts";
import { endScheduled, startScheduled } from "./scheduledRuns.ts";
import { settle } from "./settle.ts";
import * as streams from "./streams.ts";
import * as subscriptionFilters from "./subscriptionFilters.ts";
import { deliverSubscription } from "./subscriptions.ts";
import * as tags from "./tags.ts";
import * as transformers from "./transformers.ts";
import { deliverVended } from "./vended.ts";

/** CloudWatch Logs: lines by group and stream, kept sealed, searched, and made into metrics. */
export default defineService({
  name: "logs",
  eventSource: "logs.amazonaws.com",
  operations: [
    groups,
    streams,
    tags,
    retention,
    kmsKeys,
    resourcePolicies,
    putEvents,
    getEvents,
    filterEvents,
    metricFilters,
    subscriptionFilters,
    destinations,
    queries,
    queryDefinitions,
    logRecords,
    liveTail,
    exportTasks,
    dataProtection,
    accountPolicies,
    deliveries,
    deliverySources,
    deliveryDestinations,
    deliveryTemplates,
    transformers,
    indexPolicies,
    scheduledQueries,
    anomalyDetectors,
    lookupTables,
  ].flatMap(operationsIn),
  missing,
  refusesInput,
  timers: {
    settle,
    trimGroup: retention.trimGroup,
    purgeGroup,
    purgeStream,
    dropQuery: queries.dropQuery,
    startScheduled,
  },
  deliveries: {
    publishMetrics: { settle: publishMetrics },
    deliverSubscription: { settle: deliverSubscription },
    runQuery: { settle: runQuery },
    endScheduled: { settle: endScheduled },
    runExport: { settle: runExport },
    deliverVended: { settle: deliverVended },
  },
});
