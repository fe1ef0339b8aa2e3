import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** CloudWatch Logs. */
export default defineService({
  name: "logs",
  eventSource: "logs.amazonaws.com",
  operations: [],
  missing,
});
