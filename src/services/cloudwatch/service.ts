import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** CloudWatch. */
export default defineService({
  name: "cloudwatch",
  eventSource: "monitoring.amazonaws.com",
  operations: [],
  missing,
});
