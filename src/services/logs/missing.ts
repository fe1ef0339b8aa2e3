/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "AssociateSourceToS3TableIntegration",
  "CancelImportTask",
  "CreateImportTask",
  "DeleteIntegration",
  "DescribeImportTaskBatches",
  "DescribeImportTasks",
  "DisassociateSourceFromS3TableIntegration",
  "GetIntegration",
  "GetLogFields",
  "GetLogObject",
  "ListAggregateLogGroupSummaries",
  "ListIntegrations",
  "ListSourcesForS3TableIntegration",
  "PutBearerTokenAuthentication",
  "PutIntegration",
  "UpdateAnomaly",
];
