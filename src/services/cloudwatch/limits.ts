/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html */

export const secondMs = 1_000;
export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export const maxMetricsPerPut = 1_000;
export const maxValuesPerDatum = 150;
/** Values lie between -2^360 and 2^360. */
export const maxValue = 2 ** 360;
export const maxAgeMs = 14 * dayMs;
export const maxLeadMs = 2 * hourMs;
/** Datapoints of one GetMetricStatistics. */
export const maxDatapointsPerStatistics = 1_440;
/** Queries, and datapoints, of one GetMetricData. */
export const maxQueriesPerGet = 500;
export const maxDatapointsPerGet = 100_800;
export const metricsPerPage = 500;
export const maxAlarmsPerAccount = 5_000;
export const maxTagsPerResource = 50;
