import { defineService } from "../../kit/service.ts";
import { missing } from "./missing.ts";

/** Simple Storage Service. */
export default defineService({
  name: "s3",
  eventSource: "s3.amazonaws.com",
  operations: [],
  missing,
});
