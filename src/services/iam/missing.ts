/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "AcceptDelegationRequest",
  "AssociateDelegationRequest",
  "CreateDelegationRequest",
  "GetDelegationRequest",
  "GetHumanReadableSummary",
  "ListDelegationRequests",
  "RejectDelegationRequest",
  "SendDelegationToken",
  "UpdateDelegationRequest",
];
