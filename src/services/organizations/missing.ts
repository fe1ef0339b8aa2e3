/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "CreateGovCloudAccount",
  "DeleteResourcePolicy",
  "DescribeResourcePolicy",
  "DescribeResponsibilityTransfer",
  "InviteOrganizationToTransferResponsibility",
  "ListAccountsWithInvalidEffectivePolicy",
  "ListEffectivePolicyValidationErrors",
  "ListInboundResponsibilityTransfers",
  "ListOutboundResponsibilityTransfers",
  "PutResourcePolicy",
  "TerminateResponsibilityTransfer",
  "UpdateResponsibilityTransfer",
];
