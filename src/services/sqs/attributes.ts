import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { readRedrive, readRedriveAllow } from "./redrive.ts";
import type { QueueRow, Settings } from "./tables.ts";

/**
 * Queue attributes: what they may be, and how they are shown.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
 */

export const maxMessageBytes = 1_048_576;
const defaultKmsReuseSeconds = 300;

export const defaults: Settings = {
  delaySeconds: 0,
  visibilityTimeoutSeconds: 30,
  retentionSeconds: 345_600,
  waitSeconds: 0,
  maxMessageBytes,
  managedSse: true,
};

/** Attributes that hold a number, and its bounds. */
const numbers = {
  DelaySeconds: { field: "delaySeconds", min: 0, max: 900 },
  VisibilityTimeout: { field: "visibilityTimeoutSeconds", min: 0, max: 43_200 },
  MessageRetentionPeriod: { field: "retentionSeconds", min: 60, max: 1_209_600 },
  ReceiveMessageWaitTimeSeconds: { field: "waitSeconds", min: 0, max: 20 },
  MaximumMessageSize: { field: "maxMessageBytes", min: 1_024, max: maxMessageBytes },
  KmsDataKeyReusePeriodSeconds: { field: "kmsReuseSeconds", min: 60, max: 86_400 },
} as const;

const fifoOnly = ["ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"] as const;
/** What only SQS itself sets. */
const computed = [
  "QueueArn",
  "CreatedTimestamp",
  "LastModifiedTimestamp",
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
];
const settable = [
  ...Object.keys(numbers),
  ...fifoOnly,
  "FifoQueue",
  "Policy",
  "RedrivePolicy",
  "RedriveAllowPolicy",
  "KmsMasterKeyId",
  "SqsManagedSseEnabled",
];

export type Attributes = Readonly<Record<string, string>>;

function unknownAttribute(name: string): AwsError {
  return new AwsError("InvalidAttributeName", `Unknown Attribute ${name}.`);
}

function invalidAttribute(name: string, reason?: string): AwsError {
  const why = reason === undefined ? "" : ` Reason: ${reason}`;
  return new AwsError("InvalidAttributeValue", `Invalid value for the parameter ${name}.${why}`);
}

function oneOf<T extends string>(name: string, value: string, allowed: readonly T[]): T {
  const found = allowed.find((one) => one === value.trim());
  if (found === undefined) throw invalidAttribute(name);
  return found;
}

function truth(name: string, value: string): boolean {
  return oneOf(name, value.toLowerCase(), ["true", "false"]) === "true";
}

function wholeNumber(name: keyof typeof numbers, value: string): number {
  const { min, max } = numbers[name];
  const number = /^\d{1,9}$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (!(number >= min && number <= max)) throw invalidAttribute(name);
  return number;
}

/** The settings of a queue after some of its attributes are set. */
export async function changed(
  held: Settings,
  attributes: Attributes,
  queue: { arn: string; account: string; region: string },
  ctx: Context,
): Promise<Settings> {
  const settings = { ...held, ...(held.fifo && { fifo: { ...held.fifo } }) };
  for (const [name, value] of Object.entries(attributes)) {
    if (computed.includes(name) || !settable.includes(name)) throw unknownAttribute(name);
    if (Object.hasOwn(numbers, name)) {
      const number = name as keyof typeof numbers;
      settings[numbers[number].field] = wholeNumber(number, value);
    }
  }
  setFifo(settings, attributes);
  setEncryption(settings, attributes);
  setPolicy(settings, attributes.Policy);
  if (attributes.RedrivePolicy !== undefined) {
    delete settings.redrive;
    const redrive = await readRedrive(attributes.RedrivePolicy, queue, settings.fifo !== undefined, ctx);
    if (redrive !== undefined) settings.redrive = redrive;
  }
  if (attributes.RedriveAllowPolicy !== undefined) {
    delete settings.redriveAllow;
    const allow = readRedriveAllow(attributes.RedriveAllowPolicy);
    if (allow !== undefined) settings.redriveAllow = allow;
  }
  return settings;
}

function setFifo(settings: Settings, attributes: Attributes): void {
  const { fifo } = settings;
  if (fifo === undefined) {
    for (const name of ["FifoQueue", "ContentBasedDeduplication"])
      if (attributes[name] !== undefined) throw unknownAttribute(name);
    for (const name of ["DeduplicationScope", "FifoThroughputLimit"]) {
      if (attributes[name] === undefined) continue;
      const message = `You can specify the ${name} only when FifoQueue is set to true.`;
      throw new AwsError("InvalidAttributeName", message);
    }
    return;
  }
  const { FifoQueue, ContentBasedDeduplication, DeduplicationScope, FifoThroughputLimit } = attributes;
  if (FifoQueue !== undefined && !truth("FifoQueue", FifoQueue))
    throw invalidAttribute("FifoQueue", "Modifying queue type is not supported.");
  if (ContentBasedDeduplication !== undefined)
    fifo.contentBasedDeduplication = truth("ContentBasedDeduplication", ContentBasedDeduplication);
  if (DeduplicationScope !== undefined)
    fifo.scope = oneOf("DeduplicationScope", DeduplicationScope, ["queue", "messageGroup"]);
  if (FifoThroughputLimit !== undefined)
    fifo.limit = oneOf("FifoThroughputLimit", FifoThroughputLimit, ["perQueue", "perMessageGroupId"]);
  if (fifo.limit === "perMessageGroupId" && fifo.scope !== "messageGroup") {
    const reason =
      "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.";
    throw invalidAttribute("FifoThroughputLimit", reason);
  }
}

/** One kind of encryption at a time: setting one ends the other. */
function setEncryption(settings: Settings, { KmsMasterKeyId, SqsManagedSseEnabled }: Attributes): void {
  const managed =
    SqsManagedSseEnabled === undefined ? undefined : truth("SqsManagedSseEnabled", SqsManagedSseEnabled);
  if (managed && KmsMasterKeyId) {
    throw new AwsError(
      "InvalidAttributeName",
      "You can use one type of server-side encryption (SSE) at one time. You can either enable KMS SSE or SQS SSE.",
    );
  }
  if (managed !== undefined) settings.managedSse = managed;
  if (KmsMasterKeyId) {
    settings.kmsKeyId = KmsMasterKeyId;
    settings.managedSse = false;
  }
  if (KmsMasterKeyId === "" || managed) delete settings.kmsKeyId;
  if (settings.kmsKeyId === undefined) delete settings.kmsReuseSeconds;
  else settings.kmsReuseSeconds ??= defaultKmsReuseSeconds;
}

function setPolicy(settings: Settings, policy: string | undefined): void {
  if (policy === undefined) return;
  if (policy.trim() === "") return void delete settings.policy;
  try {
    parsePolicy(policy, "resource");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw invalidAttribute("Policy", error.message);
    throw error;
  }
  settings.policy = policy;
}

export interface Counts {
  visible: number;
  notVisible: number;
  delayed: number;
}

const counted = [
  "ApproximateNumberOfMessages",
  "ApproximateNumberOfMessagesNotVisible",
  "ApproximateNumberOfMessagesDelayed",
];

/** The attributes that are asked for; `count` is called only if one of them is a count. */
export async function shown(
  queue: QueueRow,
  names: readonly string[],
  count: () => Promise<Counts>,
): Promise<Record<string, string>> {
  const all = names.includes("All");
  for (const name of names)
    if (name !== "All" && !computed.includes(name) && !settable.includes(name)) throw unknownAttribute(name);
  const values = all || names.some((name) => counted.includes(name)) ? counts(await count()) : {};
  const every = { ...values, ...fixed(queue), ...shownSettings(queue.settings) };
  return Object.fromEntries(
    Object.entries(every).filter((entry): entry is [string, string] => {
      const [name, value] = entry;
      return value !== undefined && (all || names.includes(name));
    }),
  );
}

function counts({ visible, notVisible, delayed }: Counts): Record<string, string> {
  return {
    ApproximateNumberOfMessages: String(visible),
    ApproximateNumberOfMessagesNotVisible: String(notVisible),
    ApproximateNumberOfMessagesDelayed: String(delayed),
  };
}

function fixed({ arn, created, modified }: QueueRow): Record<string, string> {
  return {
    QueueArn: arn,
    CreatedTimestamp: String(Math.floor(created / 1000)),
    LastModifiedTimestamp: String(Math.floor(modified / 1000)),
  };
}

/** Settings under AWS's names; undefined where the queue has none. */
export function shownSettings(settings: Settings): Record<string, string | undefined> {
  const { fifo, redrive, redriveAllow, kmsReuseSeconds } = settings;
  return {
    DelaySeconds: String(settings.delaySeconds),
    VisibilityTimeout: String(settings.visibilityTimeoutSeconds),
    MessageRetentionPeriod: String(settings.retentionSeconds),
    ReceiveMessageWaitTimeSeconds: String(settings.waitSeconds),
    MaximumMessageSize: String(settings.maxMessageBytes),
    SqsManagedSseEnabled: String(settings.managedSse),
    KmsMasterKeyId: settings.kmsKeyId,
    KmsDataKeyReusePeriodSeconds: kmsReuseSeconds === undefined ? undefined : String(kmsReuseSeconds),
    Policy: settings.policy,
    RedrivePolicy: redrive && JSON.stringify(redrive),
    RedriveAllowPolicy: redriveAllow && JSON.stringify(redriveAllow),
    FifoQueue: fifo && "true",
    ContentBasedDeduplication: fifo && String(fifo.contentBasedDeduplication),
    DeduplicationScope: fifo?.scope,
    FifoThroughputLimit: fifo?.limit,
  };
}
