import { table } from "../../kit/table.ts";

/** SQS's tables, by account and Region. */

type Scope = [account: string, region: string];

export interface QueueRow {
  name: string;
  account: string;
  region: string;
  arn: string;
  /** ms since the epoch, as all times in rows. */
  created: number;
  modified: number;
  /** Where its messages are; another after each purge, so that a purge costs the same whatever it drops. */
  store: string;
  /** Receipt handles are authenticated by it, names in keys are hashed with it; base64. */
  secret: string;
  settings: Settings;
  tags: Readonly<Record<string, string>>;
  purgedAt?: number;
}

/** A queue's attributes, read. https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html */
export interface Settings {
  delaySeconds: number;
  visibilityTimeoutSeconds: number;
  retentionSeconds: number;
  waitSeconds: number;
  maxMessageBytes: number;
  /** Sealed by Cloudkeep whatever it says; AWS's name for a key of SQS's own. */
  managedSse: boolean;
  kmsKeyId?: string;
  kmsReuseSeconds?: number;
  policy?: string;
  redrive?: { deadLetterTargetArn: string; maxReceiveCount: number };
  redriveAllow?: RedriveAllow;
  fifo?: { contentBasedDeduplication: boolean; scope: "queue" | "messageGroup"; limit: string };
}

export interface RedriveAllow {
  redrivePermission: "allowAll" | "denyAll" | "byQueue";
  sourceQueueArns?: string[];
}

export interface StoredAttribute {
  type: string;
  text?: string;
  /** base64 */
  bytes?: string;
}

/** A message, wherever it lies. */
export interface MessageRow {
  messageId: string;
  /** Left out where it lies in `bodies`; where `sealed` is set, its ciphertext in base64. */
  body?: string;
  md5: string;
  /** How the body is encrypted under the queue's KMS key. */
  sealed?: { dataKey: string; iv: string; tag: string; queueArn: string };
  attributes?: Readonly<Record<string, StoredAttribute>>;
  traceHeader?: string;
  senderId: string;
  sentAt: number;
  /** How often it has been received; the newest receipt handle names this number. */
  receives: number;
  firstReceivedAt?: number;
  receivedAt?: number;
  groupId?: string;
  deduplicationId?: string;
  /** ARN of the queue that it was a dead letter of. */
  source?: string;
  /** Its place has changed since it was received: `moves` tells where it is. */
  moved?: true;
}

/** A message of a FIFO queue: its key is its place in its group. */
export interface FifoRow extends MessageRow {
  visibleAt: number;
}

/** A message group that has messages. */
export interface GroupRow {
  /** Sequence number of its first message. */
  head: string;
  /** When its first message is visible, or when that was noticed: its place in `ready`. */
  readyAt: number;
}

export interface TaskRow {
  taskId: string;
  sourceArn: string;
  destinationArn?: string;
  perSecond?: number;
  startedAt: number;
  status: "RUNNING" | "COMPLETED" | "CANCELLED" | "FAILED";
  toMove: number;
  moved: number;
  failure?: string;
}

type Store = [...Scope, store: string];

export const queues = table<QueueRow, [...Scope, name: string]>("sqs", "queues");
/** Queues that were deleted within the last minute. */
export const deletions = table<{ at: number }, [...Scope, name: string]>("sqs", "deletions");
/** Queues whose dead letters a queue takes, by its name. */
export const sources = table<{ arn: string }, [...Scope, name: string, source: string]>("sqs", "sources");

/** Messages of standard queues, in the order in which they are (or become) visible. */
export const messages = table<MessageRow, [...Store, at: string, id: string]>("sqs", "messages");
/** Where a message is whose visibility was changed since its receipt handle was made. */
export const moves = table<{ at: number }, [...Store, id: string]>("sqs", "moves");
/** Bodies that are too long to be written anew each time that their message is received. */
export const bodies = table<{ body: string }, [...Store, id: string]>("sqs", "bodies");

/** Messages of FIFO queues, by group. */
export const fifoMessages = table<FifoRow, [...Store, group: string, sequence: string]>("sqs", "fifo");
export const groups = table<GroupRow, [...Store, group: string]>("sqs", "groups");
/** The last sequence number of each group: what its senders go by. */
export const tails = table<{ sequence: string }, [...Store, group: string]>("sqs", "tails");
/** Groups in the order in which their first message is visible. */
export const ready = table<Record<string, never>, [...Store, at: string, group: string]>("sqs", "ready");
/** What was sent in the last minutes, in periods of that length. */
export const sent = table<SentRow, [...Store, period: string, id: string]>("sqs", "sent");
/** What was received in the last minutes under a ReceiveRequestAttemptId. */
export const attempts = table<AttemptRow, [...Store, period: string, id: string]>("sqs", "attempts");

export interface SentRow {
  messageId: string;
  sequence: string;
  at: number;
}

export interface AttemptRow {
  at: number;
  received: { group: string; sequence: string; receives: number }[];
}

/** How many messages a queue had when this was last written: approximate, and cheap. */
export const tallies = table<{ total: number }, [...Store]>("sqs", "tallies");

export const tasks = table<TaskRow, [...Scope, source: string, startedAt: string, taskId: string]>(
  "sqs",
  "tasks",
);

/** Where a queue's messages are. */
export function storeOf({ account, region, store }: QueueRow): Store {
  return [account, region, store];
}

/** A time as a part of a key: text order is the order of times. */
export function timeKey(ms: number): string {
  return String(Math.max(0, Math.floor(ms))).padStart(15, "0");
}
