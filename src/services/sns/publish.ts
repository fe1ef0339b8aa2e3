import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { sns } from "./contract.ts";
import type { Published } from "./fanout.ts";
import { attributeBytes, maxMessageBytes, readAttributes, readContent } from "./messages.ts";
import { existingTopic, type TopicName, topicAccess, topicArn } from "./names.ts";
import { inbound } from "./protection.ts";
import { toEndpoint } from "./push.ts";
import { isOptedOut } from "./sms.ts";
import { type TopicRow, taken } from "./tables.ts";

type PublishErrors =
  | "InvalidParameterException"
  | "InvalidParameterValueException"
  | "NotFoundException"
  | "AuthorizationErrorException"
  | "EndpointDisabledException"
  | "PlatformApplicationDisabledException"
  | "KMSAccessDeniedException"
  | "KMSDisabledException"
  | "KMSNotFoundException"
  | "KMSInvalidStateException";

interface PublishInput {
  Message?: string | undefined;
  Subject?: string | undefined;
  MessageStructure?: string | undefined;
  MessageAttributes?: Readonly<Record<string, { DataType: string | undefined }>> | undefined;
  MessageDeduplicationId?: string | undefined;
  MessageGroupId?: string | undefined;
}

const phoneForm = /^\+?\d(?:[\d ]|-(?!-)){2,18}\d$/;

/** https://docs.aws.amazon.com/sns/latest/api/API_Publish.html */
export const publish = sns.operation("Publish", {
  access: ({ TopicArn, TargetArn, PhoneNumber }, ctx) =>
    PhoneNumber === undefined
      ? topicAccess("Publish", TopicArn ?? TargetArn ?? "", ctx)
      : { action: "sns:Publish", resource: "*" },
  async handle({ TopicArn, TargetArn, PhoneNumber, ...input }, ctx) {
    if (PhoneNumber !== undefined) return await toPhone(PhoneNumber, input, ctx);
    const arn = TopicArn ?? TargetArn;
    if (arn === undefined) {
      throw ctx.error(
        "InvalidParameterException",
        "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter",
      );
    }
    if (/:endpoint\//.test(arn)) {
      const content = readContent(input, ctx);
      readAttributes(input.MessageAttributes as never, ctx);
      return await toEndpoint(arn, { ...content, ...(input.Subject && { subject: input.Subject }) }, ctx);
    }
    const { topic, row } = await existingTopic(arn, ctx);
    await checkKey(topic, row, ctx);
    return await take(topic, row, input, ctx);
  },
  record: { data: true, request: withoutContent },
});

/** The record says to which topic something went, not what. */
function withoutContent(recorded: Record<string, unknown>): Record<string, unknown> {
  const { message, subject, messageAttributes, publishBatchRequestEntries, ...rest } = recorded;
  return rest;
}

/** Takes one message: its delivery is left to the outbox. */
async function take(
  topic: TopicName,
  row: TopicRow,
  input: PublishInput,
  ctx: Context<PublishErrors>,
): Promise<{ MessageId: string; SequenceNumber?: string }> {
  const content = readContent(input, ctx);
  const attributes = readAttributes(input.MessageAttributes as never, ctx);
  if (Buffer.byteLength(input.Message ?? "") + attributeBytes(attributes) > maxMessageBytes)
    throw ctx.error("InvalidParameterException", "Invalid parameter: Message too long");
  const { MessageGroupId, MessageDeduplicationId } = input;
  checkFifo(row, input, ctx);
  const whole: Published = {
    messageId: uuid(),
    ...content,
    ...(input.Subject !== undefined && { subject: input.Subject }),
    attributes,
    publishedAt: ctx.clock.now(),
    ...(MessageGroupId !== undefined && { groupId: MessageGroupId }),
  };
  const message = await inbound(topic, row, whole, ctx);
  if (row.fifo) {
    const id = MessageDeduplicationId ?? hash("sha256", input.Message ?? "");
    const before = await sequenced(topic, id, message, ctx);
    if (before !== undefined) return before;
  }
  const group = row.fifo ? `${topic.region}/${topic.name}/${MessageGroupId}` : undefined;
  const { account, region } = topic;
  ctx.outbox.put("fanOut", { topic, message }, { account, region, ...(group && { group }) });
  const dimensions = { TopicName: topic.name };
  const metric = { namespace: "AWS/SNS", dimensions, account, region };
  ctx.metric({ ...metric, name: "NumberOfMessagesPublished", value: 1 });
  ctx.metric({
    ...metric,
    name: "PublishSize",
    value: Buffer.byteLength(input.Message ?? ""),
    unit: "Bytes",
  });
  return {
    MessageId: message.messageId,
    ...(message.sequence !== undefined && { SequenceNumber: message.sequence }),
  };
}

const deduplicationMs = 5 * 60_000;

/** Gives a message of a FIFO topic its number; the answer of the one before, if it was sent already. */
async function sequenced(topic: TopicName, deduplicationId: string, message: Published, ctx: Context) {
  const { account, region, name } = topic;
  const before = await taken.get(ctx.tx, account, region, name, deduplicationId);
  const now = ctx.clock.now();
  if (before !== undefined && before.until > now)
    return { MessageId: before.messageId, SequenceNumber: before.sequence };
  const sequence = `1${String(now).padStart(13, "0")}${String(nextSerial()).padStart(6, "0")}`;
  Object.assign(message, { sequence, deduplicationId });
  const until = now + deduplicationMs;
  taken.put(ctx.tx, [account, region, name, deduplicationId], {
    messageId: message.messageId,
    sequence,
    until,
  });
  const payload = { topic, deduplicationId, until };
  ctx.timers.set(`taken/${account}/${region}/${name}/${deduplicationId}`, "forgetTaken", until, payload);
  return undefined;
}

let serial = 0;

/** Tells messages of one millisecond apart, in order. */
function nextSerial(): number {
  serial = (serial + 1) % 1_000_000;
  return serial;
}

/** Timer: the message may be sent again. */
export async function forgetTaken(
  { topic, deduplicationId, until }: { topic: TopicName; deduplicationId: string; until: number },
  ctx: Context,
): Promise<void> {
  const { account, region, name } = topic;
  const row = await taken.get(ctx.tx, account, region, name, deduplicationId);
  if (row !== undefined && row.until <= until) taken.delete(ctx.tx, account, region, name, deduplicationId);
}

function checkFifo(
  row: TopicRow,
  { MessageGroupId, MessageDeduplicationId }: PublishInput,
  ctx: Context<PublishErrors>,
): void {
  const invalid = (reason: string) => ctx.error("InvalidParameterException", `Invalid parameter: ${reason}`);
  if (!row.fifo) {
    if (MessageDeduplicationId !== undefined) {
      throw invalid(
        "MessageDeduplicationId Reason: The request includes MessageDeduplicationId parameter that is not valid for this topic type",
      );
    }
    return;
  }
  if (MessageGroupId === undefined) throw invalid("The MessageGroupId parameter is required for FIFO topics");
  if (MessageDeduplicationId === undefined && row.attributes.ContentBasedDeduplication !== "true") {
    throw invalid(
      "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
}

/** A topic with a key of its customer's takes only what its publisher may encrypt under it. */
async function checkKey(topic: TopicName, row: TopicRow, ctx: Context<PublishErrors>): Promise<void> {
  const KeyId = row.attributes.KmsMasterKeyId;
  if (KeyId === undefined || KeyId === "alias/aws/sns") return;
  const input = { KeyId, KeySpec: "AES_256", EncryptionContext: { "aws:sns:topicArn": topicArn(topic) } };
  const as = { ...ctx.caller, calledVia: [...(ctx.caller.calledVia ?? []), "sns.amazonaws.com"] };
  try {
    await ctx.call("kms", "GenerateDataKey", input, { as, region: topic.region });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    throw ctx.error(kmsErrors[error.code] ?? "KMSAccessDeniedException", error.message);
  }
}

const kmsErrors: Record<string, PublishErrors> = {
  NotFoundException: "KMSNotFoundException",
  DisabledException: "KMSDisabledException",
  KMSInvalidStateException: "KMSInvalidStateException",
};

/** A text message, into the mailbox. */
async function toPhone(number: string, input: PublishInput, ctx: Context<PublishErrors>) {
  if (!phoneForm.test(number)) {
    throw ctx.error(
      "InvalidParameterException",
      `Invalid parameter: PhoneNumber Reason: ${number} is not valid to publish to`,
    );
  }
  const { body } = readContent(input, ctx);
  const MessageId = uuid();
  if (!(await isOptedOut(number, ctx))) ctx.outbox.put("mail", { channel: "sms", to: number, body });
  return { MessageId };
}

const maxEntries = 10;
const idForm = /^[A-Za-z0-9_-]+$/;

/** https://docs.aws.amazon.com/sns/latest/api/API_PublishBatch.html */
export const publishBatch = sns.operation("PublishBatch", {
  access: ({ TopicArn }, ctx) => topicAccess("Publish", TopicArn, ctx),
  async handle({ TopicArn, PublishBatchRequestEntries: entries }, ctx) {
    const { topic, row } = await existingTopic(TopicArn, ctx);
    if (entries.length === 0)
      throw ctx.error("EmptyBatchRequestException", "The batch request doesn't contain any entries.");
    if (entries.length > maxEntries) {
      throw ctx.error(
        "TooManyEntriesInBatchRequestException",
        "The batch request contains more entries than permissible.",
      );
    }
    checkIds(
      entries.map(({ Id }) => Id),
      ctx,
    );
    // What is wrong with the form of one entry is wrong with the request.
    let bytes = 0;
    for (const entry of entries) {
      checkFifo(row, entry, ctx);
      if (entry.MessageStructure === "json") readContent(entry, ctx);
      const attributes = readAttributes(entry.MessageAttributes as never, ctx);
      bytes += Buffer.byteLength(entry.Message) + attributeBytes(attributes);
    }
    if (bytes > maxMessageBytes) {
      throw ctx.error(
        "BatchRequestTooLongException",
        "The length of all the messages put together is more than the limit.",
      );
    }
    await checkKey(topic, row, ctx);
    const Successful = [];
    const Failed = [];
    for (const { Id, ...entry } of entries) {
      try {
        Successful.push({ Id, ...(await take(topic, row, entry, ctx)) });
      } catch (error) {
        if (!(error instanceof AwsError)) throw error;
        const Code = error.code.replace(/Exception$/, "");
        Failed.push({ Id, Code, Message: error.message, SenderFault: true });
      }
    }
    return { Successful, Failed };
  },
  record: { data: true, request: withoutContent },
});

function checkIds(
  ids: readonly string[],
  ctx: Context<"BatchEntryIdsNotDistinctException" | "InvalidBatchEntryIdException">,
): void {
  for (const id of ids) {
    if (id.length > 80)
      throw ctx.error(
        "InvalidBatchEntryIdException",
        `The Id of a batch entry in the batch request is too long: ${id}`,
      );
    if (!idForm.test(id)) {
      throw ctx.error(
        "InvalidBatchEntryIdException",
        `The Id of a batch entry in the batch request contains an impermissible character: ${id}`,
      );
    }
  }
  if (new Set(ids).size < ids.length) {
    throw ctx.error(
      "BatchEntryIdsNotDistinctException",
      "Two or more batch entries in the request have the same Id.",
    );
  }
}
