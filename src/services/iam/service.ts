import { defineService } from "../../kit/service.ts";
import { createAccessKey, makeRootKey } from "./accessKeys.ts";
import { directory } from "./directory.ts";
import { missing } from "./missing.ts";
import { findAccessKey, principalPolicies } from "./principals.ts";
import { createUser, getUser } from "./users.ts";

/** Identity and Access Management: users, groups, roles, policies, and who may sign. */
export default defineService({
  name: "iam",
  eventSource: "iam.amazonaws.com",
  global: true,
  operations: [createUser, getUser, createAccessKey],
  missing,
  provides: { findAccessKey, principalPolicies, directory },
  bootstrap: makeRootKey,
});
