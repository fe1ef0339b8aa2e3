/** https://docs.aws.amazon.com/firehose/latest/dev/limits.html */

export const mebibyte = 2 ** 20;
export const maxDeliveryStreams = 5_000;
export const maxBatchRecords = 500;
/** Of all records of a PutRecordBatch call. */
export const maxBatchBytes = 4 * mebibyte;
export const maxTags = 50;

export const defaultBufferMiB = 5;
export const defaultBufferSeconds = 300;
/** With dynamic partitioning, AWS takes no less. */
export const minPartitionedBufferMiB = 64;
/** One row of the store holds an object's bytes; what is buffered beyond becomes several objects. */
export const maxObjectBytes = 15 * mebibyte;
/** Partitions that one delivery may have. */
export const maxPartitions = 500;
export const maxEvaluatedPrefix = 512;

/** Data that cannot be delivered is kept so long, and then lost, as AWS documents. */
export const retentionMs = 24 * 3_600_000;

const defaultBacklogMiB = 1_024;

/**
 * What one stream may hold on disk before it takes no more: AWS keeps all of a day, here it is one machine. The operator
 * may set another bound.
 */
export function maxBacklogBytes(): number {
  return Number(process.env.CLOUDKEEP_FIREHOSE_BACKLOG_MIB ?? defaultBacklogMiB) * mebibyte;
}

export const firstRetryMs = 5_000;
export const longestRetryMs = 15 * 60_000;

export const defaultLambdaRetries = 3;
export const defaultLambdaBufferMiB = 1;
/** What an invocation may carry, either way. */
export const maxInvocationBytes = 6 * mebibyte;
/** Invocations of one delivery at the same time. */
export const maxInvocationsAtOnce = 5;

export const defaultHttpRetrySeconds = 300;
/** AWS waits three minutes for an endpoint's answer. */
export const httpTimeoutMs = 180_000;
export const maxHttpRecords = 10_000;
