import { defineService, operationsIn } from "../../kit/service.ts";
import * as groups from "./groups.ts";
import { missing } from "./missing.ts";
import * as schedules from "./schedules.ts";
import { invoke } from "./targets.ts";
import { run } from "./timing.ts";

/** EventBridge Scheduler: calls at a time, or again and again. */
export default defineService({
  name: "scheduler",
  eventSource: "scheduler.amazonaws.com",
  operations: [schedules, groups].flatMap(operationsIn),
  missing,
  timers: { run },
  deliveries: { invoke },
});
