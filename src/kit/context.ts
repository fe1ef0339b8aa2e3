import type { LogReader, MaybePromise, Reads, Transaction } from "../storage/store.ts";
import type { Bytes, StreamedBody } from "./body.ts";
import type { Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { AwsError, CommonError } from "./errors.ts";
import type { IdentityDirectory, Lent, OrganizationDirectory } from "./ports.ts";
import type { Refusal } from "./record.ts";
import type { Access } from "./service.ts";
import type { Sessions } from "./sessions.ts";

/** What an operation may touch: it has no effect but through this. */
export interface Context<Codes extends string = string> {
  readonly requestId: string;
  /** The caller's account: where new resources are made. */
  readonly account: string;
  readonly region: string;
  readonly partition: "aws";
  readonly caller: Caller;
  readonly clock: Clock;
  readonly tx: Transaction;
  readonly request: RequestFacts;
  /** The body that streamed in, for operations that declare one. */
  readonly body: StreamedBody;
  /** Bodies that are kept. */
  readonly bytes: Bytes;
  /** Makes an error of this operation. `throw ctx.error("NoSuchEntityException", "…")`. */
  error(code: Codes | CommonError, message: string, members?: Record<string, unknown>): AwsError;
  /** Throws AccessDenied in AWS's words unless the caller may also do this (iam:PassRole and the like). */
  authorize(access: Access): Promise<void>;
  /** Whether the caller may also do this, without an error. */
  allowed(access: Access): Promise<boolean>;
  /** Calls another service through the gate, in the same transaction. */
  call(
    service: string,
    operation: string,
    input: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Record<string, unknown>>;
  /** Durable timers: when the clock reaches `atMs`, the service's `timers[name]` runs with `payload`. */
  readonly timers: Timers;
  /** Durable work for soon after this transaction: the service's `deliveries[name]` does it. */
  readonly outbox: Outbox;
  /** How many deliveries led to this call, each causing the next: what feeds itself is stopped by it. */
  readonly hops: number;
  /**
   * For a call that waits for something: `throw ctx.wait(topic, untilMs)` ends this run without effect or event, and
   * runs the call again when the topic is notified, or at `untilMs` of real time. Then `waited` is true. `isOver` tells
   * whether it has happened, where that can be told from memory: it saves a run.
   */
  wait(topic: string, untilMs: number, isOver?: () => boolean): Error;
  readonly waited: boolean;
  /** Wakes the calls that wait for a topic, once this transaction is on disk. */
  notify(topic: string): void;
  /** Tells EventBridge what happened: events of an AWS service, on the default bus. */
  emit(...events: AwsEvent[]): void;
  /** A metric of the service itself ("AWS/SQS"), once this transaction is on disk. */
  metric(metric: Metric): void;
  /**
   * Takes on a role that a customer gave to a resource, as the service principal `by`. Its trust policy decides,
   * with `aws:SourceArn` and `aws:SourceAccount` of `by`, and `sts:ExternalId` where the service gives one.
   */
  assumeRole(roleArn: string, by: Caller, sessionName: string, externalId?: string): Promise<Caller>;
  /** Lets the service's `followsRecord` see every event from now on, or none any more. */
  followRecord(active: boolean): Promise<void>;
  /** Facts for the call's own event. */
  readonly event: EventNotes;
  /** Records what is no call: what the service did of its own accord (a key rotated by the clock), or a sign-in. */
  serviceEvent(name: string, details: ServiceEventDetails): void;
  /** Runs once the transaction is on disk, before the answer; dropped if the call fails. */
  afterCommit(effect: () => void | Promise<void>): void;
  /** Append logs, for reading. */
  log(name: string): LogReader;
  /**
   * Reads what is committed, outside of this transaction: what is read may change before the transaction commits, and
   * does not make it run again. For long reads of what others keep adding to.
   */
  peek<T>(read: (tx: Reads) => MaybePromise<T>): Promise<T>;
  /**
   * A transaction of its own, as the same caller, for what an answer that streams still does after its call has ended.
   * What it calls is judged and recorded like any call.
   */
  apart<T>(work: (ctx: Context) => Promise<T>): Promise<T>;
  /** What IAM knows of roles and identity providers; for the services that make sessions of them. */
  readonly directory: IdentityDirectory;
  /** Makes and opens sessions of callers. */
  readonly sessions: Sessions;
  /** What Organizations knows; without it, that there is none. */
  readonly organizations: OrganizationDirectory;
  /** What another service lends; undefined where there is no such service. */
  lent<Name extends keyof Lent>(name: Name): Promise<Lent[Name] | undefined>;
  /** Cloudkeep itself; for its own service. */
  readonly host: Host;
}

/** For which service, where, and how many deliveries led to it. */
export interface ActOrigin {
  service: string;
  account: string;
  region: string;
  hops?: number;
}

export interface ServiceEventDetails {
  resources?: { accountId: string; type: string; ARN: string }[];
  serviceEventDetails?: Record<string, unknown>;
  account?: string;
  region?: string;
  /** Somebody's doing, and with which client; left out, AWS's own. */
  by?: { userIdentity: Record<string, unknown>; request: RequestFacts };
  /** Left out, "AwsServiceEvent". */
  eventType?: "AwsServiceEvent" | "AwsConsoleSignIn";
  errorMessage?: string | undefined;
  responseElements?: Record<string, unknown>;
  additionalEventData?: Record<string, unknown>;
}

/** The process that a service runs in: for Cloudkeep's own service, and for those that run something of their own. */
export interface Host {
  status(): Record<string, unknown>;
  /** Acts in a transaction that belongs to no call, as a delivery does; it may wait. */
  act<T>(origin: ActOrigin, body: (ctx: Context) => Promise<T>): Promise<T>;
  /** The first account and Region. */
  home(): { account: string; region: string };
  /** Wakes the calls that wait for a topic, now. */
  wake(topic: string): void;
  /** Runs when Cloudkeep stops, or drops all state. */
  onStop(effect: () => Promise<void>): void;
  /** What `status` says beside the rest. */
  describe(name: string, facts: Readonly<Record<string, unknown>>): void;
  /** A line in the process's own log. */
  note(level: "info" | "warn" | "error", facts: Record<string, unknown>, text: string): void;
  /** Where it listens: "http://127.0.0.1:4566". What it sends to others (links, certificates) names it so. */
  endpoint(): string;
  /** A recent call that was refused before any policy was asked. */
  refusal(requestId: string): Refusal | undefined;
  /** Moves the clock forward and runs what became due. */
  advanceClock(byMs: number): Promise<void>;
  /** Drops all state and starts afresh. */
  reset(): Promise<void>;
}

export interface RequestSignature {
  place: "header" | "query" | "form";
  /** "AWS4-HMAC-SHA256", or "AWS" for Signature Version 2. */
  algorithm: string;
  /** ms since it was made; undefined in Signature Version 2. */
  ageMs?: number;
}

export interface RequestFacts {
  sourceIp: string;
  userAgent: string;
  /** Came over TLS: `aws:SecureTransport`. */
  secure: boolean;
  host: string;
  /** `x-amz-server-side-encryption`, which S3 refuses where nothing is written. */
  serverSideEncryption?: string | undefined;
  /** The request line's parts, and who sent the client here; undefined for what no client asked. */
  method?: string | undefined;
  url?: string | undefined;
  referer?: string | undefined;
  /** `x-amz-content-sha256`: what the client says it signed of the body. */
  contentSha256?: string | undefined;
  /** How the request was signed; undefined for one that nobody signed. */
  signature?: RequestSignature | undefined;
  tls?: { version: string; cipherSuite: string } | undefined;
}

export interface CallOptions {
  /** Under whose authority: a service principal, a session, or the present caller passed on. */
  as: Caller;
  region?: string;
  account?: string;
  /** The input is a JSON document, as a client of an AWS JSON protocol would send it: bytes in base64, times as numbers. */
  isDocument?: true;
  /** What streams into the operation, where it takes a stream. */
  body?: Buffer;
}

export interface Timers {
  set(id: string, name: string, atMs: number, payload: Record<string, unknown>): void;
  cancel(id: string, atMs: number): void;
}

export interface Outbox {
  put(name: string, payload: Record<string, unknown>, options?: OutboxOptions): void;
}

export interface OutboxOptions {
  /** Not before so many ms have passed, by the clock. */
  delayMs?: number;
  /** Items of one group are done in order, each after the one before. */
  group?: string;
  /** What the delivery's `send` asks outside of Cloudkeep: each peer has a queue of its own, so that none waits for another. */
  peer?: string;
  /** How many deliveries led to what it is about; left out, as many as to the call. */
  hops?: number;
  /** Where the work is done; left out, where the call is. */
  account?: string;
  region?: string;
}

/** https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export interface AwsEvent {
  /** "aws.s3" */
  source: string;
  detailType: string;
  detail: Record<string, unknown>;
  resources?: readonly string[];
  /** ms since the epoch; left out, now. */
  atMs?: number;
  /** Left out, the call's own. */
  account?: string;
  region?: string;
  /** How many deliveries led to what it tells of; left out, as many as to the call. */
  hops?: number;
}

export interface Metric {
  /** "AWS/SQS" */
  namespace: string;
  name: string;
  dimensions?: Readonly<Record<string, string>>;
  value: number;
  /** Left out, "Count". */
  unit?: string;
  /** Whose metric; left out, the call's account and Region. */
  account?: string;
  region?: string;
}

export interface EventNotes {
  resources: { accountId: string; type: string; ARN: string }[];
  additionalEventData?: Record<string, unknown>;
  /** Other accounts that get a copy of the event (cross-account use of their resources). */
  sharedWith: Set<string>;
  /** Replaces the caller in the record, where the call itself establishes an identity (AssumeRoleWithSAML). */
  userIdentity?: Record<string, unknown>;
}
