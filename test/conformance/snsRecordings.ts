import type { SNS } from "@aws-sdk/client-sns";
import { answerOf } from "./recorded.ts";

/** What was recorded of SNS's topics, subscriptions and publishing, asked again here. */

type Answers = Record<string, unknown>;

export interface Scene {
  sns: SNS;
  /** SNS of another Region. */
  elsewhere: SNS;
  account: string;
}

export interface Recording {
  name: string;
  run: (scene: Scene) => Promise<Answers>;
}

let serial = 0;
export const fresh = (name: string) => {
  serial += 1;
  return `${name}-${serial}`;
};

/** Answers of several calls, asked one after the other. */
export async function answersOf(calls: Record<string, () => Promise<object>>): Promise<Answers> {
  const answers: Answers = {};
  for (const [name, call] of Object.entries(calls)) answers[name] = await answerOf(call());
  return answers;
}

export async function topicOf(sns: SNS, Attributes: Record<string, string> = {}): Promise<string> {
  const Name = fresh("topic") + (Attributes.FifoTopic === "true" ? ".fifo" : "");
  return (await sns.createTopic({ Name, Attributes })).TopicArn ?? "";
}

export const queueArn = ({ account }: Scene, name = fresh("queue")) =>
  `arn:aws:sqs:us-east-1:${account}:${name}`;

export async function subscribed(
  scene: Scene,
  options: { topic?: string; endpoint?: string; attributes?: Record<string, string> } = {},
): Promise<{ TopicArn: string; SubscriptionArn: string; Endpoint: string }> {
  const TopicArn = options.topic ?? (await topicOf(scene.sns));
  const Endpoint = options.endpoint ?? queueArn(scene);
  const { SubscriptionArn = "" } = await scene.sns.subscribe({
    TopicArn,
    Protocol: "sqs",
    Endpoint,
    ReturnSubscriptionArn: true,
    ...(options.attributes !== undefined && { Attributes: options.attributes }),
  });
  return { TopicArn, SubscriptionArn, Endpoint };
}

const nowhere = ({ account }: Scene) => `arn:aws:sns:us-east-1:${account}:no-such-topic`;

export const topicRecordings: Recording[] = [
  {
    name: "test_create_topic_with_attributes",
    run: async (scene) => {
      const { sns } = scene;
      const TopicArn = await topicOf(sns, {
        DisplayName: "TestTopic",
        SignatureVersion: "2",
        FifoTopic: "true",
      });
      return answersOf({
        "get-topic-attrs": () => sns.getTopicAttributes({ TopicArn }),
        "get-attrs-nonexistent-topic": () => sns.getTopicAttributes({ TopicArn: nowhere(scene) }),
        "get-attrs-malformed-topic": () => sns.getTopicAttributes({ TopicArn: "test-topic" }),
      });
    },
  },
  {
    name: "test_create_topic_test_arn",
    run: async ({ sns }) => {
      const made = await answerOf(sns.createTopic({ Name: fresh("topic") }));
      const TopicArn = made.TopicArn as string;
      return {
        "create-topic": made,
        ...(await answersOf({
          "get-topic-attrs": () => sns.getTopicAttributes({ TopicArn }),
          "delete-topic": () => sns.deleteTopic({ TopicArn }),
          "topic-not-exists": () => sns.getTopicAttributes({ TopicArn }),
        })),
      };
    },
  },
  {
    name: "test_tags",
    run: async ({ sns }) => {
      const ResourceArn = await topicOf(sns);
      const tag = (Key: string, Value: string) => ({ Key, Value });
      const list = () => sns.listTagsForResource({ ResourceArn });
      return answersOf({
        "duplicate-key-error": () =>
          sns.tagResource({ ResourceArn, Tags: [tag("k1", "v1"), tag("k1", "v2")] }),
        "list-created-tags": async () => {
          await sns.tagResource({ ResourceArn, Tags: [tag("k1", "v1"), tag("k2", "v2")] });
          return list();
        },
        "list-after-delete-tags": async () => {
          await sns.untagResource({ ResourceArn, TagKeys: ["k1"] });
          return list();
        },
        "list-after-update-tags": async () => {
          await sns.tagResource({ ResourceArn, Tags: [tag("k2", "v2b")] });
          return list();
        },
      });
    },
  },
  {
    name: "test_create_duplicate_topic_with_more_tags",
    run: async ({ sns }) => {
      const Name = fresh("topic");
      await sns.createTopic({ Name });
      const Tags = [{ Key: "a", Value: "1" }];
      return answersOf({ "exception-duplicate": () => sns.createTopic({ Name, Tags }) });
    },
  },
  {
    name: "test_create_topic_should_be_idempotent",
    run: async ({ sns }) => {
      const Name = fresh("topic");
      const { TopicArn } = await sns.createTopic({ Name });
      await sns.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "AlreadySet" });
      return answersOf({
        "topic-attrs-idempotent-1": () => sns.getTopicAttributes({ TopicArn }),
        "topic-attrs-idempotent-2": async () => {
          await sns.createTopic({ Name });
          return sns.getTopicAttributes({ TopicArn });
        },
      });
    },
  },
  {
    name: "test_create_topic_different_attrs",
    run: async ({ sns }) => {
      const Name = fresh("topic");
      const create = (Attributes?: Record<string, string>) =>
        sns.createTopic({ Name, ...(Attributes !== undefined && { Attributes }) });
      return answersOf({
        "create-topic": () => create({ DisplayName: "Value1" }),
        "create-topic-no-attrs": () => create(),
        "topic-attrs": async () => {
          const { TopicArn } = await create();
          return sns.getTopicAttributes({ TopicArn });
        },
        "create-topic-diff-attrs": () => create({ DisplayName: "Value2" }),
        "create-topic-new-attrs-fifo": () => create({ FifoTopic: "true" }),
        "create-topic-new-attrs": () => create({ SignatureVersion: "2" }),
        "create-topic-new-and-same-attrs": () => create({ SignatureVersion: "2", DisplayName: "Value1" }),
      });
    },
  },
  {
    name: "test_topic_get_attributes_with_fifo_false",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns, { FifoTopic: "false" });
      return answersOf({
        "get-attrs-standard-topic": () => sns.getTopicAttributes({ TopicArn }),
        "set-fifo-false-after-creation": () =>
          sns.setTopicAttributes({ TopicArn, AttributeName: "FifoTopic", AttributeValue: "false" }),
      });
    },
  },
  {
    name: "test_create_topic_name_constraints",
    run: ({ sns }) =>
      answersOf({
        "valid-name-max-length": () => sns.createTopic({ Name: "a".repeat(256) }),
        "name-too-short": () => sns.createTopic({ Name: "" }),
        "name-too-long": () => sns.createTopic({ Name: "a".repeat(257) }),
        "name-contains-fifo": () => sns.createTopic({ Name: "one.fifo" }),
        "fifo-name-not-contains-fifo": () =>
          sns.createTopic({ Name: "one", Attributes: { FifoTopic: "true" } }),
        ...Object.fromEntries(
          ["Invalid Name", "Invalid.Name", "Name@", "Na!me", "Na#me", "Na$me", "Na%me", "Na&me"].map(
            (Name, i) => [`name-invalid-char-${i}`, () => sns.createTopic({ Name })],
          ),
        ),
      }),
  },
  {
    name: "test_delete_topic_idempotency",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        "delete-topic": () => sns.deleteTopic({ TopicArn }),
        "delete-topic-again": () => sns.deleteTopic({ TopicArn }),
      });
    },
  },
  {
    name: "test_delete_non_existent_topic",
    run: (scene) =>
      answersOf({ "delete-non-existent-topic": () => scene.sns.deleteTopic({ TopicArn: nowhere(scene) }) }),
  },
  {
    name: "test_tags_removed_after_deletion",
    run: async ({ sns }) => {
      const Name = fresh("topic");
      const list = async (create: object) => {
        const { TopicArn: ResourceArn } = await sns.createTopic({ Name, ...create });
        return sns.listTagsForResource({ ResourceArn });
      };
      const Tags = ["1", "2"].map((n) => ({ Key: `k${n}`, Value: `v${n}` }));
      return answersOf({
        "list-created-tags": () => list({ Tags }),
        "list-empty-tags": async () => {
          const { TopicArn } = await sns.createTopic({ Name });
          await sns.deleteTopic({ TopicArn });
          return list({});
        },
      });
    },
  },
  {
    name: "test_cross_region_access",
    run: async ({ sns, elsewhere }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        "set-topic-attrs": () =>
          elsewhere.setTopicAttributes({ TopicArn, AttributeName: "DisplayName", AttributeValue: "x" }),
        "get-topic-attrs": () => elsewhere.getTopicAttributes({ TopicArn }),
        "cross-region-publish-forbidden": () => elsewhere.publish({ TopicArn, Message: "x" }),
        "cross-region-subscribe": () =>
          elsewhere.subscribe({ TopicArn, Protocol: "email", Endpoint: "a@example.com" }),
        "list-subs": () => elsewhere.listSubscriptionsByTopic({ TopicArn }),
        "delete-topic": () => elsewhere.deleteTopic({ TopicArn }),
      });
    },
  },
  {
    name: "test_topic_delivery_policy_crud",
    run: async ({ sns }) => {
      const policy = (http: object) => JSON.stringify({ http });
      const TopicArn = await topicOf(sns, {
        DisplayName: "TestTopic",
        SignatureVersion: "2",
        FifoTopic: "true",
        DeliveryPolicy: policy({ defaultRequestPolicy: { headerContentType: "application/json" } }),
      });
      const set = (AttributeValue: string) => () =>
        sns.setTopicAttributes({ TopicArn, AttributeName: "DeliveryPolicy", AttributeValue });
      const get = () => sns.getTopicAttributes({ TopicArn });
      return answersOf({
        "get-topic-attrs": get,
        "set-topic-attrs": set(
          policy({ defaultHealthyRetryPolicy: { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 } }),
        ),
        "get-topic-attrs-after-update": get,
        "set-topic-attrs-none": set(policy({ defaultHealthyRetryPolicy: null })),
        "get-topic-attrs-after-none": get,
        "set-topic-attrs-full-none": set(""),
        "get-topic-attrs-after-delete": get,
      });
    },
  },
  {
    name: "test_add_permission_errors",
    run: async (scene) => {
      const { sns, account } = scene;
      const TopicArn = await topicOf(sns);
      const add = (change: object) => () =>
        sns.addPermission({
          TopicArn,
          Label: "test",
          AWSAccountId: [account],
          ActionName: ["Publish"],
          ...change,
        });
      await add({})();
      return answersOf({
        "duplicate-label": add({}),
        "topic-not-found": add({ TopicArn: nowhere(scene), Label: "test-2" }),
        "invalid-action": add({ ActionName: ["InvalidAction"], Label: "test-2" }),
      });
    },
  },
  {
    name: "test_remove_permission_errors",
    run: (scene) =>
      answersOf({
        "topic-not-found": () => scene.sns.removePermission({ TopicArn: nowhere(scene), Label: "test" }),
      }),
  },
];

const batchOf = (count: number, change: (i: number) => object = () => ({})) =>
  Array.from({ length: count }, (_, i) => ({ Id: String(i), Message: "message", ...change(i) }));

const kib = 1024;

/** Attributes of messages, each wrong in its way. */
const wrongAttributes: Record<string, Record<string, object>> = {
  missing_string_attr: { attr1: { DataType: "String", StringValue: "" } },
  fully_missing_string_attr: { attr1: { DataType: "String" } },
  fully_missing_data_type: { attr1: { StringValue: "value" } },
  missing_binary_attr: { attr1: { DataType: "Binary", BinaryValue: new Uint8Array() } },
  str_attr_binary_value: { attr1: { DataType: "String", BinaryValue: Buffer.from("123") } },
  int_attr_binary_value: { attr1: { DataType: "Number", BinaryValue: Buffer.from("123") } },
  binary_attr_string_value: { attr1: { DataType: "Binary", StringValue: "123" } },
  invalid_attr_string_value: { attr1: { DataType: "InvalidType", StringValue: "123" } },
  too_long_name: { ["a".repeat(257)]: { DataType: "String", StringValue: "123" } },
  invalid_name: { "a^*?": { DataType: "String", StringValue: "123" } },
  invalid_name_2: { ".abc": { DataType: "String", StringValue: "123" } },
  invalid_name_3: { "abc.": { DataType: "String", StringValue: "123" } },
  invalid_name_4: { "a..bc": { DataType: "String", StringValue: "123" } },
};

export const publishRecordings: Recording[] = [
  {
    name: "test_publish_wrong_arn_format",
    run: ({ sns }) =>
      answersOf({
        "invalid-topic-arn": () => sns.publish({ TopicArn: "randomstring", Message: "x" }),
        "invalid-topic-arn-1": () => sns.publish({ TopicArn: "randomstring:1", Message: "x" }),
        "empty-topic": () => sns.publish({ TopicArn: "", Message: "x" }),
      }),
  },
  {
    name: "test_unknown_topic_publish",
    run: async (scene) => {
      const TopicArn = await topicOf(scene.sns);
      return answersOf({
        success: () => scene.sns.publish({ TopicArn, Message: "x" }),
        error: () => scene.sns.publish({ TopicArn: nowhere(scene), Message: "x" }),
      });
    },
  },
  {
    name: "test_publish_non_existent_target",
    run: ({ sns, account }) =>
      answersOf({
        "non-existent-endpoint": () =>
          sns.publish({
            TargetArn: `arn:aws:sns:us-east-1:${account}:endpoint/APNS/abcdef/0f7d5971`,
            Message: "x",
          }),
      }),
  },
  {
    name: "test_publish_with_empty_subject",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        "response-without-subject": () => sns.publish({ TopicArn, Message: "x" }),
        "response-with-empty-subject": () => sns.publish({ TopicArn, Subject: "", Message: "x" }),
      });
    },
  },
  {
    name: "test_publish_too_long_message",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const MessageAttributes = { attr1: { DataType: "Number", StringValue: "3" } };
      return answersOf({
        error: () => sns.publish({ TopicArn, Message: "a".repeat(256 * kib + 1) }),
        "error-with-attrs": () =>
          sns.publish({ TopicArn, Message: "a".repeat(256 * kib), MessageAttributes }),
      });
    },
  },
  {
    name: "test_publish_batch_too_long_message",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const batch =
        (size: number, change: object = {}) =>
        () =>
          sns.publishBatch({
            TopicArn,
            PublishBatchRequestEntries: batchOf(2, () => ({ Message: "a".repeat(size), ...change })),
          });
      return answersOf({
        "error-no-attrs": batch(128 * kib + 1),
        "error-with-attrs": batch(128 * kib, {
          MessageAttributes: { attr1: { DataType: "Number", StringValue: "3" } },
        }),
      });
    },
  },
  {
    name: "test_message_structure_json_exc",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const publish = (Message: string) => () => sns.publish({ TopicArn, Message, MessageStructure: "json" });
      return answersOf({
        "missing-default-key": publish('{"sqs":"no default"}'),
        "invalid-json": publish('{"default": "unfinished'),
        "duplicate-json-keys": publish('{"default": "one", "default": "other"}'),
        "key-is-not-string": publish('{"default": {"object": "test"}}'),
      });
    },
  },
  {
    name: "test_publish_batch_messages_without_topic",
    run: (scene) =>
      answersOf({
        "publish-batch-no-topic": () =>
          scene.sns.publishBatch({ TopicArn: nowhere(scene), PublishBatchRequestEntries: batchOf(1) }),
      }),
  },
  {
    name: "test_publish_batch_exceptions",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns, { FifoTopic: "true" });
      const batch = (PublishBatchRequestEntries: { Id: string; Message: string }[]) => () =>
        sns.publishBatch({ TopicArn, PublishBatchRequestEntries });
      return answersOf({
        "no-group-id": batch(batchOf(1)),
        "too-many-msg": batch(batchOf(11, (i) => ({ MessageGroupId: "g", MessageDeduplicationId: `d${i}` }))),
        "same-msg-id": batch(
          batchOf(2, (i) => ({ Id: "1", MessageGroupId: "g", MessageDeduplicationId: `d${i}` })),
        ),
        "no-dedup-id": batch(batchOf(1, () => ({ MessageGroupId: "g" }))),
        "no-default-key-json": batch(
          batchOf(1, () => ({
            Message: '{"message":"test"}',
            MessageStructure: "json",
            MessageGroupId: "g",
            MessageDeduplicationId: "d",
          })),
        ),
      });
    },
  },
  {
    name: "test_publish_batch_invalid_entry_id",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const batch = (Id: string) => () =>
        sns.publishBatch({ TopicArn, PublishBatchRequestEntries: [{ Id, Message: "x" }] });
      return answersOf({
        "invalid-char-dot": batch("message.id"),
        "invalid-char-special": batch("msg@123#test"),
        "id-too-long-81": batch("a".repeat(81)),
        "id-too-long-91": batch(`my${"really".repeat(13)}longid`),
        "valid-id-80-chars": batch("a".repeat(80)),
        "valid-id-with-hyphen-underscore": batch("valid-message_123"),
      });
    },
  },
  {
    name: "test_empty_or_wrong_message_attributes",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const calls = Object.entries(wrongAttributes).flatMap(([name, attributes]) => {
        const MessageAttributes = attributes as Record<string, { DataType: string }>;
        const entries = [
          { Id: "1", Message: "x", MessageAttributes },
          { Id: "3", Message: "x" },
        ];
        return [
          [name, () => sns.publish({ TopicArn, Message: "x", MessageAttributes })],
          [`batch-${name}`, () => sns.publishBatch({ TopicArn, PublishBatchRequestEntries: entries })],
        ] as const;
      });
      return answersOf(Object.fromEntries(calls));
    },
  },
  {
    name: "test_message_attributes_prefixes",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const publish = (DataType: string) => () =>
        sns.publish({
          TopicArn,
          Message: "x",
          MessageAttributes: { attr1: { DataType, StringValue: "prefixed-1" } },
        });
      return answersOf({
        "publish-error": publish("String."),
        "publish-error-2": publish("Stringprefixed"),
        "publish-ok-1": publish("String.prefixed"),
        "publish-ok-2": publish("String.  prefixed."),
      });
    },
  },
  {
    name: "test_publish_wrong_phone_format",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const number = "NAA+15551234567";
      return answersOf({
        "invalid-number": () => sns.publish({ PhoneNumber: "+1a234", Message: "x" }),
        "wrong-format": () => sns.publish({ PhoneNumber: number, Message: "x" }),
        "wrong-endpoint": () => sns.subscribe({ TopicArn, Protocol: "sms", Endpoint: number }),
      });
    },
  },
  {
    name: "test_topic_publish_another_region",
    run: async ({ sns, elsewhere }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        success: () => sns.publish({ TopicArn, Message: "x" }),
        error: () => elsewhere.publish({ TopicArn, Message: "x" }),
        "error-batch": () => elsewhere.publishBatch({ TopicArn, PublishBatchRequestEntries: batchOf(1) }),
      });
    },
  },
];
