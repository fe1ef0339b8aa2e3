import { defineService } from "../../kit/service.ts";
import {
  closeAccount,
  createAccount,
  describeAccountOperation,
  describeCreateAccountStatus,
  leaveOrganization,
  listAccounts,
  listCreateAccountStatus,
  removeAccountFromOrganization,
} from "./accounts.ts";
import {
  attachPolicy,
  describeEffectivePolicy,
  detachPolicy,
  disablePolicyType,
  enablePolicyType,
  listPoliciesForTarget,
  listTargetsForPolicy,
} from "./attachments.ts";
import {
  deregisterDelegatedAdministrator,
  listDelegatedAdministrators,
  listDelegatedServicesForAccount,
  registerDelegatedAdministrator,
} from "./delegatedAdministrators.ts";
import { guardrails } from "./guardrails.ts";
import { organizationOf } from "./membership.ts";
import { missing } from "./missing.ts";
import { createOrganization, deleteOrganization, describeOrganization } from "./organization.ts";
import { createPolicy, deletePolicy, describePolicy, listPolicies, updatePolicy } from "./policies.ts";
import {
  disableAWSServiceAccess,
  enableAWSServiceAccess,
  listAWSServiceAccessForOrganization,
} from "./serviceAccess.ts";
import { listTagsForResource, tagResource, untagResource } from "./tags.ts";
import {
  createOrganizationalUnit,
  deleteOrganizationalUnit,
  describeOrganizationalUnit,
  listAccountsForParent,
  listChildren,
  listOrganizationalUnitsForParent,
  listParents,
  listRoots,
  moveAccount,
  updateOrganizationalUnit,
} from "./units.ts";

/** Organizations: accounts, and the guardrails over them. */
export default defineService({
  name: "organizations",
  eventSource: "organizations.amazonaws.com",
  global: true,
  operations: [
    createOrganization,
    describeOrganization,
    deleteOrganization,

    createAccount,
    describeCreateAccountStatus,
    listCreateAccountStatus,
    describeAccountOperation,
    listAccounts,
    removeAccountFromOrganization,
    leaveOrganization,
    closeAccount,

    listRoots,
    createOrganizationalUnit,
    describeOrganizationalUnit,
    updateOrganizationalUnit,
    deleteOrganizationalUnit,
    listOrganizationalUnitsForParent,
    listAccountsForParent,
    listParents,
    listChildren,
    moveAccount,

    createPolicy,
    describePolicy,
    updatePolicy,
    deletePolicy,
    listPolicies,

    attachPolicy,
    detachPolicy,
    listPoliciesForTarget,
    listTargetsForPolicy,
    enablePolicyType,
    disablePolicyType,
    describeEffectivePolicy,

    registerDelegatedAdministrator,
    deregisterDelegatedAdministrator,
    listDelegatedAdministrators,
    listDelegatedServicesForAccount,

    enableAWSServiceAccess,
    disableAWSServiceAccess,
    listAWSServiceAccessForOrganization,

    tagResource,
    untagResource,
    listTagsForResource,
  ],
  missing,
  provides: { guardrails, organizationOf },
});
