import { defineService } from "../../kit/service.ts";
import { pages } from "./pages.ts";
import { forget } from "./pendingRows.ts";

/** The page where IAM users sign in with password and MFA device. It has no operations: browsers do not sign. */
export default defineService({
  name: "signin",
  eventSource: "signin.amazonaws.com",
  operations: [],
  missing: [],
  publishes: pages,
  timers: { forget },
});
