import { table } from "../../kit/table.ts";

/** SNS's state. Account and Region are those of the topic. */

export interface TopicRow {
  fifo: boolean;
  /** As SetTopicAttributes and CreateTopic gave them: DisplayName, DeliveryPolicy, KmsMasterKeyId and the like. */
  attributes: Record<string, string>;
  /** The data protection policy. */
  protection?: string;
  /** The topic's policy; absent, the default one, which lets its account in. */
  policy?: string;
  tags: Record<string, string>;
  createdAt: number;
}

export const topics = table<TopicRow, [account: string, region: string, name: string]>("sns", "topics");

export interface SubscriptionRow {
  protocol: string;
  endpoint: string;
  /** Account that subscribed. */
  owner: string;
  /** ARN of who subscribed. */
  principalArn: string;
  confirmed: boolean;
  /** Whether only the owner may end it: the confirmation was signed. */
  authenticated: boolean;
  /** RawMessageDelivery, FilterPolicy, FilterPolicyScope, RedrivePolicy, DeliveryPolicy, SubscriptionRoleArn. */
  attributes: Record<string, string>;
  createdAt: number;
}

type SubscriptionKey = [account: string, region: string, topic: string, id: string];

export const subscriptions = table<SubscriptionRow, SubscriptionKey>("sns", "subscriptions");

/** Which subscription an endpoint has: subscribing it again gives the same. */
export const byEndpoint = table<
  { id: string },
  [account: string, region: string, topic: string, protocol: string, endpoint: string]
>("sns", "byEndpoint");

/** An account's own subscriptions, of topics of any account. */
export const byOwner = table<
  Record<string, never>,
  [owner: string, region: string, topicAccount: string, topic: string, id: string]
>("sns", "byOwner");

/** What confirms a subscription, by the hash of its token. */
export const tokens = table<
  { id: string; expiresAt: number },
  [account: string, region: string, topic: string, tokenHash: string]
>("sns", "tokens");

/** Messages of FIFO topics that were taken, by their deduplication id. */
export const taken = table<
  { messageId: string; sequence: string; until: number },
  [account: string, region: string, topic: string, deduplicationId: string]
>("sns", "taken");

/** What signs notifications. */
export interface SigningRow {
  /** PKCS #8 in PEM. */
  privateKey: string;
  certificate: string;
}

export const signing = table<SigningRow, [name: string]>("sns", "signing");

export interface SmsRow {
  attributes: Record<string, string>;
  optedOut: string[];
}

export const sms = table<SmsRow, [account: string, region: string]>("sns", "sms");

/** What a platform's service gave to an app, and what becomes known of its endpoints. */
export interface ApplicationRow {
  /** Tells its endpoints from those of an application of the same name before it. */
  id: string;
  /** PlatformCredential and PlatformPrincipal among them: they are never shown. */
  attributes: Record<string, string>;
  createdAt: number;
}

type AppKey = [account: string, region: string, platform: string, name: string];

export const applications = table<ApplicationRow, AppKey>("sns", "applications");

/** An app on a device. */
export interface AppEndpointRow {
  /** Of its application's row. */
  appId: string;
  token: string;
  enabled: boolean;
  userData?: string;
  createdAt: number;
}

export const appEndpoints = table<AppEndpointRow, [...AppKey, id: string]>("sns", "appEndpoints");

/** Which endpoint a device's token has, by the token's hash. */
export const byToken = table<{ id: string; appId: string }, [...AppKey, tokenHash: string]>("sns", "byToken");

/** Destination numbers that are verified before text messages leave the sandbox. */
export interface SandboxNumberRow {
  verified: boolean;
  /** Hash of the code that was sent last. */
  codeHash: string;
  codeExpiresAt: number;
  changedAt: number;
}

export const sandboxNumbers = table<SandboxNumberRow, [account: string, region: string, number: string]>(
  "sns",
  "sandboxNumbers",
);
