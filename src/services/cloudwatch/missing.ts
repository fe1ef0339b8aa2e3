/** Operations that are not built: each answers 501. The list only shrinks. */
export const missing: readonly string[] = [
  "GetMetricWidgetImage",
  "GetOTelEnrichment",
  "StartOTelEnrichment",
  "StopOTelEnrichment",
];
