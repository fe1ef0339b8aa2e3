import type { MaybePromise, Reads, Transaction } from "../storage/store.ts";
import type { BodyOptions } from "./body.ts";
import type { CrossOriginAnswer, CrossOriginRequest, FormFacts, FormRequest } from "./browsers.ts";
import type { Caller } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { Context, Host } from "./context.ts";
import type { Endpoint } from "./endpoint.ts";
import type { AwsError } from "./errors.ts";
import type { PublicDocument, PublicRequest } from "./pages.ts";
import type { Lent, Ports } from "./ports.ts";
import type { RecordRow } from "./record.ts";

/**
 * What a service is made of. A service's `service.ts` gathers its operations with `defineService`; each noun's
 * file makes them with the `operation` of `serviceApi<Operations>("name")`.
 */

export type ConditionValues = Record<string, string | readonly string[] | undefined>;

/** One thing that a call must be allowed to do. */
export interface Access {
  /** "kms:Encrypt" */
  action: string;
  /** ARN of the resource, or "*". It need not exist: a caller without permission must not learn that. */
  resource: string;
  /** How a denial names the resource, where AWS does not write its ARN: IAM says "user alice" of one that exists. */
  shownAs?: string;
  /** Owner of the resource; left out, the account in the ARN, or the caller's. */
  resourceAccount?: string;
  /** The policy on the resource itself. */
  resourcePolicy?: { name: string; document: string; kind: "resource" | "key" | "trust" } | undefined;
  /** An allow that is no policy: a KMS grant that covers this call, or a service that tells of its own state. */
  extraAllow?: { kind: "kms-grant" | "service"; name: string } | undefined;
  /** The service's own condition keys; as a function where they are many, called only if a policy asks for one. */
  context?: ConditionValues | (() => ConditionValues);
  /** `aws:ResourceTag/…` */
  resourceTags?: Readonly<Record<string, string>> | undefined;
  /** `aws:RequestTag/…` and `aws:TagKeys`. */
  requestTags?: readonly { Key?: string | undefined; Value?: string | undefined }[] | undefined;
  /** Who is judged, where the call itself establishes an identity (a token, an assertion); left out, the caller. */
  as?: Caller;
  /** CloudFormation type for the record: "AWS::KMS::Key". */
  resourceType?: string;
}

/** For operations that AWS lets any authenticated caller make, or anybody: the reason is the declaration. */
export interface NoPermissionNeeded {
  noPermissionNeeded: string;
}

export type AccessDeclaration<Input, Codes extends string> =
  | NoPermissionNeeded
  | ((input: Input, ctx: Context<Codes>) => Access | Access[] | Promise<Access | Access[]>);

/** Shapes of a service's operations, as generated from its contract. */
export interface OperationTypes {
  input: unknown;
  output: unknown;
  errors: string;
}

export interface OperationDefinition<Input, Output, Codes extends string> {
  access: AccessDeclaration<Input, Codes>;
  handle(input: Input, ctx: Context<Codes>): Promise<Output> | Output;
  /** Status of the answer, where it is not always the contract's. */
  status?(output: Output): number | undefined;
  /** The body is not read whole but streams past: `ctx.body`. */
  body?: BodyOptions<Input, Context<Codes>>;
  /** How the call stands in the record, where it differs from what the contract says. */
  record?: RecordOptions<Input, Output>;
}

export interface RecordOptions<Input, Output> {
  /** Read-only calls record no responseElements. Default: by the operation's name (Get, List, Describe, …). */
  readOnly?: boolean;
  /** A data event: AWS shows it to trails that ask for it, and not in the event history. */
  data?: true;
  /** All that the event shows of the request, for inputs of which it shows little; then `request` is not asked. */
  requestOnly?: (input: Input) => Record<string, unknown>;
  /** Members of the request or the answer that AWS leaves out or replaces. */
  request?: (recorded: Record<string, unknown>, input: Input) => Record<string, unknown> | null;
  response?: (recorded: Record<string, unknown>, output: Output) => Record<string, unknown> | null;
  /** Resources that the event names, beside those of the access declaration. */
  resources?: (input: Input, output: Output | undefined) => { type: string; name: string }[];
}

/** An operation with its types erased, as the path runs it. */
export interface Operation {
  service: string;
  name: string;
  access: AccessDeclaration<never, never>;
  handle(input: never, ctx: Context<never>): unknown;
  status?(output: never): number | undefined;
  body?: BodyOptions<never, Context<never>>;
  record?: RecordOptions<never, never>;
}

export interface ServiceApi<Operations> {
  operation<Name extends keyof Operations & string>(
    name: Name,
    definition: Operations[Name] extends OperationTypes
      ? OperationDefinition<Operations[Name]["input"], Operations[Name]["output"], Operations[Name]["errors"]>
      : never,
  ): Operation;
}

/** The builder of one service's operations; `Operations` comes from `build/contracts/<service>.d.ts`. */
export function serviceApi<Operations>(service: string): ServiceApi<Operations> {
  return {
    operation: (name, definition) => ({
      service,
      name,
      ...(definition as Omit<Operation, "service" | "name">),
    }),
  };
}

/** A member of the input that breaks a limit of the contract. */
export interface BrokenLimit {
  /** "logGroupName" */
  path: string;
  constraint: string;
  /** Clients say it in the body, and not in a header, the query or the path. */
  inBody: boolean;
}

export interface Place {
  account: string;
  region: string;
}

export interface ServiceDefinition {
  name: string;
  /** "kms.amazonaws.com" */
  eventSource: string;
  /** A global service's events and state belong to us-east-1. */
  global?: true;
  operations: Operation[];
  /** Operations that the record calls by another name. */
  eventNames?: Readonly<Record<string, string>>;
  /** Operations of the contract that are not built: each answers 501. The list only shrinks. */
  missing: readonly string[];
  provides?: Partial<Ports>;
  /** What it lends to other services: see `lends` in services/index.ts. */
  lends?: Partial<Lent>;
  /** What anybody may see at the paths in `services/index.ts`, unsigned: documents, pages, answers to their forms. */
  publishes?: (asked: PublicRequest, ctx: Context) => Promise<PublicDocument | undefined>;
  /** What is asked at the addresses of customers' resources: see `endpoints` in services/index.ts. */
  endpoint?: Endpoint;
  /** Which foreign pages may read a resource, where resources say so themselves; undefined for what is none. */
  crossOrigin?: (asked: CrossOriginRequest, tx: Reads) => Promise<CrossOriginAnswer | undefined>;
  /** Reads a form that uploads a file. Throws AwsError for one that its policy does not allow. */
  formUpload?: (form: FormFacts) => FormRequest;
  /** Its events leave sensitive members out, rather than say that they are hidden. */
  leavesOutSensitive?: true;
  /** How it words and names the refusal of input that breaks the contract, where not as its wire does. */
  refusesInput?: (
    broken: readonly BrokenLimit[],
    words: string,
  ) => { code: string; message: string } | undefined;
  /** Members that clients may also say in the URL: completes an input from it, before it is validated. */
  inputFromUrl?: (input: Record<string, unknown>, url: { origin: string; path: string }) => void;
  /** Denials end with an encoded message, which DecodeAuthorizationMessage reads. */
  encodesDenials?: true;
  /**
   * To whom a call belongs that AWS takes unsigned, told from what its input, not yet validated, names (a client, a token): handlers find
   * it in `ctx.account` and `ctx.region`. Undefined where it names nothing that there is.
   */
  locate?: (input: Record<string, unknown>, tx: Reads) => MaybePromise<Place | undefined>;
  /** Work that becomes due by the clock; called with the payload of `ctx.timers.set`. */
  timers?: Record<string, (payload: never, ctx: Context<never>) => Promise<void>>;
  /** Work of `ctx.outbox.put`, by name. */
  deliveries?: Record<string, Delivery>;
  /** Events of the record, in order, each once; for as long as `ctx.followRecord(true)` holds. */
  followsRecord?: (entries: readonly RecordRow[], ctx: Context) => Promise<void>;
  /** Takes note of a call of the service, in its transaction: of what it did, or that it was refused. */
  noted?: (call: NotedCall, ctx: Context) => MaybePromise<void>;
  /** Begins what the service does of its own accord, once Cloudkeep listens: see `starts` in services/index.ts. */
  start?: (host: Host) => Promise<void>;
  /** Makes what must exist before the first call. Runs in a transaction at every start. */
  bootstrap?: (ctx: BootstrapContext) => Promise<void>;
}

/** A call that has ended. */
export interface NotedCall {
  operation: string;
  http: { method: string; uri: string } | undefined;
  /** Of the answer. */
  status: number;
  input: Record<string, unknown>;
  output: Record<string, unknown> | undefined;
  error: AwsError | undefined;
}

/** Durable work that follows a commit. What it throws is a fault: the item is tried again later, and given up in the end. */
export interface Delivery {
  /** What happens outside of the store, as a request to another host; its result goes to `settle`. */
  send?(payload: never, scope: DeliveryScope): Promise<unknown>;
  /** Runs in the transaction that deletes the item; what is to be tried again, it puts into the outbox anew. */
  settle(payload: never, ctx: Context<never>, result: never): Promise<void>;
}

export interface DeliveryScope {
  account: string;
  region: string;
  /** ms since the epoch, by the clock. */
  nowMs: number;
  /** Reads state, in a transaction that writes nothing. */
  read<T>(body: (tx: Transaction) => MaybePromise<T>): Promise<T>;
  /**
   * Acts in a transaction of its own, apart from the item's: for calls that wait, as the invocation of a function
   * does. It is done again where the process dies before the item is settled. Say which `peer` is waited for.
   */
  act<T>(body: (ctx: Context) => Promise<T>): Promise<T>;
}

export interface BootstrapContext {
  tx: Transaction;
  clock: Clock;
  account: string;
  rootCredentials: { accessKeyId: string; secretAccessKey: string };
}

export function defineService(definition: ServiceDefinition): ServiceDefinition {
  return definition;
}

/** The operations among a file's exports. That none of the contract's is left out, start-up checks. */
export function operationsIn(file: object): Operation[] {
  return Object.values(file).filter(isOperation);
}

function isOperation(value: unknown): value is Operation {
  return typeof value === "object" && value !== null && "access" in value && "handle" in value;
}
