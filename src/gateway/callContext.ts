import { followRecord } from "../bus/followers.ts";
import type { OutboxScope } from "../bus/outbox.ts";
import { Waiting } from "../bus/waiters.ts";
import type { Bytes, StreamedBody } from "../kit/body.ts";
import type { Caller } from "../kit/caller.ts";
import type { Clock } from "../kit/clock.ts";
import type {
  AwsEvent,
  CallOptions,
  Context,
  EventNotes,
  Host,
  Metric,
  Outbox,
  RequestFacts,
  ServiceEventDetails,
  Timers,
} from "../kit/context.ts";
import { AwsError } from "../kit/errors.ts";
import type { IdentityDirectory, Lent, OrganizationDirectory } from "../kit/ports.ts";
import { recordLog } from "../kit/record.ts";
import type { Access } from "../kit/service.ts";
import type { Sessions } from "../kit/sessions.ts";
import type { LogReader, MaybePromise, Reads, Transaction } from "../storage/store.ts";
import { outsideOfCalls } from "./background.ts";
import { bytesOf } from "./bodies.ts";
import type { CallScope, Environment } from "./callTypes.ts";
import { emitEvents } from "./emit.ts";
import { serviceEventEntry } from "./record.ts";
import { sessionsOf } from "./sessions.ts";

/** What only the running call itself can do for its context. */
export interface RunningScope {
  readonly nowMs: number;
  readonly notes: EventNotes;
  require(access: Access): Promise<void>;
  allows(access: Access): Promise<boolean>;
  callOther(
    service: string,
    operation: string,
    input: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Record<string, unknown>>;
  assumeRole(roleArn: string, by: Caller, sessionName: string, externalId?: string): Promise<Caller>;
}

const none = async () => undefined;
const noOrganizations: OrganizationDirectory = { of: none, entity: none, policyDocument: none };

/**
 * The context of one call. A class, whose members are made when they are asked for: one is made for every call, and
 * as an object of closures it was four kilobytes that V8 placed among what lives long.
 */
export class CallContext implements Context {
  readonly partition = "aws";
  readonly tx: Transaction;
  readonly #call: CallScope;
  readonly #environment: Environment;
  readonly #running: RunningScope;

  constructor(call: CallScope, tx: Transaction, environment: Environment, running: RunningScope) {
    this.tx = tx;
    this.#call = call;
    this.#environment = environment;
    this.#running = running;
  }

  get requestId(): string {
    return this.#call.requestId;
  }

  get account(): string {
    return this.#call.account;
  }

  get region(): string {
    return this.#call.region;
  }

  get caller(): Caller {
    return this.#call.caller;
  }

  get request(): RequestFacts {
    return this.#call.request;
  }

  get clock(): Clock {
    return this.#environment.clock;
  }

  get body(): StreamedBody {
    const { body } = this.#call;
    if (body === undefined) throw new Error("No body streamed into this call.");
    return body;
  }

  get bytes(): Bytes {
    return bytesOf(this.#environment.bytes, this.tx, (effect) => this.afterCommit(effect));
  }

  get hops(): number {
    return this.#call.hops ?? 0;
  }

  get waited(): boolean {
    return this.#call.waited ?? false;
  }

  get event(): EventNotes {
    return this.#running.notes;
  }

  get timers(): Timers {
    return this.#environment.bus.timersOf(this.tx, this.#call.service.name, this.account, this.region);
  }

  get outbox(): Outbox {
    const { account, region, hops } = this;
    return this.#outboxOf({ service: this.#call.service.name, account, region, hops });
  }

  get sessions(): Sessions {
    return sessionsOf(this.#environment, this.tx);
  }

  get directory(): IdentityDirectory {
    const { directory } = this.#environment.ports;
    if (directory === undefined) throw new Error("No service provides the identity directory.");
    return directory;
  }

  get organizations(): OrganizationDirectory {
    return this.#environment.ports.organizations ?? noOrganizations;
  }

  get host(): Host {
    return this.#environment.host;
  }

  lent<Name extends keyof Lent>(name: Name): Promise<Lent[Name] | undefined> {
    return this.#environment.registry.lent(name);
  }

  error(code: string, message: string, members?: Record<string, unknown>): AwsError {
    return new AwsError(code, message, { ...(members && { members }) });
  }

  authorize(access: Access): Promise<void> {
    return this.#running.require(access);
  }

  allowed(access: Access): Promise<boolean> {
    return this.#running.allows(access);
  }

  call(
    service: string,
    operation: string,
    input: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Record<string, unknown>> {
    return this.#running.callOther(service, operation, input, options);
  }

  assumeRole(roleArn: string, by: Caller, sessionName: string, externalId?: string): Promise<Caller> {
    return this.#running.assumeRole(roleArn, by, sessionName, externalId);
  }

  wait(topic: string, untilMs: number, isOver?: () => boolean): Error {
    return new Waiting(topic, untilMs, isOver);
  }

  notify(topic: string): void {
    this.afterCommit(() => this.#environment.bus.waiters.notify(topic));
  }

  emit(...events: AwsEvent[]): void {
    const { account, region, hops } = this;
    const origin = { account, region, hops, atMs: this.#running.nowMs };
    emitEvents(events, origin, (scope) => this.#outboxOf(scope));
  }

  metric(metric: Metric): void {
    const { account = this.account, region = this.region } = metric;
    this.afterCommit(() => this.#environment.bus.metric(metric, account, region));
  }

  async followRecord(active: boolean): Promise<void> {
    const { store, bus } = this.#environment;
    await followRecord(this.tx, this.#call.service.name, active, store.log(recordLog));
    this.afterCommit(() => bus.followersChanged());
  }

  serviceEvent(name: string, details: ServiceEventDetails): void {
    const { eventSource } = this.#call.service.definition;
    const origin = { eventSource, account: this.account, region: this.region, atMs: this.#running.nowMs };
    this.#call.events.push(serviceEventEntry(name, details, origin));
  }

  afterCommit(effect: () => void | Promise<void>): void {
    this.#call.afterCommit.push(effect);
  }

  log(name: string): LogReader {
    return this.#environment.store.log(name);
  }

  async peek<T>(read: (tx: Reads) => MaybePromise<T>): Promise<T> {
    return await this.#environment.store.peek(read);
  }

  apart<T>(work: (ctx: Context) => Promise<T>): Promise<T> {
    return outsideOfCalls(this.#environment, () => this.#call, work);
  }

  #outboxOf(scope: OutboxScope): Outbox {
    return this.#environment.bus.outboxOf(this.tx, scope, (effect) => this.afterCommit(effect));
  }
}
