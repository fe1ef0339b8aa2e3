import type { Bus } from "../bus/bus.ts";
import type { StreamedBody } from "../kit/body.ts";
import type { Caller } from "../kit/caller.ts";
import type { Clock, MovableClock } from "../kit/clock.ts";
import type { Host, RequestFacts } from "../kit/context.ts";
import type { AwsError } from "../kit/errors.ts";
import type { Ports } from "../kit/ports.ts";
import type { Protocol } from "../protocols/contract.ts";
import type { ByteStore } from "../storage/bytes.ts";
import type { LogEntry, Store } from "../storage/store.ts";
import type { DigestThread } from "./digestThread.ts";
import type { Refusals } from "./refusals.ts";
import type { LoadedService, Registry, RunnableOperation } from "./registry.ts";
import type { ServiceRoles } from "./serviceRoles.ts";
import type { KeyCache } from "./sigv4/keys.ts";

/** What every call shares: made once when Cloudkeep starts. */
export interface Environment {
  store: Store;
  clock: Clock;
  registry: Registry;
  ports: Partial<Ports>;
  bus: Bus;
  host: Host;
  bytes: ByteStore;
  digests: DigestThread;
  roles: ServiceRoles;
}

/** What the path needs beside it. */
export interface Gateway extends Environment {
  clock: MovableClock;
  keys: KeyCache;
  homeRegion: string;
  homeAccount: string;
  refusals: Refusals;
}

/** One call of one operation, from *authorize* on. Calls between services enter here too. */
export interface Call {
  requestId: string;
  service: LoadedService;
  operation: RunnableOperation;
  protocol: Protocol;
  caller: Caller;
  account: string;
  region: string;
  /** Account and Region are those of what the call names, whoever made it. */
  isLocated?: boolean;
  request: RequestFacts;
  input: Record<string, unknown>;
  /** The body that streamed in. */
  body?: StreamedBody;
  /** Events of this call and of those that it makes; appended to the record when the outermost ends. */
  events: LogEntry[];
  afterCommit: (() => void | Promise<void>)[];
  /** How many calls between services lead here; 0 for a client's own. */
  depth?: number;
  /** How many deliveries led to this call; 0 for a client's own. */
  hops?: number;
  /** The call waited for something, and the time for that is over. */
  waited?: boolean;
}

export type Outcome =
  | { output: Record<string, unknown>; error?: never }
  | { error: AwsError; output?: never };

export type CallScope = Omit<Call, "operation" | "input" | "protocol"> & Partial<Call>;
