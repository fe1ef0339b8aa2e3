import { defineService } from "../../kit/service.ts";
import { lookupEvents } from "./history.ts";
import { missing } from "./missing.ts";

/** CloudTrail: the event history of every account and Region. Trails are on the missing list. */
export default defineService({
  name: "cloudtrail",
  eventSource: "cloudtrail.amazonaws.com",
  operations: [lookupEvents],
  missing,
});
