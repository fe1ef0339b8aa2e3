import { defineService } from "../../kit/service.ts";
import * as accessKeys from "./accessKeys.ts";
import * as accountAliases from "./accountAliases.ts";
import * as accountSummary from "./accountSummary.ts";
import * as authorizationDetails from "./authorizationDetails.ts";
import * as boundaries from "./boundaries.ts";
import { getContextKeysForCustomPolicy, getContextKeysForPrincipalPolicy } from "./contextKeys.ts";
import { generateCredentialReport, getCredentialReport } from "./credentialReport.ts";
import { directory } from "./directory.ts";
import * as groupMembers from "./groupMembers.ts";
import * as groupPolicies from "./groupPolicies.ts";
import * as groups from "./groups.ts";
import * as instanceProfiles from "./instanceProfiles.ts";
import {
  generateServiceLastAccessedDetails,
  getServiceLastAccessedDetails,
  getServiceLastAccessedDetailsWithEntities,
} from "./lastAccessed.ts";
import {
  changePassword,
  createLoginProfile,
  deleteLoginProfile,
  getLoginProfile,
  updateLoginProfile,
} from "./loginProfiles.ts";
import {
  createVirtualMFADevice,
  deactivateMFADevice,
  deleteVirtualMFADevice,
  enableMFADevice,
  getMFADevice,
  listMFADevices,
  listVirtualMFADevices,
  resyncMFADevice,
} from "./mfaDevices.ts";
import { listMFADeviceTags, tagMFADevice, untagMFADevice } from "./mfaTags.ts";
import { missing } from "./missing.ts";
import { listPoliciesGrantingServiceAccess } from "./namespaces.ts";
import {
  addClientIDToOpenIDConnectProvider,
  createOpenIDConnectProvider,
  deleteOpenIDConnectProvider,
  getOpenIDConnectProvider,
  listOpenIDConnectProviders,
  listOpenIDConnectProviderTags,
  removeClientIDFromOpenIDConnectProvider,
  tagOpenIDConnectProvider,
  untagOpenIDConnectProvider,
  updateOpenIDConnectProviderThumbprint,
} from "./oidcProviders.ts";
import {
  deleteAccountPasswordPolicy,
  getAccountPasswordPolicy,
  updateAccountPasswordPolicy,
} from "./passwordPolicy.ts";
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
import {
  disableOrganizationsRootCredentialsManagement,
  disableOrganizationsRootSessions,
  enableOrganizationsRootCredentialsManagement,
  enableOrganizationsRootSessions,
  listOrganizationsFeatures,
} from "./rootAccess.ts";
import {
  createSAMLProvider,
  deleteSAMLProvider,
  getSAMLProvider,
  listSAMLProviders,
  listSAMLProviderTags,
  tagSAMLProvider,
  untagSAMLProvider,
  updateSAMLProvider,
} from "./samlProviders.ts";
import {
  deleteServerCertificate,
  getServerCertificate,
  listServerCertificates,
  listServerCertificateTags,
  tagServerCertificate,
  untagServerCertificate,
  updateServerCertificate,
  uploadServerCertificate,
} from "./serverCertificates.ts";
import {
  createServiceSpecificCredential,
  deleteServiceSpecificCredential,
  listServiceSpecificCredentials,
  resetServiceSpecificCredential,
  updateServiceSpecificCredential,
} from "./serviceCredentials.ts";
import * as serviceLinkedRoles from "./serviceLinkedRoles.ts";
import {
  deleteSigningCertificate,
  listSigningCertificates,
  updateSigningCertificate,
  uploadSigningCertificate,
} from "./signingCertificates.ts";
import { simulateCustomPolicy, simulatePrincipalPolicy } from "./simulation.ts";
import {
  deleteSSHPublicKey,
  getSSHPublicKey,
  listSSHPublicKeys,
  updateSSHPublicKey,
  uploadSSHPublicKey,
} from "./sshKeys.ts";
import {
  disableOutboundWebIdentityFederation,
  enableOutboundWebIdentityFederation,
  getOutboundWebIdentityFederationInfo,
  setSecurityTokenServicePreferences,
} from "./tokenSettings.ts";
import * as userPolicies from "./userPolicies.ts";
import * as users from "./users.ts";
import * as userTags from "./userTags.ts";

/** Identity and Access Management: users, groups, roles, policies, and who may sign. */
export default defineService({
  name: "iam",
  eventSource: "iam.amazonaws.com",
  global: true,
  operations: [
    // Users
    users.createUser,
    users.getUser,
    users.listUsers,
    users.updateUser,
    users.deleteUser,
    userTags.tagUser,
    userTags.untagUser,
    userTags.listUserTags,
    userPolicies.putUserPolicy,
    userPolicies.getUserPolicy,
    userPolicies.deleteUserPolicy,
    userPolicies.listUserPolicies,
    userPolicies.attachUserPolicy,
    userPolicies.detachUserPolicy,
    userPolicies.listAttachedUserPolicies,
    // Access keys
    accessKeys.createAccessKey,
    accessKeys.listAccessKeys,
    accessKeys.updateAccessKey,
    accessKeys.deleteAccessKey,
    accessKeys.getAccessKeyLastUsed,
    // Groups
    groups.createGroup,
    groups.getGroup,
    groups.listGroups,
    groups.updateGroup,
    groups.deleteGroup,
    groupMembers.addUserToGroup,
    groupMembers.removeUserFromGroup,
    groupMembers.listGroupsForUser,
    groupPolicies.putGroupPolicy,
    groupPolicies.getGroupPolicy,
    groupPolicies.deleteGroupPolicy,
    groupPolicies.listGroupPolicies,
    groupPolicies.attachGroupPolicy,
    groupPolicies.detachGroupPolicy,
    groupPolicies.listAttachedGroupPolicies,
    // Roles
    roles.createRole,
    roles.getRole,
    roles.listRoles,
    roles.deleteRole,
    roleUpdates.updateRole,
    roleUpdates.updateRoleDescription,
    roleUpdates.updateAssumeRolePolicy,
    roleTags.tagRole,
    roleTags.untagRole,
    roleTags.listRoleTags,
    rolePolicies.putRolePolicy,
    rolePolicies.getRolePolicy,
    rolePolicies.deleteRolePolicy,
    rolePolicies.listRolePolicies,
    rolePolicies.attachRolePolicy,
    rolePolicies.detachRolePolicy,
    rolePolicies.listAttachedRolePolicies,
    serviceLinkedRoles.createServiceLinkedRole,
    serviceLinkedRoles.deleteServiceLinkedRole,
    serviceLinkedRoles.getServiceLinkedRoleDeletionStatus,
    // Permissions boundaries of users and roles
    boundaries.putUserPermissionsBoundary,
    boundaries.deleteUserPermissionsBoundary,
    boundaries.putRolePermissionsBoundary,
    boundaries.deleteRolePermissionsBoundary,
    // Instance profiles
    instanceProfiles.createInstanceProfile,
    instanceProfiles.getInstanceProfile,
    instanceProfiles.listInstanceProfiles,
    instanceProfiles.listInstanceProfilesForRole,
    instanceProfiles.deleteInstanceProfile,
    profileRoles.addRoleToInstanceProfile,
    profileRoles.removeRoleFromInstanceProfile,
    profileRoles.tagInstanceProfile,
    profileRoles.untagInstanceProfile,
    profileRoles.listInstanceProfileTags,
    // Managed policies
    policies.createPolicy,
    policies.getPolicy,
    policies.listPolicies,
    policies.deletePolicy,
    policyVersions.createPolicyVersion,
    policyVersions.getPolicyVersion,
    policyVersions.listPolicyVersions,
    policyVersions.deletePolicyVersion,
    policyVersions.setDefaultPolicyVersion,
    policyTags.tagPolicy,
    policyTags.untagPolicy,
    policyTags.listPolicyTags,
    policyEntities.listEntitiesForPolicy,
    // The account
    accountAliases.createAccountAlias,
    accountAliases.deleteAccountAlias,
    accountAliases.listAccountAliases,
    accountSummary.getAccountSummary,
    authorizationDetails.getAccountAuthorizationDetails,
    createVirtualMFADevice,
    deleteVirtualMFADevice,
    enableMFADevice,
    resyncMFADevice,
    deactivateMFADevice,
    listMFADevices,
    getMFADevice,
    listVirtualMFADevices,

    tagMFADevice,
    untagMFADevice,
    listMFADeviceTags,

    createLoginProfile,
    getLoginProfile,
    updateLoginProfile,
    deleteLoginProfile,
    changePassword,

    updateAccountPasswordPolicy,
    getAccountPasswordPolicy,
    deleteAccountPasswordPolicy,

    uploadSSHPublicKey,
    getSSHPublicKey,
    listSSHPublicKeys,
    updateSSHPublicKey,
    deleteSSHPublicKey,

    uploadSigningCertificate,
    listSigningCertificates,
    updateSigningCertificate,
    deleteSigningCertificate,

    createServiceSpecificCredential,
    listServiceSpecificCredentials,
    resetServiceSpecificCredential,
    updateServiceSpecificCredential,
    deleteServiceSpecificCredential,

    uploadServerCertificate,
    getServerCertificate,
    listServerCertificates,
    updateServerCertificate,
    deleteServerCertificate,
    tagServerCertificate,
    untagServerCertificate,
    listServerCertificateTags,

    createOpenIDConnectProvider,
    getOpenIDConnectProvider,
    listOpenIDConnectProviders,
    addClientIDToOpenIDConnectProvider,
    removeClientIDFromOpenIDConnectProvider,
    updateOpenIDConnectProviderThumbprint,
    deleteOpenIDConnectProvider,
    tagOpenIDConnectProvider,
    untagOpenIDConnectProvider,
    listOpenIDConnectProviderTags,

    createSAMLProvider,
    getSAMLProvider,
    listSAMLProviders,
    updateSAMLProvider,
    deleteSAMLProvider,
    tagSAMLProvider,
    untagSAMLProvider,
    listSAMLProviderTags,

    simulateCustomPolicy,
    simulatePrincipalPolicy,
    getContextKeysForCustomPolicy,
    getContextKeysForPrincipalPolicy,
    generateServiceLastAccessedDetails,
    getServiceLastAccessedDetails,
    getServiceLastAccessedDetailsWithEntities,
    listPoliciesGrantingServiceAccess,

    generateCredentialReport,
    getCredentialReport,
    setSecurityTokenServicePreferences,
    enableOutboundWebIdentityFederation,
    disableOutboundWebIdentityFederation,
    getOutboundWebIdentityFederationInfo,
    enableOrganizationsRootCredentialsManagement,
    disableOrganizationsRootCredentialsManagement,
    enableOrganizationsRootSessions,
    disableOrganizationsRootSessions,
    listOrganizationsFeatures,
  ],
  missing,
  provides: { findAccessKey, principalPolicies, directory },
  bootstrap: accessKeys.makeRootKey,
});
