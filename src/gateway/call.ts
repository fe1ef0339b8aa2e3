import type { Caller } from "../kit/caller.ts";
import type { CallOptions, Context, EventNotes } from "../kit/context.ts";
import { AwsError } from "../kit/errors.ts";
import type { Access } from "../kit/service.ts";
import type { Protocol } from "../protocols/contract.ts";
import { ValidationFailure } from "../protocols/validate.ts";
import type { MaybePromise, Savepoint, Transaction } from "../storage/store.ts";
import { Authorizer, accountOfArn, type Judgement } from "./authorize.ts";

import { CallContext, type RunningScope } from "./callContext.ts";
import type { Call, CallScope, Environment, Outcome } from "./callTypes.ts";
import { denialDetails, denied, reasonOf } from "./deny.ts";
import { readDocument } from "./document.ts";
import { inMemory } from "./memoryBody.ts";
import { entriesOf } from "./record.ts";
import { identityOf } from "./recordIdentity.ts";
import { violationError } from "./violations.ts";

export type { Call, Environment, Outcome } from "./callTypes.ts";

/**
 * Runs a call in a transaction: authorize, handle, record. The call's event joins the same commit; of a call
 * that fails, the event is all that is committed.
 */
export async function runCall(call: Call, tx: Transaction, environment: Environment): Promise<Outcome> {
  const running = new RunningCall(call, tx, environment);
  let outcome: Outcome;
  try {
    call.operation.codec.validate(call.input);
    const { access, handle } = call.operation.operation;
    if (typeof access === "function") await running.authorizeOperation(call);
    const handled = handle(call.input as never, running.context() as never);
    const output = (handled instanceof Promise ? await handled : handled) ?? {};
    outcome = { output: output as Record<string, unknown> };
  } catch (error) {
    const shown = clientError(error, call);
    if (shown === undefined) throw error;
    outcome = { error: shown };
    running.discard();
  }
  running.record(call, outcome);
  const told = running.tell(call, outcome);
  if (told instanceof Promise) await told;
  return outcome;
}

/**
 * Validates and authorizes a call without running it, before its body is taken in; of one that is refused, the
 * event is written. Yields the bytes that the operation takes from elsewhere than from the client.
 */
export async function runAhead(
  call: Call,
  tx: Transaction,
  environment: Environment,
): Promise<{ error: AwsError } | { from: AsyncIterable<Buffer> | undefined }> {
  const running = new RunningCall(call, tx, environment);
  try {
    call.operation.codec.validate(call.input);
    await running.authorizeOperation(call);
    const from = call.operation.operation.body?.from;
    return { from: await from?.(call.input as never, running.context() as never) };
  } catch (error) {
    const shown = clientError(error, call);
    if (shown === undefined) throw error;
    running.discard();
    running.record(call, { error: shown });
    await running.tell(call, { error: shown });
    return { error: shown };
  }
}

/** The error as a client may see it; undefined for a fault of our own. */
function clientError(error: unknown, call: Call): AwsError | undefined {
  if (error instanceof AwsError) return error;
  return error instanceof ValidationFailure ? violationError(error, call) : undefined;
}

/** The context of what a service does of its own accord: see `background.ts`. */
export function contextOf(scope: CallScope, tx: Transaction, environment: Environment): Context {
  return new RunningCall(scope, tx, environment).context();
}

/** Calls may nest this deep before they are taken for a loop. */
const maxCallDepth = 16;

/** A call without an operation: what a service does of its own accord has none. */
export class RunningCall implements RunningScope {
  readonly #call: CallScope;
  readonly #tx: Transaction;
  readonly #environment: Environment;
  readonly #authorizer: Authorizer;
  readonly #judgements: Judgement[] = [];
  readonly nowMs: number;
  readonly #savepoint: Savepoint;
  readonly #effectsBefore: number;
  #context: Context | undefined;
  /** Account of the resource that the caller was denied. */
  #owner = "";
  readonly notes: EventNotes = { resources: [], sharedWith: new Set() };

  constructor(call: CallScope, tx: Transaction, environment: Environment) {
    this.#call = call;
    this.#tx = tx;
    this.#environment = environment;
    this.#savepoint = tx.savepoint();
    this.#effectsBefore = call.afterCommit.length;
    this.nowMs = environment.clock.now();
    const { caller, request, region } = call;
    this.#authorizer = new Authorizer({ caller, request, region, nowMs: this.nowMs }, tx, environment.ports);
  }

  async authorizeOperation({ operation, input }: Call): Promise<void> {
    const { access } = operation.operation;
    if (typeof access !== "function") return;
    const wanted = await access(input as never, this.context() as never);
    for (const one of Array.isArray(wanted) ? wanted : [wanted]) await this.require(one);
  }

  /** The caller's own authorizer, or one for the identity that the call establishes. */
  #authorizerFor({ as }: Access): Authorizer {
    if (as === undefined) return this.#authorizer;
    const { request, region } = this.#call;
    this.notes.userIdentity = identityOf(as);
    const facts = { caller: as, request, region, nowMs: this.nowMs };
    return new Authorizer(facts, this.#tx, this.#environment.ports);
  }

  async #judge(access: Access): Promise<Judgement> {
    const judgement = await this.#authorizerFor(access).judge(access);
    const { resource, resourceAccount } = judgement.request;
    if (access.resourceType !== undefined && resource.startsWith("arn:")) {
      this.notes.resources.push({ accountId: resourceAccount, type: access.resourceType, ARN: resource });
    }
    return judgement;
  }

  async require(access: Access): Promise<void> {
    const judgement = await this.#judge(access);
    this.#judgements.push(judgement);
    const { resourceAccount } = judgement.request;
    if (!judgement.decision.allowed) {
      this.#owner = resourceAccount;
      throw await this.#denied(judgement);
    }
    // A call that establishes an identity belongs to the account of the role that it takes on.
    if (resourceAccount && (access.as !== undefined || resourceAccount !== this.#call.account))
      this.notes.sharedWith.add(resourceAccount);
  }

  async allows(access: Access): Promise<boolean> {
    return (await this.#judge(access)).decision.allowed;
  }

  async #denied(judgement: Judgement): Promise<AwsError> {
    const { service, protocol = "awsJson1_1" } = this.#call;
    const encode = service.definition.encodesDenials && this.#environment.ports.encodeAuthorizationMessage;
    if (!encode) return denied(judgement, protocol);
    return denied(judgement, protocol, await encode(denialDetails(judgement), this.#tx));
  }

  /** Drops what a failed call wrote, and what it would have told others. */
  discard(): void {
    this.#tx.rollback(this.#savepoint);
    this.#call.afterCommit.length = this.#effectsBefore;
    this.notes.sharedWith.clear();
  }

  /** Made once: authorization and handler share it. */
  context(): Context {
    this.#context ??= new CallContext(this.#call, this.#tx, this.#environment, this);
    return this.#context;
  }

  async assumeRole(
    RoleArn: string,
    by: Caller,
    RoleSessionName: string,
    ExternalId?: string,
  ): Promise<Caller> {
    const { ports, roles, clock } = this.#environment;
    if (ports.openSession === undefined) throw new Error("No service opens sessions.");
    const known = roles.find(RoleArn, by, RoleSessionName, this.nowMs);
    if (known !== undefined) return known;
    const account = accountOfArn(RoleArn) ?? this.#call.account;
    const input = { RoleArn, RoleSessionName, ...(ExternalId !== undefined && { ExternalId }) };
    const answer = await this.callOther("sts", "AssumeRole", input, { as: by, account });
    const { AccessKeyId, SessionToken } = answer.Credentials as { AccessKeyId: string; SessionToken: string };
    const opened = await ports.openSession(AccessKeyId, SessionToken, this.#tx, clock);
    if (opened === undefined) throw new Error("The session that was just made does not open.");
    this.#call.afterCommit.push(() => roles.keep(RoleArn, by, RoleSessionName, opened.caller, this.nowMs));
    return opened.caller;
  }

  async callOther(
    name: string,
    operation: string,
    input: Record<string, unknown>,
    options: CallOptions,
  ): Promise<Record<string, unknown>> {
    const depth = (this.#call.depth ?? 0) + 1;
    if (depth > maxCallDepth) throw new Error("Calls between services nest too deeply.");
    const { registry } = this.#environment;
    const service = registry.names.includes(name) ? await registry.load(name) : undefined;
    const runnable = service?.operations.get(operation);
    if (service === undefined || runnable === undefined) {
      throw new AwsError("NotImplemented", `Cloudkeep does not build ${name}:${operation}.`, { status: 501 });
    }
    const { body: _, ...shared } = this.#call;
    const asked = options.isDocument ? readDocument(service.codec, operation, input) : input;
    const streams = runnable.operation.body;
    const call: Call = {
      ...shared,
      ...(streams && {
        body: inMemory(options.body ?? Buffer.alloc(0), streams.digests(asked as never, []), {}),
      }),
      depth,
      isLocated: false,
      service,
      operation: runnable,
      protocol: service.contract.protocols[0] as Protocol,
      caller: options.as,
      account: options.account ?? (options.as.principal.account || this.#call.account),
      region: options.region ?? this.#call.region,
      input: asked,
    };
    const outcome = await runCall(call, this.#tx, this.#environment);
    if (outcome.error !== undefined) throw outcome.error;
    return outcome.output;
  }

  /** Lets the service take note of a call of its own. */
  tell(call: Call, { output, error }: Outcome): MaybePromise<void> {
    const { definition, contract } = call.service;
    if (definition.noted === undefined) return undefined;
    const { name, operation } = call.operation;
    const http = contract.operations[name]?.http;
    const status =
      error?.status ?? (error ? 400 : (operation.status?.(output as never) ?? http?.code ?? 200));
    return definition.noted(
      { operation: name, http, status, input: call.input, output, error },
      this.context(),
    );
  }

  record(call: Call, outcome: Outcome): void {
    // Nobody has no account: what nobody asked stands in the record of whom it was asked of, or who refused it.
    const isNobody = call.caller.principal.kind === "anonymous";
    if (call.isLocated) this.notes.sharedWith.add(call.account);
    else if (isNobody && outcome.error !== undefined && this.#owner !== "")
      this.notes.sharedWith.add(this.#owner);
    const entries = entriesOf({
      requestId: call.requestId,
      caller: call.caller,
      contract: call.service.contract,
      eventSource: call.service.definition.eventSource,
      eventName: call.operation.eventName,
      operation: call.operation.operation,
      sensitive: call.service.definition.leavesOutSensitive ? "leave out" : "hide",
      region: call.region,
      global: call.service.definition.global ?? false,
      atMs: this.nowMs,
      request: call.request,
      input: call.input,
      output: outcome.output,
      error: outcome.error,
      notes: this.notes,
      hops: this.#call.hops,
      decisions: this.#judgements.map(reasonOf),
    });
    call.events.push(...entries);
  }
}
