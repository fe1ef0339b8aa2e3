import { defineService, operationsIn } from "../../kit/service.ts";
import * as history from "./history.ts";
import { missing } from "./missing.ts";

/** CloudTrail: the event history of every account and Region. Trails are on the missing list. */
export default defineService({
  name: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
  operations: [history].flatMap(operationsIn),
  missing,
});
