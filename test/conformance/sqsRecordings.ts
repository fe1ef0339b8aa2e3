import type { Cloudkeep } from "../../src/start.ts";
import type { Answer, Call } from "./sqsWires.ts";

/** Cases of queues and of sending: what was asked of AWS, to be asked again. */

export interface Given {
  call: Call;
  cloudkeep: Cloudkeep;
}

export interface Recording {
  name: string;
  /** Our answers, by the names of the recording's. */
  run: (given: Given) => Promise<Record<string, unknown>>;
}

let serial = 0;
export function newName(suffix = ""): string {
  serial += 1;
  return `recorded-${serial}${suffix}`;
}

export async function newQueue(call: Call, Attributes: Record<string, string> = {}): Promise<string> {
  const QueueName = newName(Attributes.FifoQueue === "true" ? ".fifo" : "");
  return String((await call("CreateQueue", { QueueName, Attributes })).QueueUrl);
}

export const fifo = { FifoQueue: "true" };

export async function arnOf(call: Call, QueueUrl: string): Promise<string> {
  const { Attributes } = await call("GetQueueAttributes", { QueueUrl, AttributeNames: ["QueueArn"] });
  return (Attributes as { QueueArn: string }).QueueArn;
}

export const all = (call: Call, QueueUrl: string): Promise<Answer> =>
  call("GetQueueAttributes", { QueueUrl, AttributeNames: ["All"] });
const set = (call: Call, QueueUrl: string, Attributes: Record<string, string>) =>
  call("SetQueueAttributes", { QueueUrl, Attributes });

export const attributeRecordings: Recording[] = [
  {
    name: "test_tag_untag_queue",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const tags = () => call("ListQueueTags", { QueueUrl });
      await call("TagQueue", { QueueUrl, Tags: { tag1: "value1", tag2: "value2", tag3: "" } });
      const first = await tags();
      await call("UntagQueue", { QueueUrl, TagKeys: ["tag1", "tag3"] });
      const second = await tags();
      await call("UntagQueue", { QueueUrl, TagKeys: ["tag2"] });
      return { "get-tag-1": first, "get-tag-2": second, "get-tag-after-untag": await tags() };
    },
  },
  ...(
    [
      ["test_create_fifo_queue_with_different_attributes_raises_error", "ContentBasedDeduplication", ".fifo"],
      ["test_create_queue_with_different_attributes_raises_exception", "DelaySeconds", ""],
    ] as const
  ).map(([name, attribute, suffix]) => ({
    name,
    run: async ({ call }: Given) => {
      const QueueName = newName(suffix);
      const create = (Attributes: Record<string, string>) =>
        call("CreateQueue", { QueueName, Attributes: { ...(suffix && fifo), ...Attributes } });
      const [before, after] = suffix ? ["true", "false"] : ["1", "2"];
      await create({ [attribute]: before as string });
      const refused = await create({ [attribute]: after as string });
      return { "queue-already-exists": refused, create_queue_01: refused, create_queue_02: refused };
    },
  })),
  {
    name: "test_create_and_update_queue_attributes",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, {
        MessageRetentionPeriod: "604800",
        ReceiveMessageWaitTimeSeconds: "10",
        VisibilityTimeout: "20",
      });
      const before = await all(call, QueueUrl);
      await set(call, QueueUrl, { MaximumMessageSize: "2048", VisibilityTimeout: "69", DelaySeconds: "420" });
      return { get_queue_attributes: before, get_updated_queue_attributes: await all(call, QueueUrl) };
    },
  },
  {
    name: "test_fifo_set_content_based_deduplication_strategy",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call, { ...fifo, ContentBasedDeduplication: "true" });
      const before = await all(call, QueueUrl);
      await set(call, QueueUrl, { ContentBasedDeduplication: "false" });
      return { "before-update": before, "after-update": await all(call, QueueUrl) };
    },
  },
  {
    name: "test_set_unsupported_attribute_fifo",
    run: async ({ call }) => ({
      "invalid-attr-name-1": await set(call, await newQueue(call), { FifoQueue: "true" }),
      "invalid-attr-name-2": await set(call, await newQueue(call, fifo), { FifoQueue: "false" }),
    }),
  },
  {
    name: "test_set_unsupported_attribute_standard",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      return {
        "invalid-attr-name-1": await set(call, QueueUrl, { FifoQueue: "true" }),
        "invalid-attr-name-2": await set(call, QueueUrl, { FifoQueue: "false" }),
      };
    },
  },
  {
    name: "test_create_standard_queue_with_fifo_attribute_raises_error",
    run: async ({ call }) => {
      const create = (name: string, value: string) =>
        call("CreateQueue", { QueueName: newName(), Attributes: { [name]: value } });
      return {
        "invalid-attribute-fifo-queue": await create("FifoQueue", "false"),
        "invalid-attribute-content-based-deduplication": await create("ContentBasedDeduplication", "false"),
        "invalid-attribute-deduplication-scope": await create("DeduplicationScope", "queue"),
        "invalid-attribute-throughput-limit": await create("FifoThroughputLimit", "perQueue"),
      };
    },
  },
  {
    name: "test_sse_queue_attributes",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const AttributeNames = ["KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"];
      const shown = () => call("GetQueueAttributes", { QueueUrl, AttributeNames });
      await set(call, QueueUrl, {
        KmsMasterKeyId: "testKeyId",
        KmsDataKeyReusePeriodSeconds: "6000",
        SqsManagedSseEnabled: "false",
      });
      const byKms = await shown();
      await set(call, QueueUrl, { SqsManagedSseEnabled: "true" });
      return { sse_kms_attributes: byKms, sse_sqs_attributes: await shown() };
    },
  },
  {
    name: "test_sse_kms_and_sqs_are_mutually_exclusive",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const { Error: refused } = await set(call, QueueUrl, {
        KmsMasterKeyId: "testKeyId",
        SqsManagedSseEnabled: "true",
      });
      const { Code, Message } = refused as { Code: string; Message: string };
      return {
        error: `An error occurred (${Code}) when calling the SetQueueAttributes operation: ${Message}`,
      };
    },
  },
  {
    name: "test_set_queue_attributes_default_values",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      const before = await all(call, QueueUrl);
      await set(call, QueueUrl, { KmsMasterKeyId: "testKeyId", KmsDataKeyReusePeriodSeconds: "6000" });
      const after = await all(call, QueueUrl);
      await set(call, QueueUrl, {
        KmsMasterKeyId: "",
        Policy: "",
        RedrivePolicy: "",
        RedriveAllowPolicy: "",
      });
      return {
        "get-queue-attributes-initial-values": before,
        "get-queue-attributes-after-update": after,
        "get-queue-attributes-after-set-to-defaults": await all(call, QueueUrl),
      };
    },
  },
  {
    name: "test_successive_purge_calls_fail",
    run: async ({ call }) => {
      const QueueUrl = await newQueue(call);
      await call("PurgeQueue", { QueueUrl });
      return { purge_queue_error: await call("PurgeQueue", { QueueUrl }) };
    },
  },
  {
    name: "test_non_existent_queue",
    run: async ({ call, cloudkeep }) => {
      const QueueName = newName();
      const missing = await call("GetQueueUrl", { QueueName });
      const QueueUrl = `${cloudkeep.endpoint}/${cloudkeep.accountId}/${QueueName}`;
      return {
        "queue-does-not-exist": missing,
        "queue-does-not-exist-url": await call("GetQueueAttributes", { QueueUrl }),
      };
    },
  },
  {
    name: "test_sqs_permission_lifecycle",
    run: async ({ call, cloudkeep }) => {
      const QueueUrl = await newQueue(call);
      const policy = () => call("GetQueueAttributes", { QueueUrl, AttributeNames: ["Policy"] });
      const allow = (Label: string, ...AWSAccountIds: string[]) =>
        call("AddPermission", { QueueUrl, Label, AWSAccountIds, Actions: ["ReceiveMessage"] });
      const remove = (Label: string) => call("RemovePermission", { QueueUrl, Label });
      const [one, two] = ["crossaccountpermission", "crossaccountpermission2"];
      const own = cloudkeep.accountId;
      const answers: Record<string, unknown> = {};
      answers["add-permission-response"] = await allow(one, "668614515564", own);
      answers["get-queue-policy-attribute"] = await policy();
      answers["remove-permission-response"] = await remove(one);
      answers["get-queue-policy-attribute-after-removal"] = await policy();
      await allow(one, own);
      answers["get-queue-policy-attribute-first-account-same-label"] = await policy();
      answers["get-queue-policy-attribute-second-account-same-label"] = await allow(one, "668614515564");
      await allow(two, own);
      answers["get-queue-policy-attribute-second-account-different-label"] = await policy();
      await remove(one);
      answers["get-queue-policy-attribute-delete-first-permission"] = await policy();
      await remove(two);
      answers["get-queue-policy-attribute-delete-second-permission"] = await policy();
      answers["get-queue-policy-attribute-delete-non-existent-label"] = await remove(two);
      return answers;
    },
  },
];

const limitBytes = 1_048_576;

export const sendRecordings: Recording[] = [
  ...(
    [
      ["test_send_oversized_message", {}, limitBytes],
      ["test_send_message_with_updated_maximum_message_size", { MaximumMessageSize: "1024" }, 1024],
    ] as const
  ).map(([name, Attributes, bytes]) => ({
    name,
    run: async ({ call }: Given) => {
      const QueueUrl = await newQueue(call, Attributes);
      return {
        send_oversized_message: await call("SendMessage", { QueueUrl, MessageBody: "a".repeat(bytes + 1) }),
      };
    },
  })),
  {
    name: "test_send_empty_message",
    run: async ({ call }) => ({
      send_empty_message: await call("SendMessage", { QueueUrl: await newQueue(call), MessageBody: "" }),
    }),
  },
  {
    name: "test_send_message_with_empty_string_attribute",
    run: async ({ call }) => ({
      "empty-string-attr": await call("SendMessage", {
        QueueUrl: await newQueue(call),
        MessageBody: "test",
        MessageAttributes: { ErrorDetails: { StringValue: "", DataType: "String" } },
      }),
    }),
  },
  ...(
    [
      ["empty", ""],
      ["too_long", "a".repeat(129)],
      ["spaces", "group 123"],
    ] as const
  ).flatMap(([id, value]) => [
    {
      name: `test_send_message_to_standard_queue_with_invalid_message_group_id[${id}]`,
      run: async ({ call }: Given) => ({
        "error-response": await call("SendMessage", {
          QueueUrl: await newQueue(call),
          MessageBody: "message",
          MessageGroupId: value,
        }),
      }),
    },
    {
      name: `test_message_deduplication_id_invalid[${id}]`,
      run: async ({ call }: Given) => ({
        "error-response": await call("SendMessage", {
          QueueUrl: await newQueue(call, fifo),
          MessageBody: "message",
          MessageGroupId: "1",
          MessageDeduplicationId: value,
        }),
      }),
    },
  ]),
];

const entries = (count: number) =>
  Array.from({ length: count }, (_, i) => ({ Id: `message-${i}`, MessageBody: `message ${i}` }));

export const batchRecordings: Recording[] = [
  {
    name: "test_send_message_batch_with_oversized_contents",
    run: async ({ call }) => ({
      send_oversized_message_batch: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call),
        Entries: [
          { Id: "1", MessageBody: "a".repeat(limitBytes) },
          { Id: "2", MessageBody: "a" },
        ],
      }),
    }),
  },
  {
    name: "test_send_message_batch_with_oversized_contents_with_updated_maximum_message_size",
    run: async ({ call }) => ({
      send_oversized_message_batch: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call, { MaximumMessageSize: "2048" }),
        Entries: [
          {
            Id: "1",
            MessageBody: "a".repeat(2040),
            MessageAttributes: { k: { DataType: "String", StringValue: "x" } },
          },
          { Id: "2", MessageBody: "a" },
        ],
      }),
    }),
  },
  {
    name: "test_send_batch_message_size",
    run: async ({ call }) => ({
      "send-message-batch-result": await call("SendMessageBatch", {
        QueueUrl: await newQueue(call, { MaximumMessageSize: "1024" }),
        Entries: [
          { Id: "too-long", MessageBody: "a".repeat(1025) },
          { Id: "good", MessageBody: "a".repeat(1024) },
        ],
      }),
    }),
  },
  {
    name: "test_too_many_entries_in_batch_request",
    run: async ({ call }) => ({
      test_too_many_entries_in_batch_request: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call),
        Entries: entries(20),
      }),
    }),
  },
  {
    name: "test_invalid_batch_id",
    run: async ({ call }) => ({
      test_invalid_batch_id: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call),
        Entries: [{ Id: "message:1", MessageBody: "message" }],
      }),
    }),
  },
  ...["", "testLongId".repeat(10), "invalid:id"].map((Id) => ({
    name: `test_delete_message_batch_invalid_msg_id[${Id}]`,
    run: async ({ call }: Given) => ({
      error_response: await call("DeleteMessageBatch", {
        QueueUrl: await newQueue(call),
        Entries: [{ Id, ReceiptHandle: "handle" }],
      }),
    }),
  })),
  ...(["DeleteMessage", "ChangeMessageVisibility"] as const).map((operation) => ({
    name:
      operation === "DeleteMessage"
        ? "test_delete_message_batch_with_too_large_batch"
        : "test_change_message_visibility_batch_with_too_large_batch",
    run: async ({ call }: Given) => ({
      error_response: await call(`${operation}Batch`, {
        QueueUrl: await newQueue(call),
        Entries: entries(20).map(({ Id }) => ({ Id, ReceiptHandle: "handle", VisibilityTimeout: 1 })),
      }),
    }),
  })),
  {
    name: "test_send_batch_missing_deduplication_id_for_fifo_queue",
    run: async ({ call }) => ({
      test_missing_deduplication_id_for_fifo_queue: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call, fifo),
        Entries: [{ Id: "1", MessageBody: "message", MessageGroupId: "group" }],
      }),
    }),
  },
  {
    name: "test_send_batch_missing_message_group_id_for_fifo_queue",
    run: async ({ call }) => ({
      test_missing_message_group_id_for_fifo_queue: await call("SendMessageBatch", {
        QueueUrl: await newQueue(call, fifo),
        Entries: [{ Id: "1", MessageBody: "message", MessageDeduplicationId: "1" }],
      }),
    }),
  },
];
