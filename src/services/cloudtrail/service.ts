import { defineService, operationsIn } from "../../kit/service.ts";
import * as digests from "./digests.ts";
import { followRecord, logLines } from "./follow.ts";
import * as history from "./history.ts";
import { writeLogFiles } from "./logFiles.ts";
import * as logging from "./logging.ts";
import { missing } from "./missing.ts";
import * as selectors from "./selectors.ts";
import * as tags from "./tags.ts";
import * as trails from "./trails.ts";

/** CloudTrail: the event history of every account and Region, and trails that deliver it. */
export default defineService({
  name: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
  operations: [history, trails, logging, selectors, tags, digests].flatMap(operationsIn),
  missing,
  timers: { writeLogFiles, writeDigests: digests.writeDigests },
  deliveries: { logLines },
  followsRecord: followRecord,
});
