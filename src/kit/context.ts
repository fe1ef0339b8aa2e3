import type { LogReader, Transaction } from "../storage/store.ts";
import type { Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { AwsError, CommonError } from "./errors.ts";
import type { Refusal } from "./record.ts";
import type { Access, IdentityDirectory, OrganizationDirectory } from "./service.ts";

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
  /** Facts for the call's own event. */
  readonly event: EventNotes;
  /** Records something that the service did of its own accord (a key rotated by the clock): an AwsServiceEvent. */
  serviceEvent(name: string, details: ServiceEventDetails): void;
  /** Runs once the transaction is on disk, before the answer; dropped if the call fails. */
  afterCommit(effect: () => void | Promise<void>): void;
  /** Append logs, for reading. */
  log(name: string): LogReader;
  /** What IAM knows of roles and identity providers; for the services that make sessions of them. */
  readonly directory: IdentityDirectory;
  /** What Organizations knows; without it, that there is none. */
  readonly organizations: OrganizationDirectory;
  /** Cloudkeep itself; for its own service. */
  readonly host: Host;
}

export interface ServiceEventDetails {
  resources?: { accountId: string; type: string; ARN: string }[];
  serviceEventDetails?: Record<string, unknown>;
  account?: string;
}

/** What Cloudkeep's own service may do to the process that it runs in. */
export interface Host {
  status(): Record<string, unknown>;
  /** A recent call that was refused before any policy was asked. */
  refusal(requestId: string): Refusal | undefined;
  /** Moves the clock forward and runs what became due. */
  advanceClock(byMs: number): Promise<void>;
  /** Drops all state and starts afresh. */
  reset(): Promise<void>;
}

export interface RequestFacts {
  sourceIp: string;
  userAgent: string;
  /** Came over TLS: `aws:SecureTransport`. */
  secure: boolean;
  host: string;
  tls?: { version: string; cipherSuite: string } | undefined;
}

export interface CallOptions {
  /** Under whose authority: a service principal, a session, or the present caller passed on. */
  as: Caller;
  region?: string;
  account?: string;
}

export interface Timers {
  set(id: string, name: string, atMs: number, payload: Record<string, unknown>): void;
  cancel(id: string, atMs: number): void;
}

export interface EventNotes {
  resources: { accountId: string; type: string; ARN: string }[];
  additionalEventData?: Record<string, unknown>;
  /** Other accounts that get a copy of the event (cross-account use of their resources). */
  sharedWith: Set<string>;
  /** Replaces the caller in the record, where the call itself establishes an identity (AssumeRoleWithSAML). */
  userIdentity?: Record<string, unknown>;
}
