import { defineService, operationsIn } from "../../kit/service.ts";
import * as accessKeys from "./accessKeys.ts";
import * as accountAliases from "./accountAliases.ts";
import * as accountSummary from "./accountSummary.ts";
import * as authorizationDetails from "./authorizationDetails.ts";
import * as boundaries from "./boundaries.ts";
import * as contextKeys from "./contextKeys.ts";
import * as credentialReport from "./credentialReport.ts";
import * as delegationCheck from "./delegationCheck.ts";
import * as delegationDecisions from "./delegationDecisions.ts";
import * as delegationRequests from "./delegationRequests.ts";
import { delegationNotice, endDelegation } from "./delegationStates.ts";
import { directory } from "./directory.ts";
import * as groupMembers from "./groupMembers.ts";
import * as groupPolicies from "./groupPolicies.ts";
import * as groups from "./groups.ts";
import * as instanceProfiles from "./instanceProfiles.ts";
import * as lastAccessed from "./lastAccessed.ts";
import * as loginProfiles from "./loginProfiles.ts";
import * as mfaDevices from "./mfaDevices.ts";
import * as mfaTags from "./mfaTags.ts";
import { missing } from "./missing.ts";
import * as namespaces from "./namespaces.ts";
import * as oidcProviders from "./oidcProviders.ts";
import * as organizationsReport from "./organizationsReport.ts";
import * as passwordPolicy from "./passwordPolicy.ts";
import * as policies from "./policies.ts";
import * as policyEntities from "./policyEntities.ts";
import * as policyTags from "./policyTags.ts";
import * as policyVersions from "./policyVersions.ts";
import { findAccessKey, principalPolicies } from "./principals.ts";
import * as profileRoles from "./profileRoles.ts";
import * as rolePolicies from "./rolePolicies.ts";
import * as roles from "./roles.ts";
import * as roleTags from "./roleTags.ts";
import * as roleUpdates from "./roleUpdates.ts";
import * as rootAccess from "./rootAccess.ts";
import * as samlProviders from "./samlProviders.ts";
import * as serverCertificates from "./serverCertificates.ts";
import * as serviceCredentials from "./serviceCredentials.ts";
import * as serviceLinkedRoles from "./serviceLinkedRoles.ts";
import * as signingCertificates from "./signingCertificates.ts";
import * as simulation from "./simulation.ts";
import * as sshKeys from "./sshKeys.ts";
import * as tokenSettings from "./tokenSettings.ts";
import * as userPolicies from "./userPolicies.ts";
import * as users from "./users.ts";
import * as userTags from "./userTags.ts";

/** Identity and Access Management: users, groups, roles, policies, and who may sign. */
export default defineService({
  name: "iam",
  eventSource: "iam.amazonaws.com",
  global: true,
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
  leavesOutSensitive: true,
  operations: [
    users,
    userTags,
    userPolicies,
    accessKeys,
    groups,
    groupMembers,
    groupPolicies,
    roles,
    roleUpdates,
    roleTags,
    rolePolicies,
    serviceLinkedRoles,
    boundaries,
    instanceProfiles,
    profileRoles,
    policies,
    policyVersions,
    policyTags,
    policyEntities,
    accountAliases,
    accountSummary,
    authorizationDetails,
    mfaDevices,
    mfaTags,
    loginProfiles,
    passwordPolicy,
    sshKeys,
    signingCertificates,
    serviceCredentials,
    serverCertificates,
    oidcProviders,
    samlProviders,
    simulation,
    contextKeys,
    lastAccessed,
    namespaces,
    organizationsReport,
    credentialReport,
    tokenSettings,
    rootAccess,
    delegationRequests,
    delegationDecisions,
    delegationCheck,
  ].flatMap(operationsIn),
  missing,
  provides: { findAccessKey, principalPolicies, directory },
  timers: { endDelegation },
  deliveries: { delegationNotice },
  bootstrap: accessKeys.makeRootKey,
});
