import { defineService, operationsIn } from "../../kit/service.ts";
import * as accounts from "./accounts.ts";
import * as allFeatures from "./allFeatures.ts";
import * as attachments from "./attachments.ts";
import * as delegatedAdministrators from "./delegatedAdministrators.ts";
import { directory } from "./directory.ts";
import * as effectivePolicies from "./effectivePolicies.ts";
import { guardrails } from "./guardrails.ts";
import * as invitations from "./invitations.ts";
import { missing } from "./missing.ts";
import * as organization from "./organization.ts";
import * as policies from "./policies.ts";
import * as serviceAccess from "./serviceAccess.ts";
import * as tags from "./tags.ts";
import * as units from "./units.ts";

/** Organizations: accounts, and the guardrails over them. */
export default defineService({
  name: "organizations",
  eventSource: "organizations.amazonaws.com",
  global: true,
  operations: [
    organization,
    accounts,
    units,
    invitations,
    allFeatures,
    policies,
    attachments,
    effectivePolicies,
    delegatedAdministrators,
    serviceAccess,
    tags,
  ].flatMap(operationsIn),
  missing,
  provides: { guardrails, organizations: directory },
});
