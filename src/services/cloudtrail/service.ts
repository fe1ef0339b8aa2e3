import { defineService, operationsIn } from "../../kit/service.ts";
import * as delegatedAdmins from "./delegatedAdmins.ts";
import * as digests from "./digests.ts";
import * as eventConfiguration from "./eventConfiguration.ts";
import { followRecord, logLines } from "./follow.ts";
import * as history from "./history.ts";
import * as insightSelectors from "./insightSelectors.ts";
import * as queries from "./lake/queries.ts";
import { runLakeQuery } from "./lake/run.ts";
import * as stores from "./lake/stores.ts";
import { writeLogFiles } from "./logFiles.ts";
import * as logging from "./logging.ts";
import { missing } from "./missing.ts";
import * as resourcePolicies from "./resourcePolicies.ts";
import * as selectors from "./selectors.ts";
import * as tags from "./tags.ts";
import * as trails from "./trails.ts";

/** CloudTrail: the event history of every account and Region, trails that deliver it, and event data stores. */
export default defineService({
  name: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
  operations: [
    history,
    trails,
    logging,
    selectors,
    tags,
    digests,
    stores,
    queries,
    resourcePolicies,
    insightSelectors,
    eventConfiguration,
    delegatedAdmins,
  ].flatMap(operationsIn),
  missing,
  timers: {
    writeLogFiles,
    writeDigests: digests.writeDigests,
    dropEventDataStore: stores.dropEventDataStore,
    dropLakeQuery: queries.dropLakeQuery,
  },
  deliveries: { logLines, runLakeQuery: { settle: runLakeQuery } },
  followsRecord: followRecord,
});
