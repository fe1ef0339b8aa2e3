/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "CreateManagedLoginBranding",
  "CreateTerms",
  "DeleteManagedLoginBranding",
  "DeleteTerms",
  "DescribeManagedLoginBranding",
  "DescribeManagedLoginBrandingByClient",
  "DescribeTerms",
  "GetSigningCertificate",
  "GetUICustomization",
  "ListTerms",
  "SetUICustomization",
  "UpdateAuthEventFeedback",
  "UpdateManagedLoginBranding",
  "UpdateTerms",
];
