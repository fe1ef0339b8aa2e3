/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "ActivateEventSource",
  "CreateEndpoint",
  "CreatePartnerEventSource",
  "DeactivateEventSource",
  "DeleteEndpoint",
  "DeletePartnerEventSource",
  "DescribeEndpoint",
  "DescribeEventSource",
  "DescribePartnerEventSource",
  "ListEndpoints",
  "ListEventSources",
  "ListPartnerEventSourceAccounts",
  "ListPartnerEventSources",
  "PutPartnerEvents",
  "UpdateEndpoint",
];
