/** https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html */

export const hourMs = 3_600_000;
export const dayMs = 24 * hourMs;

export const maxRecordsPerPut = 500;
/** Of all records of a PutRecords call, with their partition keys. */
export const maxPutBytes = 10 * 2 ** 20;
export const defaultMaxRecordKiB = 1_024;

export const maxRecordsPerGet = 10_000;
export const maxGetBytes = 10 * 2 ** 20;
export const iteratorLifeMs = 5 * 60_000;
export const tokenLifeMs = 5 * 60_000;

/** Of one shard, each second. */
export const writeBytesPerSecond = 2 ** 20;
export const writeRecordsPerSecond = 1_000;
export const readBytesPerSecond = 2 * 2 ** 20;
export const readsPerSecond = 5;

export const minRetentionHours = 24;
export const maxRetentionHours = 8_760;

/** An account's shards of provisioned streams in a Region: the larger of AWS's two default quotas. */
export const maxShards = 20_000;
export const maxOnDemandStreams = 50;
/** What an on-demand stream begins with: 4 MB/s. */
export const onDemandShards = 4;
export const maxOnDemandShards = 200;
/** An on-demand stream's shards are doubled no more often. */
export const onDemandGrowthMs = 15 * 60_000;

export const maxTags = 50;
export const maxConsumers = 20;
/** Scalings of a stream within 24 hours. */
export const maxScalingsPerDay = 10;
/** Changes of a stream's mode within 24 hours. */
export const maxModeChangesPerDay = 2;

export const subscriptionMs = 5 * 60_000;
/** For so long a second subscription of a consumer to a shard is refused; later, it takes over. */
export const subscriptionGuardMs = 5_000;
