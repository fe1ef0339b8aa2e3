import { messagesOf, receive } from "./sqsReceiveRecordings.ts";
import { all, fifo, type Given, newQueue, type Recording } from "./sqsRecordings.ts";
import type { Call } from "./sqsWires.ts";

/** Cases of FIFO queues. */

const highThroughput = { DeduplicationScope: "messageGroup", FifoThroughputLimit: "perMessageGroupId" };

const send = (call: Call, QueueUrl: string, MessageBody: string, group: string, deduplication?: string) =>
  call("SendMessage", {
    QueueUrl,
    MessageBody,
    MessageGroupId: group,
    ...(deduplication !== undefined && { MessageDeduplicationId: deduplication }),
  });

/** By content, or by an id: recorded both ways. */
const byContent = [true, false] as const;

/** Sends the same message in two groups and receives after each. */
async function sameInTwoGroups(call: Call, Attributes: Record<string, string>, bodies = ["Test", "Test"]) {
  const QueueUrl = await newQueue(call, { ...fifo, ...Attributes });
  await send(call, QueueUrl, bodies[0] ?? "", "Group1", "1");
  const first = await receive(call, QueueUrl);
  await send(call, QueueUrl, bodies[1] ?? "", "Group2", "1");
  const second = await receive(call, QueueUrl);
  return { QueueUrl, "same-dedup-different-grp-1": first, "same-dedup-different-grp-2": second };
}

/** Three messages of a group are received, and some are shown again: what is received then? */
function visibility(id: string, visible: number): Recording {
  return {
    name: `test_fifo_group_visibility_extends_with_change_message_visibility[${id}]`,
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { ...fifo, VisibilityTimeout: "30" });
      for (const body of ["foo", "bar", "baz"]) await send(call, QueueUrl, body, "group", body);
      const received = await receive(call, QueueUrl, { MaxNumberOfMessages: 10 });
      for (const { ReceiptHandle } of messagesOf(received).slice(0, visible))
        await call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: 0 });
      return {
        receive_all_messages: received,
        "some-messages-invisible": await receive(call, QueueUrl, { MaxNumberOfMessages: 10 }),
      };
    },
  };
}

/** A message whose timeout is over, or was made longer, is deleted. */
function deletion(name: string, answer: string, extendBySeconds?: number): Recording {
  return {
    name,
    run: async ({ call, cloudkeep }) => {
      const QueueUrl = await newQueue(call, { ...fifo, VisibilityTimeout: "2" });
      await send(call, QueueUrl, "foobar", "1", "1");
      const received = await receive(call, QueueUrl);
      const [message] = messagesOf(received);
      const { ReceiptHandle } = message ?? {};
      if (extendBySeconds !== undefined) {
        const VisibilityTimeout = extendBySeconds;
        await call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout });
      }
      await cloudkeep.clock.advance(3_000);
      return {
        received_sqs_message: received,
        [answer]: await call("DeleteMessage", { QueueUrl, ReceiptHandle }),
      };
    },
  };
}

export const fifoRecordings: Recording[] = [
  {
    name: "test_fifo_empty_message_groups_added_back_to_queue",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { ...fifo, ContentBasedDeduplication: "true" });
      await send(call, QueueUrl, "Message 1", "g1");
      const first = await receive(call, QueueUrl);
      const [message] = messagesOf(first);
      await call("DeleteMessage", { QueueUrl, ReceiptHandle: message?.ReceiptHandle });
      const empty = await receive(call, QueueUrl);
      await send(call, QueueUrl, "Message 2", "g1");
      return {
        "inital-fifo-receive": first,
        "empty-fifo-receive": empty,
        "final-fifo-receive": await receive(call, QueueUrl),
      };
    },
  },
  {
    name: "test_fifo_queue_send_message_with_delay_seconds_fails",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { ...fifo, ContentBasedDeduplication: "true" });
      const message = { QueueUrl, MessageBody: "message-1", MessageGroupId: "1", DelaySeconds: 2 };
      return { send_message: await call("SendMessage", message) };
    },
  },
  {
    name: "test_fifo_queue_send_message_with_zero_delay_defaults_to_queue_delay",
    run: async ({ call, cloudkeep }) => {
      const QueueUrl = await newQueue(call, {
        ...fifo,
        ContentBasedDeduplication: "true",
        DelaySeconds: "2",
      });
      const message = { QueueUrl, MessageBody: "message-1", MessageGroupId: "1", DelaySeconds: 0 };
      const sent = await call("SendMessage", message);
      const early = await receive(call, QueueUrl);
      await cloudkeep.clock.advance(3_000);
      return {
        send_message_result: sent,
        receive_message_initial_result: early,
        receive_message_after_delay_result: await receive(call, QueueUrl),
      };
    },
  },
  {
    name: "test_fifo_message_attributes",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { ...fifo, VisibilityTimeout: "0" });
      const sent = await send(call, QueueUrl, "message-body-1", "group-1", "dedup-1");
      const wish = { AttributeNames: ["All"] };
      return {
        send_message: sent,
        receive_message_0: await receive(call, QueueUrl, wish),
        receive_message_1: await receive(call, QueueUrl, wish),
      };
    },
  },
  ...byContent.map((content) => ({
    name: `test_fifo_deduplication_arrives_once_after_delete[${content ? "True" : "False"}]`,
    run: async ({ call }: Given) => {
      const QueueUrl = await newQueue(call, { ...fifo, ContentBasedDeduplication: String(content) });
      const sendOnce = () => send(call, QueueUrl, '{"foo": "bar"}', "g", content ? undefined : "dedup");
      await sendOnce();
      const first = await receive(call, QueueUrl);
      const [message] = messagesOf(first);
      await call("DeleteMessage", { QueueUrl, ReceiptHandle: message?.ReceiptHandle });
      await sendOnce();
      return { "get-messages": first, "get-messages-duplicate": await receive(call, QueueUrl) };
    },
  })),
  ...byContent.map((content) => ({
    name: `test_fifo_deduplication_not_on_message_group_id[${content ? "True" : "False"}]`,
    run: async ({ call }: Given) => {
      const QueueUrl = await newQueue(call, { ...fifo, ContentBasedDeduplication: String(content) });
      const sendIn = (group: string) =>
        send(call, QueueUrl, '{"foo": "bar"}', group, content ? undefined : "dedup");
      await sendIn("g1");
      const first = await receive(call, QueueUrl);
      await sendIn("g2");
      return { "get-messages": first, "get-dedup-messages": await receive(call, QueueUrl) };
    },
  })),
  {
    name: "test_posting_to_fifo_requires_deduplicationid_group_id",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, fifo);
      const one = { QueueUrl, MessageBody: "test" };
      return {
        "invalid-parameter-value": await call("SendMessage", { ...one, MessageGroupId: "1" }),
        "missing-parameter": await call("SendMessage", { ...one, MessageDeduplicationId: "1" }),
      };
    },
  },
  {
    name: "test_sqs_fifo_same_dedup_id_different_message_groups",
    run: async ({ call }) => await sameInTwoGroups(call, {}),
  },
  {
    name: "test_fifo_high_throughput_ordering",
    run: async ({ call }) => await sameInTwoGroups(call, highThroughput, ["Test1", "Test2"]),
  },
  {
    name: "test_sqs_fifo_message_group_scope_no_throughput_setting",
    run: async ({ call }) => await sameInTwoGroups(call, { DeduplicationScope: "messageGroup" }),
  },
  {
    name: "test_fifo_change_to_regular_throughput_after_creation",
    run: async ({ call }) => {
      const { QueueUrl, ...before } = await sameInTwoGroups(call, highThroughput, ["Test1", "Test2"]);
      const Attributes = { DeduplicationScope: "queue", FifoThroughputLimit: "perQueue" };
      await call("SetQueueAttributes", { QueueUrl, Attributes });
      const after = await all(call, QueueUrl);
      await send(call, QueueUrl, "Test3", "Group3", "1");
      const third = await receive(call, QueueUrl);
      return {
        ...before,
        "set-to-regular-throughput": withoutInFlight(after),
        "same-dedup-different-grp-regular-throughput": third,
      };
    },
  },
  visibility("all-invisible", 0),
  visibility("1-invisible", 1),
  visibility("no-invisible", 2),
  visibility("0-visible", 0),
  visibility("1-visible", 1),
  visibility("2-visible", 2),
  deletion("test_fifo_delete_after_visibility_timeout", "delete_after_timeout_fifo"),
  deletion("test_fifo_delete_after_visibility_timeout_extended", "delete_after_timeout_fifo_extended", 20),
];

/** AWS counts what is in flight some time later. */
function withoutInFlight(answer: Record<string, unknown>): Record<string, unknown> {
  const Attributes = { ...(answer.Attributes as object), ApproximateNumberOfMessagesNotVisible: "0" };
  return { ...answer, Attributes };
}
