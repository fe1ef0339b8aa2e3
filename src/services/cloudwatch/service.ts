import { defineService, operationsIn } from "../../kit/service.ts";
import * as getStatistics from "./getStatistics.ts";
import * as listMetrics from "./listMetrics.ts";
import { missing } from "./missing.ts";
import * as putData from "./putData.ts";
import { mergeBatches } from "./store/merge.ts";

/** CloudWatch: metrics, and alarms that watch them. */
export default defineService({
  name: "cloudwatch",
  eventSource: "monitoring.amazonaws.com",
  operations: [putData, getStatistics, listMetrics].flatMap(operationsIn),
  missing,
  timers: { mergeBatches },
});
