import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** EventBridge. */
export default defineService({
  name: "events",
  eventSource: "events.amazonaws.com",
  operations: [],
  missing,
});
