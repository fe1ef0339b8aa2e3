import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** Simple Queue Service. */
export default defineService({
  name: "sqs",
  eventSource: "sqs.amazonaws.com",
  operations: [],
  missing,
});
