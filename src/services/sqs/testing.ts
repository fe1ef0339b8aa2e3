import {
  SQSClient as Client,
  CreateQueueCommand,
  GetQueueAttributesCommand,
  type Message,
  type QueueAttributeName,
  ReceiveMessageCommand,
  type ReceiveMessageCommandInput,
  SendMessageCommand,
  type SendMessageCommandInput,
  type SQSClient,
} from "@aws-sdk/client-sqs";
import { type Credentials, optionsOf } from "../../../test/harness.ts";

/** What tests of SQS share. */

let serial = 0;

export function sqsClient(cloudkeep: { endpoint: string }, credentials: Credentials): SQSClient {
  return new Client(optionsOf(cloudkeep, credentials));
}

/** Makes a queue under a name of its own; its URL. */
export async function newQueue(
  sqs: SQSClient,
  Attributes: Partial<Record<QueueAttributeName, string>> = {},
): Promise<string> {
  serial += 1;
  const QueueName = `queue-${serial}${Attributes.FifoQueue === "true" ? ".fifo" : ""}`;
  const { QueueUrl = "" } = await sqs.send(new CreateQueueCommand({ QueueName, Attributes }));
  return QueueUrl;
}

export async function send(
  sqs: SQSClient,
  QueueUrl: string,
  MessageBody: string,
  rest: Partial<SendMessageCommandInput> = {},
) {
  return await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody, ...rest }));
}

export async function receive(
  sqs: SQSClient,
  QueueUrl: string,
  rest: Partial<ReceiveMessageCommandInput> = {},
): Promise<Message[]> {
  const input = { QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 0, ...rest };
  const { Messages = [] } = await sqs.send(new ReceiveMessageCommand(input));
  return Messages;
}

export async function attributes(
  sqs: SQSClient,
  QueueUrl: string,
  AttributeNames: QueueAttributeName[] = ["All"],
): Promise<Record<string, string>> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames }));
  return Attributes as Record<string, string>;
}

export async function arnOf(sqs: SQSClient, QueueUrl: string): Promise<string> {
  return (await attributes(sqs, QueueUrl, ["QueueArn"])).QueueArn ?? "";
}

export const bodiesOf = (messages: readonly Message[]) => messages.map(({ Body }) => Body);

export const fifo = (groupId: string, deduplicationId?: string): Partial<SendMessageCommandInput> => ({
  MessageGroupId: groupId,
  ...(deduplicationId !== undefined && { MessageDeduplicationId: deduplicationId }),
});
