import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** EventBridge Scheduler. */
export default defineService({
  name: "scheduler",
  eventSource: "scheduler.amazonaws.com",
  operations: [],
  missing,
});
