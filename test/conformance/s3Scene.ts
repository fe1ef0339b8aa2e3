import { STATUS_CODES } from "node:http";
import type { EventBridge } from "@aws-sdk/client-eventbridge";
import type { KMS } from "@aws-sdk/client-kms";
import type { S3, S3ServiceException } from "@aws-sdk/client-s3";
import type { SNS } from "@aws-sdk/client-sns";
import type { SQS } from "@aws-sdk/client-sqs";
import type { Credentials } from "../harness.ts";
import { sendOnWire, type WireAnswer, type WireRequest } from "./s3Wire.ts";

/** What the recordings of S3 share: who asks, and the answers in the form in which they were recorded. */

export type Answer = Record<string, unknown> & {
  ETag?: string;
  VersionId?: string;
  UploadId?: string;
  NextMarker?: string;
  NextKeyMarker?: string;
  NextVersionIdMarker?: string;
  NextUploadIdMarker?: string;
  NextPartNumberMarker?: string;
  NextContinuationToken?: string;
  ContinuationToken?: string;
};

/** Elements of an error that are the client's, and not the answer's own. */
const ofTheClient = ["name", "message", "Code", "RequestId", "HostId", "stack"];

/** An answer in the form of the recordings, bodies as text. */
export async function answerOf(call: Promise<object>): Promise<Answer> {
  try {
    const { $metadata, ...members } = (await call) as {
      $metadata: { httpStatusCode?: number };
      Body?: unknown;
    };
    const body = members.Body as { transformToString(): Promise<string> } | undefined;
    const Body = body && (await body.transformToString());
    return {
      ...members,
      ...(Body !== undefined && { Body }),
      ResponseMetadata: { HTTPStatusCode: $metadata.httpStatusCode },
    };
  } catch (error) {
    const { name, message, $metadata } = error as S3ServiceException;
    const status = $metadata.httpStatusCode ?? 0;
    const more = Object.entries(error as object).filter(
      ([key]) => !ofTheClient.includes(key) && !key.startsWith("$"),
    );
    // An answer to HEAD has no body: the recordings' client makes its words from the status.
    const words =
      "Code" in (error as object)
        ? { Code: name, Message: message.trim() }
        : { Code: String(status), Message: STATUS_CODES[status] };
    return {
      Error: { ...words, ...Object.fromEntries(more) },
      ResponseMetadata: { HTTPStatusCode: status },
    };
  }
}

const encodedNames = /^(Key|Prefix|Delimiter|StartAfter|(Next)?(Key)?Marker)$/;
function decoded(value: unknown, name = ""): unknown {
  if (typeof value === "string" && encodedNames.test(name))
    return decodeURIComponent(value.replaceAll("+", " "));
  if (Array.isArray(value)) return value.map((item) => decoded(item));
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, decoded(item, key)]));
}

/** Makes the SDK ask as the recordings' client did: no type of its own, and lists with their keys encoded. */
export function asRecorder(client: S3): S3 {
  client.middlewareStack.add(
    (next) => (args) => {
      const { headers } = args.request as { headers: Record<string, string> };
      if (headers["content-type"] === "application/octet-stream") delete headers["content-type"];
      return next(args);
    },
    { step: "build", priority: "low" },
  );
  client.middlewareStack.add(
    (next, context) => async (args) => {
      const lists = /^ListObject(s|sV2|Versions)Command$/;
      if (!lists.test(context.commandName ?? "") || "EncodingType" in args.input) return next(args);
      const answer = await next({ ...args, input: { EncodingType: "url", ...args.input } });
      return { ...answer, output: decoded(answer.output) as typeof answer.output };
    },
    { step: "initialize" },
  );
  return client;
}

let made = 0;

export type Asker = Pick<
  Scene,
  | "s3"
  | "plain"
  | "anonymous"
  | "kms"
  | "sqs"
  | "sns"
  | "events"
  | "account"
  | "endpoint"
  | "region"
  | "advance"
> & { credentials: Credentials };

/** One recorded case, asked again. */
export class Scene {
  readonly answers: Record<string, Answer> = {};

  readonly s3: S3;
  /** Computes no checksum unless it is told to. */
  readonly plain: S3;
  /** Signs nothing. */
  readonly anonymous: S3;
  readonly kms: KMS;
  readonly sqs: SQS;
  readonly sns: SNS;
  readonly events: EventBridge;
  readonly account: string;
  readonly endpoint: string;
  readonly region: string;
  /** Moves the clock. */
  readonly advance: (byMs: number) => Promise<void>;

  readonly #credentials: Credentials;
  readonly #askerIn: (region: string) => Asker;

  constructor(askerIn: (region: string) => Asker, place = "us-east-1") {
    const asker = askerIn(place);
    const { s3, plain, anonymous, kms, sqs, sns, events, account, endpoint, region } = asker;
    this.#credentials = asker.credentials;
    this.#askerIn = askerIn;
    this.s3 = s3;
    this.plain = plain;
    this.anonymous = anonymous;
    this.kms = kms;
    this.sqs = sqs;
    this.sns = sns;
    this.events = events;
    this.account = account;
    this.endpoint = endpoint;
    this.region = region;
    this.advance = asker.advance;
  }

  /** The same asker in another Region; its answers are its own. */
  elsewhere(region: string): Scene {
    return new Scene(this.#askerIn, region);
  }

  /** Asks what was recorded under this name. */
  async ask(step: string, call: Promise<object>): Promise<Answer> {
    const answer = await answerOf(call);
    this.answers[step] = answer;
    return answer;
  }

  /** A request of one's own making. */
  send(asked: WireRequest): Promise<WireAnswer> {
    return sendOnWire({ endpoint: this.endpoint, credentials: this.#credentials }, asked);
  }

  async bucket(input: object = {}): Promise<string> {
    made += 1;
    const Bucket = `recorded-${made}`;
    await this.s3.createBucket({ Bucket, ...input });
    return Bucket;
  }

  /** A bucket as they were before April 2023: with ACLs, and open to the public. */
  async openBucket(): Promise<string> {
    const Bucket = await this.bucket();
    await this.s3.deleteBucketOwnershipControls({ Bucket });
    await this.s3.deletePublicAccessBlock({ Bucket });
    return Bucket;
  }

  async versionedBucket(Status: "Enabled" | "Suspended" = "Enabled"): Promise<string> {
    const Bucket = await this.bucket();
    await this.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status } });
    return Bucket;
  }

  async putAll(Bucket: string, keys: readonly string[], Body = "content 123"): Promise<void> {
    for (const Key of keys) await this.s3.putObject({ Bucket, Key, Body });
  }
}

export type Recordings = Record<string, (scene: Scene) => Promise<void>>;

export const noBucket = "no-such-bucket-anywhere";
export const noVersion = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD";
const day = 24 * 60 * 60 * 1000;
export const yesterday = () => new Date(Date.now() - day);
export const tomorrow = () => new Date(Date.now() + day);
/** The client's types forbid what the recordings' client let through. */
export const untyped = (value: unknown) => value as never;
