import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** Simple Notification Service. */
export default defineService({
  name: "sns",
  eventSource: "sns.amazonaws.com",
  operations: [],
  missing,
});
