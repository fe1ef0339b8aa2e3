import { hash } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { contentId } from "./deduplication.ts";
import type { Message } from "./engine.ts";
import {
  attributeBytes,
  attributesMd5,
  checkCharacters,
  type GivenAttributes,
  readAttributes,
  type StoredAttributes,
} from "./messageAttributes.ts";
import type { QueueRow } from "./tables.ts";
import { checkedInteger, invalidParameter, invalidValue, missingParameter } from "./words.ts";

/** A message as a client sends it. */
export interface GivenMessage {
  MessageBody: string;
  DelaySeconds?: number | undefined;
  MessageAttributes?: GivenAttributes;
  MessageSystemAttributes?: GivenAttributes;
  MessageGroupId?: string | undefined;
  MessageDeduplicationId?: string | undefined;
}

export interface CheckedMessage {
  message: Message;
  bytes: number;
  delaySeconds: number;
  /** What the answer says of it; undefined where there are none. */
  attributesMd5: string | undefined;
  systemAttributesMd5: string | undefined;
}

const maxDelaySeconds = 900;
/** "alphanumeric characters and punctuation" */
const idForm = /^[!-~]{1,128}$/;
const wrongQueueType = "The request include parameter that is not valid for this queue type.";

export function checkId(value: string | undefined, parameter: string): void {
  if (value === undefined || idForm.test(value)) return;
  const reason = `${parameter} can only include alphanumeric and punctuation characters. 1 to 128 in length.`;
  throw invalidValue(value, parameter, reason);
}

/** What no message to a queue of this kind may be; in a batch, one such message fails them all. */
export function checkForQueue(queue: QueueRow, given: GivenMessage, missing = missingParameter): void {
  const { MessageGroupId, MessageDeduplicationId } = given;
  checkId(MessageGroupId, "MessageGroupId");
  checkId(MessageDeduplicationId, "MessageDeduplicationId");
  const { fifo } = queue.settings;
  if (fifo === undefined) {
    if (MessageDeduplicationId !== undefined)
      throw invalidValue(MessageDeduplicationId, "MessageDeduplicationId", wrongQueueType);
    return;
  }
  if (MessageGroupId === undefined) throw missing("MessageGroupId");
  if (MessageDeduplicationId === undefined && !fifo.contentBasedDeduplication) {
    throw invalidParameter(
      "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly",
    );
  }
}

function delayOf(queue: QueueRow, given: number | undefined): number {
  if (queue.settings.fifo !== undefined) {
    // 0 is what some clients send who mean nothing by it: the queue's own delay holds.
    if (given) throw invalidValue(given, "DelaySeconds", wrongQueueType);
    return queue.settings.delaySeconds;
  }
  const reason = `DelaySeconds must be >= 0 and <= ${maxDelaySeconds}.`;
  const range = { min: 0, max: maxDelaySeconds };
  return checkedInteger(given, "DelaySeconds", range, reason) ?? queue.settings.delaySeconds;
}

/** Checks a message and makes what the queue keeps of it. `refusal` begins the words for one that is too long. */
export function readMessage(
  queue: QueueRow,
  given: GivenMessage,
  ctx: Context,
  refusal = "One or more parameters are invalid.",
): CheckedMessage {
  const { MessageBody: body } = given;
  if (body === "") throw missingParameter("MessageBody");
  const delaySeconds = delayOf(queue, given.DelaySeconds);
  const attributes = readAttributes(given.MessageAttributes, "user");
  const system = readSystemAttributes(given.MessageSystemAttributes);
  const bytes = Buffer.byteLength(body) + attributeBytes(attributes);
  const { maxMessageBytes, fifo } = queue.settings;
  if (bytes > maxMessageBytes)
    throw invalidParameter(`${refusal} Reason: Message must be shorter than ${maxMessageBytes} bytes.`);
  checkCharacters(body);
  const { principal } = ctx.caller;
  const deduplicationId = given.MessageDeduplicationId ?? (fifo && contentId(body));
  const message: Message = {
    messageId: uuid(),
    body,
    md5: hash("md5", body, "hex"),
    senderId: principal.userId || principal.service || "ANONYMOUS",
    sentAt: ctx.clock.now(),
    receives: 0,
    ...(attributes && { attributes }),
    ...(system?.AWSTraceHeader?.text && { traceHeader: system.AWSTraceHeader.text }),
    ...(given.MessageGroupId !== undefined && { groupId: given.MessageGroupId }),
    ...(deduplicationId !== undefined && { deduplicationId }),
  };
  return {
    message,
    bytes,
    delaySeconds,
    attributesMd5: attributesMd5(attributes),
    systemAttributesMd5: attributesMd5(system),
  };
}

function readSystemAttributes(given: GivenAttributes): StoredAttributes | undefined {
  for (const [name, { DataType }] of Object.entries(given ?? {})) {
    if (name !== "AWSTraceHeader")
      throw invalidParameter(`Message system attribute name '${name}' is invalid.`);
    if (DataType !== "String")
      throw invalidParameter(`Message system attribute '${name}' must be of type 'String'.`);
  }
  return readAttributes(given, "system");
}
