import { arnOf, type Given, newName, newQueue, type Recording } from "./sqsRecordings.ts";
import type { Answer, Call } from "./sqsWires.ts";

/** Cases of receiving from standard queues, and of moving messages. */

interface Message {
  ReceiptHandle: string;
  [member: string]: unknown;
}

export const messagesOf = ({ Messages = [] }: Answer) => Messages as Message[];

export const receive = (call: Call, QueueUrl: string, rest: object = {}) =>
  call("ReceiveMessage", { QueueUrl, ...rest });
const text = (StringValue: string) => ({ DataType: "String", StringValue });

/** A message with one attribute, received with different names of system attributes. */
function systemNames(member: "AttributeNames" | "MessageSystemAttributeNames", name: string): Recording {
  return {
    name,
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { VisibilityTimeout: "0" });
      const MessageAttributes = { Foo: text("Bar") };
      await call("SendMessage", { QueueUrl, MessageBody: "msg", MessageAttributes });
      const by = (names: string[], rest: object = {}) =>
        receive(call, QueueUrl, { [member]: names, ...rest });
      return {
        all_attributes: await by(["All"]),
        all_system_and_message_attributes: await by(["All"], { MessageAttributeNames: ["All"] }),
        single_attribute: await by(["SenderId"]),
        multiple_attributes: await by(["SenderId", "SequenceNumber"]),
      };
    },
  };
}

export const receiveRecordings: Recording[] = [
  {
    name: "test_send_receive_max_number_of_messages",
    run: async ({ call }) => ({
      send_max_number_of_messages: await receive(call, await newQueue(call), { MaxNumberOfMessages: 11 }),
    }),
  },
  {
    name: "test_change_message_visibility_after_visibility_timeout_expiration",
    run: async ({ call, cloudkeep }) => {
      const QueueUrl = await newQueue(call, { VisibilityTimeout: "1" });
      await call("SendMessage", { QueueUrl, MessageBody: "test" });
      const [message] = messagesOf(await receive(call, QueueUrl));
      await cloudkeep.clock.advance(2_000);
      const { ReceiptHandle } = message ?? {};
      await call("ChangeMessageVisibility", { QueueUrl, ReceiptHandle, VisibilityTimeout: 2 });
      return { visibility_timeout_expired: await receive(call, QueueUrl) };
    },
  },
  {
    name: "test_delete_after_visibility_timeout",
    run: async ({ call, cloudkeep }) => {
      const QueueUrl = await newQueue(call, { VisibilityTimeout: "1" });
      await call("SendMessage", { QueueUrl, MessageBody: "foobar" });
      const [message] = messagesOf(await receive(call, QueueUrl));
      await cloudkeep.clock.advance(2_000);
      await call("DeleteMessage", { QueueUrl, ReceiptHandle: message?.ReceiptHandle });
      return { delete_after_timeout_queue_empty: await receive(call, QueueUrl) };
    },
  },
  {
    name: "test_send_message_with_binary_attributes",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const value = "traceparent\u001e00-774062d6c37081a5a0b9b5b88e30627c-2d2482211f6489da-01";
      await call("SendMessage", {
        QueueUrl,
        MessageBody: "test",
        MessageAttributes: { attr1: { DataType: "Binary", BinaryValue: Buffer.from(value) } },
      });
      const answer = await receive(call, QueueUrl, { MessageAttributeNames: ["All"] });
      const [message] = messagesOf(answer);
      const { attr1 } = (message?.MessageAttributes ?? {}) as { attr1?: { BinaryValue: string } };
      const BinaryValue = attr1?.BinaryValue ?? "";
      const bytes = Buffer.isBuffer(BinaryValue) ? BinaryValue : Buffer.from(BinaryValue, "base64");
      const shown = `b'${bytes.toString().replace("\u001e", "\\x1e")}'`;
      const MessageAttributes = { attr1: { DataType: "Binary", BinaryValue: shown } };
      return { "binary-attrs-msg": { ...answer, Messages: [{ ...message, MessageAttributes }] } };
    },
  },
  {
    name: "test_dead_letter_queue_message_attributes",
    run: async ({ call }) => {
      const deadUrl = await newQueue(call);
      const deadLetterTargetArn = await arnOf(call, deadUrl);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
      const QueueUrl = await newQueue(call, { RedrivePolicy, VisibilityTimeout: "0" });
      await call("SendMessage", {
        QueueUrl,
        MessageBody: "message-1",
        MessageAttributes: { MyAttribute: text("foobar") },
        MessageSystemAttributes: {
          AWSTraceHeader: text("Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"),
        },
      });
      await call("SendMessage", { QueueUrl, MessageBody: "message-2" });
      const names = [
        "ApproximateFirstReceiveTimestamp",
        "ApproximateReceiveCount",
        "SentTimestamp",
        "AWSTraceHeader",
        "DeadLetterQueueSourceArn",
      ];
      const wish = { AttributeNames: names, MessageAttributeNames: ["All"], MaxNumberOfMessages: 10 };
      const before = messagesOf(await receive(call, QueueUrl, wish));
      await receive(call, QueueUrl);
      return {
        "dlq-arn": deadLetterTargetArn,
        "sourcen-arn": await arnOf(call, QueueUrl),
        "rec-pre-dlq": before,
        "dlq-messages": messagesOf(await receive(call, deadUrl, wish)),
      };
    },
  },
  {
    name: "test_receive_message_message_attribute_names_filters",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { VisibilityTimeout: "0" });
      const MessageAttributes = {
        "Help.Me": text("Me"),
        Hello: text("There"),
        General: text("Kenobi"),
      };
      const sent = await call("SendMessage", { QueueUrl, MessageBody: "msg", MessageAttributes });
      const by = (...MessageAttributeNames: string[]) => receive(call, QueueUrl, { MessageAttributeNames });
      const one = async (...names: string[]) => messagesOf(await by(...names))[0];
      return {
        send_message_response: sent,
        empty_filter: await by(),
        all_name: await by("All"),
        all_wildcard_asterisk: await one("All", ".*"),
        all_wildcard: await one(".*"),
        only_non_existing_names: await one("Foo", "Bar"),
        only_existing: await one("Hello", "General"),
        existing_and_non_existing: await one("Hello", "Foo"),
        prefix_filter: await one("Hel.*"),
        illegal_name_1: await by("AWS."),
        illegal_name_2: await by("..foo"),
      };
    },
  },
  systemNames("AttributeNames", "test_receive_message_attribute_names_filters"),
  systemNames("MessageSystemAttributeNames", "test_receive_message_message_system_attribute_names_filters"),
  {
    name: "test_message_system_attribute_names_with_attribute_names",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { VisibilityTimeout: "0" });
      await call("SendMessage", { QueueUrl, MessageBody: "msg" });
      const by = (older: string[], newer: string[]) =>
        receive(call, QueueUrl, { AttributeNames: older, MessageSystemAttributeNames: newer });
      return { same_values: await by(["All"], ["All"]), different_values: await by(["All"], ["SenderId"]) };
    },
  },
  {
    name: "test_send_receive_wait_time_seconds",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const by = (WaitTimeSeconds?: number) => receive(call, QueueUrl, { WaitTimeSeconds });
      const [large, small] = [await by(21), await by(-1)];
      await call("SendMessage", { QueueUrl, MessageBody: "message" });
      await call("SendMessage", { QueueUrl, MessageBody: "message" });
      return {
        recieve_message_error_too_large: large,
        recieve_message_error_too_small: small,
        empty_short_poll_by_default_resp: await by(),
        empty_short_poll_explicit_resp: await by(0),
      };
    },
  },
  {
    name: "test_receive_empty_queue",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      return {
        empty_short_poll_resp_no_param: await receive(call, QueueUrl),
        empty_short_poll_resp: await receive(call, QueueUrl, { WaitTimeSeconds: 0 }),
        empty_long_poll_resp: await receive(call, QueueUrl, { WaitTimeSeconds: 1 }),
      };
    },
  },
  {
    name: "test_send_message_via_queue_url_with_json_protocol",
    run: async ({ call }) => ({ "receive-json-on-queue-url": await receive(call, await newQueue(call)) }),
  },
  {
    name: "test_aws_trace_header_propagation",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const header = "Root=1-3152b799-8954dae64eda91bc9a23a7e8;Parent=7fa8c0f79203be72;Sampled=1";
      await call("SendMessage", {
        QueueUrl,
        MessageBody: "test",
        MessageAttributes: { timestamp: { DataType: "Number", StringValue: "1493147359900" } },
        MessageSystemAttributes: { AWSTraceHeader: text(header) },
      });
      const wish = {
        AttributeNames: ["AWSTraceHeader", "SentTimestamp"],
        MessageAttributeNames: ["timestamp"],
      };
      const [message] = messagesOf(await receive(call, QueueUrl, wish));
      // The recorder took the attribute for a time.
      return { "xray-msg": { ...message, MessageAttributes: { timestamp: "timestamp" } } };
    },
  },
  {
    name: "test_fair_queue_with_message_group_id",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const sent = await call("SendMessage", { QueueUrl, MessageBody: "message", MessageGroupId: "test" });
      const received = await receive(call, QueueUrl, { AttributeNames: ["All"] });
      return { send_message: sent, "get-message-with-deduplication-id": received };
    },
  },
];

interface Redrive {
  source: string;
  destination: string;
  dead: string;
}

/** A queue whose messages have all become dead letters, and another to move them to. */
async function deadLetters(call: Call, count: number, feeds = 1): Promise<Redrive> {
  const dead = await newQueue(call);
  const deadLetterTargetArn = await arnOf(call, dead);
  const RedrivePolicy = JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1 });
  let source = "";
  for (let feed = 0; feed < feeds; feed += 1) {
    source = await newQueue(call, { RedrivePolicy, VisibilityTimeout: "0" });
    for (let i = 0; i < count; i += 1) {
      await call("SendMessage", { QueueUrl: source, MessageBody: `message-${i}` });
      await receive(call, source, { MaxNumberOfMessages: 10 });
    }
    await receive(call, source, { MaxNumberOfMessages: 10 });
  }
  return { source, destination: await newQueue(call), dead };
}

const list = (call: Call, SourceArn: string) => call("ListMessageMoveTasks", { SourceArn });

/** What stands of the newest task, once it is over. */
async function ended({ call, cloudkeep }: Given, arn: string): Promise<Answer> {
  for (;;) {
    // Runs what is due.
    await cloudkeep.clock.advance(0);
    const answer = await list(call, arn);
    if ((answer.Results as { Status: string }[])[0]?.Status !== "RUNNING") return answer;
  }
}

export const moveRecordings: Recording[] = [
  {
    name: "test_basic_move_task_workflow",
    run: async (given) => {
      const { call } = given;
      const { dead, destination } = await deadLetters(call, 2);
      const SourceArn = await arnOf(call, dead);
      const DestinationArn = await arnOf(call, destination);
      const started = await call("StartMessageMoveTask", { SourceArn, DestinationArn });
      return {
        "start-message-move-task-response": started,
        "list-message-move-task-response": await ended(given, SourceArn),
      };
    },
  },
  ...(
    [
      ["test_move_task_workflow_with_default_destination", 1],
      ["test_move_task_workflow_with_multiple_sources_as_default_destination", 2],
    ] as const
  ).map(([name, feeds]) => ({
    name,
    run: async (given: Given) => {
      const { call } = given;
      const { dead } = await deadLetters(call, 2, feeds);
      const SourceArn = await arnOf(call, dead);
      const started = await call("StartMessageMoveTask", { SourceArn });
      return {
        "source-arn": SourceArn,
        "start-message-move-task-response": started,
        "list-message-move-task-response": await ended(given, SourceArn),
      };
    },
  })),
  {
    name: "test_source_needs_redrive_policy",
    run: async ({ call }) => {
      const SourceArn = await arnOf(call, await newQueue(call));
      const DestinationArn = await arnOf(call, await newQueue(call));
      return { error: await call("StartMessageMoveTask", { SourceArn, DestinationArn }) };
    },
  },
  {
    name: "test_destination_needs_to_exist",
    run: async ({ call }) => {
      const { dead } = await deadLetters(call, 0);
      const SourceArn = await arnOf(call, dead);
      const DestinationArn = `${SourceArn}-missing`;
      return { error: await call("StartMessageMoveTask", { SourceArn, DestinationArn }) };
    },
  },
  {
    name: "test_cancel_with_invalid_task_handle",
    run: async ({ call }) => ({ error: await call("CancelMessageMoveTask", { TaskHandle: "foobared" }) }),
  },
  ...(
    [
      ["test_cancel_with_invalid_source_arn_in_task_handle", false],
      ["test_cancel_with_invalid_task_id_in_task_handle", true],
    ] as const
  ).map(([name, exists]) => ({
    name,
    run: async ({ call }: Given) => {
      const own = await arnOf(call, await newQueue(call));
      const sourceArn = exists ? own : own.replace(/[^:]+$/, newName("-missing"));
      const handle = JSON.stringify({ taskId: "10f57498-0e5e-4ae8-8b6b-1a5a5b8e0d6c", sourceArn });
      const TaskHandle = Buffer.from(handle).toString("base64");
      return { error: await call("CancelMessageMoveTask", { TaskHandle }) };
    },
  })),
  {
    name: "test_move_task_with_throughput_limit",
    run: async ({ call }) => {
      const { dead, destination } = await deadLetters(call, 2);
      const [SourceArn, DestinationArn] = [await arnOf(call, dead), await arnOf(call, destination)];
      const wish = { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: 1 };
      return { "start-message-move-task-response": await call("StartMessageMoveTask", wish) };
    },
  },
  {
    name: "test_start_multiple_move_tasks",
    run: async ({ call }) => {
      const { dead, destination } = await deadLetters(call, 3);
      const [SourceArn, DestinationArn] = [await arnOf(call, dead), await arnOf(call, destination)];
      const wish = { SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond: 1 };
      await call("StartMessageMoveTask", wish);
      return { error: await call("StartMessageMoveTask", wish) };
    },
  },
];
