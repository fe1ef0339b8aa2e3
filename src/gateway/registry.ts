import { readFileSync } from "node:fs";
import type { Lent } from "../kit/ports.ts";
import type { Operation, ServiceDefinition } from "../kit/service.ts";
import type { Contract } from "../protocols/contract.ts";
import { serviceCodec } from "../protocols/index.ts";
import type { OperationCodec, ServiceCodec } from "../protocols/wire.ts";
import type { ServiceEntry } from "../services/index.ts";
import type { MaybePromise } from "../storage/maybe.ts";

/** A service as the path uses it: its contract, its codec and, once loaded, its operations. */
export interface LoadedService {
  name: string;
  contract: Contract;
  codec: ServiceCodec;
  definition: ServiceDefinition;
  operations: Map<string, RunnableOperation>;
}

export interface RunnableOperation {
  name: string;
  codec: OperationCodec;
  operation: Operation;
  /** As the record calls it. */
  eventName: string;
}

/** What is known of every service without loading it. Written beside the contracts by `tools/contracts.ts`. */
interface ServiceFacts {
  service: string;
  signingName: string;
  endpointPrefix: string;
  target: string;
  apiVersion: string;
}

/** Stands in where a request is for no service that Cloudkeep has. */
const noService: Contract = {
  service: "",
  sdkId: "",
  apiVersion: "",
  signingName: "",
  endpointPrefix: "",
  target: "",
  xmlNamespace: "",
  protocols: [
    "awsQuery",
    "awsCbor1_1",
    "awsJson1_0",
    "awsJson1_1",
    "ec2Query",
    "restJson1",
    "restXml",
    "rpcv2Cbor",
  ],
  operations: {},
  shapes: {},
};

export class Registry {
  readonly #entries: Record<string, ServiceEntry>;
  readonly #contractsDirectory: string;
  readonly #loading = new Map<string, Promise<LoadedService>>();
  readonly #loaded = new Map<string, LoadedService>();
  readonly #bySigningName = new Map<string, string[]>();
  readonly #byTarget = new Map<string, string>();
  readonly #byVersion = new Map<string, string>();
  readonly #errorCodecs = new Map<string, ServiceCodec>();
  readonly #contracts = new Map<string, Contract>();
  readonly #streamed = new Map<string, boolean>();
  readonly #withEndpoints: [string, { endpoints: NonNullable<ServiceEntry["endpoints"]> }][];

  constructor(entries: Record<string, ServiceEntry>, contractsDirectory: string) {
    this.#entries = entries;
    this.#contractsDirectory = contractsDirectory;
    this.#withEndpoints = Object.entries(entries).flatMap(([name, { endpoints }]) =>
      endpoints === undefined ? [] : [[name, { endpoints }]],
    );
    const facts = JSON.parse(readFileSync(`${contractsDirectory}/index.json`, "utf8")) as ServiceFacts[];
    for (const fact of facts) {
      if (!(fact.service in entries)) continue;
      const same = this.#bySigningName.get(fact.signingName) ?? [];
      this.#bySigningName.set(fact.signingName, [...same, fact.service]);
      this.#byTarget.set(fact.target, fact.service);
      this.#byVersion.set(fact.apiVersion, fact.service);
    }
  }

  get names(): string[] {
    return Object.keys(this.#entries);
  }

  /** Services that must stand before the first call: those that provide part of the path. */
  get bootstrapNames(): string[] {
    return Object.entries(this.#entries)
      .filter(([, entry]) => entry.provides !== undefined)
      .map(([name]) => name);
  }

  /** Services that do something of their own accord. */
  get startingNames(): string[] {
    return Object.entries(this.#entries)
      .filter(([, entry]) => entry.starts !== undefined)
      .map(([name]) => name);
  }

  /** Largest body that any of the services takes, where it says so. */
  maxBodyBytes(services: readonly string[]): number | undefined {
    return services.length === 1 ? this.#entries[services[0] as string]?.maxBodyBytes : undefined;
  }

  /** Services that sign under a name; S3 and S3 Control share one. */
  bySigningName(name: string): readonly string[] {
    return this.#bySigningName.get(name) ?? [];
  }

  byTarget(prefix: string): string | undefined {
    return this.#byTarget.get(prefix);
  }

  byVersion(version: string): string | undefined {
    return this.#byVersion.get(version);
  }

  /** Services that answer unsigned calls, too, if a resource's policy lets anybody in. */
  get openServices(): readonly string[] {
    return Object.keys(this.#entries).filter((name) => this.isOpen(name));
  }

  isOpen(service: string): boolean {
    return this.#entries[service]?.open === true;
  }

  /** Whether an operation's input is a stream of bytes. */
  isStreamed(service: string, operation: string): boolean {
    const name = `${service}:${operation}`;
    let known = this.#streamed.get(name);
    if (known === undefined) {
      known = this.#takesStream(service, operation);
      this.#streamed.set(name, known);
    }
    return known;
  }

  #takesStream(service: string, operation: string): boolean {
    const contract = this.contract(service);
    const shape = contract.shapes[contract.operations[operation]?.input ?? ""];
    if (shape === undefined || !("members" in shape)) return false;
    return Object.values(shape.members).some(
      ({ streaming, shape: name }) => streaming && contract.shapes[name]?.type === "blob",
    );
  }

  /** What one service lends to others; undefined where none does. */
  async lent<Name extends keyof Lent>(name: Name): Promise<Lent[Name] | undefined> {
    const [lender] = Object.entries(this.#entries).find(([, { lends }]) => lends?.includes(name)) ?? [];
    return lender === undefined ? undefined : (await this.load(lender)).definition.lends?.[name];
  }

  /** The service that publishes a document or page, and whether it takes forms there. */
  publisher(host: string, path: string): { service: string; takesForms: boolean } | undefined {
    const found = Object.entries(this.#entries).find(
      ([, { publishes }]) => publishes?.path.test(path) && (publishes.host?.test(host) ?? true),
    );
    return found && { service: found[0], takesForms: found[1].publishes?.takesForms === true };
  }

  /** The service at whose customers' address something is asked, and which address it is. */
  endpoint(
    host: string,
    path: string,
  ): { service: string; id: string; region?: string; path: string } | undefined {
    for (const [service, { endpoints }] of this.#withEndpoints) {
      const [, id, region] = endpoints.host.exec(host) ?? [];
      if (id !== undefined) return { service, id, ...(region !== undefined && { region }), path };
      const [, inPath, rest = "/"] = endpoints.path.exec(path) ?? [];
      if (inPath !== undefined) return { service, id: inPath, path: rest };
    }
    return undefined;
  }

  contract(service: string): Contract {
    let contract = this.#contracts.get(service);
    if (contract === undefined) {
      contract = JSON.parse(readFileSync(`${this.#contractsDirectory}/${service}.json`, "utf8")) as Contract;
      this.#contracts.set(service, contract);
    }
    return contract;
  }

  /** Writes errors of a service that need not be loaded for it, or of none. */
  errorCodec(service: string | undefined): ServiceCodec {
    const name = service ?? "";
    let codec = this.#errorCodecs.get(name);
    if (codec === undefined) {
      codec = serviceCodec(service === undefined ? noService : this.contract(service));
      this.#errorCodecs.set(name, codec);
    }
    return codec;
  }

  /** A service, at once if it is loaded. */
  load(service: string): MaybePromise<LoadedService> {
    const loaded = this.#loaded.get(service);
    if (loaded !== undefined) return loaded;
    let loading = this.#loading.get(service);
    if (loading === undefined) {
      loading = this.#load(service);
      this.#loading.set(service, loading);
    }
    return loading;
  }

  async #load(service: string): Promise<LoadedService> {
    const entry = this.#entries[service];
    if (entry === undefined) throw new Error(`No service ${service}.`);
    const contract = this.contract(service);
    const definition = (await entry.load()).default;
    const codec = serviceCodec(contract);
    const operations = new Map<string, RunnableOperation>();
    for (const operation of definition.operations) {
      const compiled = codec.operation(operation.name);
      if (compiled === undefined)
        throw new Error(`${service} has no operation ${operation.name} in its contract.`);
      if (operation.access === undefined) throw new Error(`${service}:${operation.name} declares no access.`);
      operations.set(operation.name, {
        name: operation.name,
        codec: compiled,
        operation,
        eventName: definition.eventNames?.[operation.name] ?? operation.name,
      });
    }
    checkComplete(service, contract, operations, definition.missing);
    const loaded = { name: service, contract, codec, definition, operations };
    this.#loaded.set(service, loaded);
    return loaded;
  }
}

/** Start-up refuses gaps: each operation of the contract is built, or listed as missing, never both or neither. */
function checkComplete(
  service: string,
  contract: Contract,
  built: ReadonlyMap<string, unknown>,
  missing: readonly string[],
): void {
  const listed = new Set(missing);
  for (const name of Object.keys(contract.operations)) {
    if (built.has(name) === listed.has(name)) {
      throw new Error(
        `${service}:${name} is ${listed.has(name) ? "built, yet listed as missing" : "neither built nor listed as missing"}.`,
      );
    }
  }
  for (const name of listed) {
    if (!(name in contract.operations))
      throw new Error(`${service} lists ${name} as missing, which its contract does not have.`);
  }
}
