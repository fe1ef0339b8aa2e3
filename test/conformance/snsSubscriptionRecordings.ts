import { answerOf } from "./recorded.ts";
import { answersOf, fresh, queueArn, type Recording, subscribed, topicOf } from "./snsRecordings.ts";

export const subscriptionRecordings: Recording[] = [
  {
    name: "test_subscribe_with_invalid_protocol",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        exception: () => sns.subscribe({ TopicArn, Protocol: "test-protocol", Endpoint: "a" }),
      });
    },
  },
  {
    name: "test_subscribe_with_invalid_topic",
    run: async ({ sns, account }) => {
      const subscribe = (TopicArn: string) => () =>
        sns.subscribe({ TopicArn, Protocol: "email", Endpoint: "a@example.com" });
      return answersOf({
        "invalid-subscribe-arn-1": subscribe("randomstring"),
        "invalid-subscribe-arn-2": subscribe("arn:aws:sns:us-east-1:random"),
        "non-existent-topic": subscribe(`arn:aws:sns:us-east-1:${account}:no-such-topic`),
      });
    },
  },
  {
    name: "test_subscribe_unknown_topic",
    run: ({ sns, account }) =>
      answersOf({
        "subscribe-unknown-topic": () =>
          sns.subscribe({
            TopicArn: `arn:aws:sns:us-east-1:${account}:no-such-topic`,
            Protocol: "email",
            Endpoint: "a@example.com",
          }),
      }),
  },
  {
    name: "test_subscribe_unknown_sqs_queue",
    run: async (scene) => {
      const TopicArn = await topicOf(scene.sns);
      const subscribe = (Endpoint: string) => () =>
        scene.sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint });
      return answersOf({
        "subscribe-unknown-sqs": subscribe(queueArn(scene)),
        "subscribe-unknown-sqs-invalid_arn": subscribe("http://no-such-queue"),
      });
    },
  },
  {
    name: "test_subscribe_to_sqs_with_queue_url",
    run: async ({ sns, account }) => {
      const TopicArn = await topicOf(sns);
      const Endpoint = `http://localhost/${account}/queue`;
      return answersOf({ "sub-queue-url": () => sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint }) });
    },
  },
  {
    name: "test_subscribe_invalid_sms",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      const numbers = ["+15--551234567", "NAA+15551234567", "+15551234567.", "/+15551234567"];
      return answersOf(
        Object.fromEntries(
          numbers.map((Endpoint) => [
            `subscribe-bad-sms-${Endpoint}`,
            () => sns.subscribe({ TopicArn, Protocol: "sms", Endpoint }),
          ]),
        ),
      );
    },
  },
  {
    name: "test_subscribe_bad_sms",
    run: async ({ sns }) => {
      const TopicArn = await topicOf(sns);
      return answersOf({
        "subscribe-bad-sms": () => sns.subscribe({ TopicArn, Protocol: "sms", Endpoint: "invalid-number" }),
      });
    },
  },
  {
    name: "test_create_subscriptions_with_attributes",
    run: async (scene) => {
      const TopicArn = await topicOf(scene.sns);
      const Endpoint = queueArn(scene);
      const subscribe = (RawMessageDelivery: string) =>
        scene.sns.subscribe({
          TopicArn,
          Protocol: "sqs",
          Endpoint,
          Attributes: { RawMessageDelivery },
          ReturnSubscriptionArn: true,
        });
      return answersOf({
        "subscribe-wrong-attr": () => subscribe("wrongvalue"),
        subscribe: () => subscribe("true"),
        "get-attrs": async () => {
          const { SubscriptionArn } = await subscribe("true");
          return scene.sns.getSubscriptionAttributes({ SubscriptionArn });
        },
        "get-attrs-nonexistent-sub": () =>
          scene.sns.getSubscriptionAttributes({ SubscriptionArn: `${TopicArn}:${crypto.randomUUID()}` }),
      });
    },
  },
  {
    name: "test_not_found_error_on_set_subscription_attributes",
    run: async (scene) => {
      const { sns } = scene;
      const TopicArn = await topicOf(sns);
      const Endpoint = queueArn(scene);
      const made = await answerOf(sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint }));
      const SubscriptionArn = made.SubscriptionArn as string;
      return {
        sub: made,
        ...(await answersOf({
          "sub-attrs": () => sns.getSubscriptionAttributes({ SubscriptionArn }),
          "subscriptions-for-topic-before-unsub": () => sns.listSubscriptionsByTopic({ TopicArn }),
          "sub-not-found": async () => {
            await sns.unsubscribe({ SubscriptionArn });
            return sns.getSubscriptionAttributes({ SubscriptionArn });
          },
          "subscriptions-for-topic-after-unsub": () => sns.listSubscriptionsByTopic({ TopicArn }),
        })),
      };
    },
  },
  {
    name: "test_validate_set_sub_attributes",
    run: async (scene) => {
      const { SubscriptionArn } = await subscribed(scene);
      const set = (AttributeName: string, AttributeValue: string) => () =>
        scene.sns.setSubscriptionAttributes({ SubscriptionArn, AttributeName, AttributeValue });
      return answersOf({
        "fake-attribute": set("FakeAttribute", "test-value"),
        "raw-message-wrong-value": set("RawMessageDelivery", "test-ValUe"),
        "raw-message-empty-value": set("RawMessageDelivery", ""),
        "fake-arn-redrive-policy": set("RedrivePolicy", '{"deadLetterTargetArn":"fake-arn"}'),
        "invalid-json-redrive-policy": set("RedrivePolicy", "{invalidjson}"),
        "invalid-json-filter-policy": set("FilterPolicy", "{invalidjson}"),
      });
    },
  },
  {
    name: "test_sns_confirm_subscription_wrong_token",
    run: async (scene) => {
      const TopicArn = await topicOf(scene.sns);
      const Token = "51b2ff3edb475b7d91550e0ab6edf0c1de2a34e6ebaf6".padEnd(288, "0");
      return answersOf({
        "topic-not-exists": () =>
          scene.sns.confirmSubscription({
            TopicArn: `arn:aws:sns:us-east-1:${scene.account}:no-such-topic`,
            Token,
          }),
        "invalid-token": () => scene.sns.confirmSubscription({ TopicArn, Token: "randomtoken" }),
        "token-not-exists": () => scene.sns.confirmSubscription({ TopicArn, Token }),
      });
    },
  },
  {
    name: "test_unsubscribe_wrong_arn_format",
    run: ({ sns, account }) =>
      answersOf({
        "invalid-unsubscribe-arn-1": () => sns.unsubscribe({ SubscriptionArn: "randomstring" }),
        "invalid-unsubscribe-arn-2": () =>
          sns.unsubscribe({ SubscriptionArn: "arn:aws:sns:us-east-1:random" }),
        "invalid-unsubscribe-arn-3": () =>
          sns.unsubscribe({ SubscriptionArn: `arn:aws:sns:us-east-1:${account}:topic:not-an-id` }),
      }),
  },
  {
    name: "test_unsubscribe_idempotency",
    run: async (scene) => {
      const { SubscriptionArn } = await subscribed(scene);
      return answersOf({
        "unsubscribe-1": () => scene.sns.unsubscribe({ SubscriptionArn }),
        "unsubscribe-2": () => scene.sns.unsubscribe({ SubscriptionArn }),
      });
    },
  },
  {
    name: "test_subscribe_idempotency",
    run: async (scene) => {
      const at = { topic: await topicOf(scene.sns), endpoint: queueArn(scene) };
      const subscribe = (Attributes?: Record<string, string>) => () =>
        scene.sns.subscribe({
          TopicArn: at.topic,
          Protocol: "sqs",
          Endpoint: at.endpoint,
          ReturnSubscriptionArn: true,
          ...(Attributes !== undefined && { Attributes }),
        });
      const first = await answerOf(subscribe({ RawMessageDelivery: "True" })());
      return {
        subscribe: first,
        ...(await answersOf({
          "get-sub-attrs": () =>
            scene.sns.getSubscriptionAttributes({ SubscriptionArn: first.SubscriptionArn as string }),
          "subscribe-exact-same-raw": subscribe({ RawMessageDelivery: "true" }),
          "subscribe-idempotent": subscribe({
            RawMessageDelivery: "true",
            FilterPolicyScope: "MessageAttributes",
          }),
          "subscribe-idempotent-no-attributes": subscribe(),
          "subscribe-idempotent-empty-attributes": subscribe({}),
          "subscribe-missing-attributes": subscribe({ FilterPolicyScope: "MessageAttributes" }),
          "subscribe-diff-attributes": subscribe({
            RawMessageDelivery: "false",
            FilterPolicyScope: "MessageBody",
          }),
        })),
      };
    },
  },
  {
    name: "test_validations_for_fifo",
    run: async (scene) => {
      const { sns } = scene;
      const fifo = await topicOf(sns, { FifoTopic: "true" });
      const standard = await topicOf(sns);
      const fifoQueue = queueArn(scene, `${fresh("queue")}.fifo`);
      const subscribe = (TopicArn: string, Endpoint: string) =>
        sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint, ReturnSubscriptionArn: true });
      return answersOf({
        "not-fifo-topic": () => subscribe(standard, fifoQueue),
        "regular-queue-for-dlq-of-fifo-topic": async () => {
          const { SubscriptionArn } = await subscribe(fifo, fifoQueue);
          return sns.setSubscriptionAttributes({
            SubscriptionArn,
            AttributeName: "RedrivePolicy",
            AttributeValue: JSON.stringify({ deadLetterTargetArn: queueArn(scene) }),
          });
        },
        "no-msg-group-id": () => sns.publish({ TopicArn: fifo, Message: "x" }),
        "no-dedup-policy": () => sns.publish({ TopicArn: fifo, Message: "x", MessageGroupId: "g" }),
        "no-msg-dedup-regular-topic": () =>
          sns.publish({ TopicArn: standard, Message: "x", MessageDeduplicationId: "d" }),
      });
    },
  },
  {
    name: "test_subscribe_invalid_filter_policy",
    run: async (scene) => {
      const TopicArn = await topicOf(scene.sns);
      return answersOf({
        "subscribe-invalid-filter-policy": () =>
          scene.sns.subscribe({
            TopicArn,
            Protocol: "sqs",
            Endpoint: queueArn(scene),
            Attributes: { FilterPolicy: "invalid" },
          }),
      });
    },
  },
];
