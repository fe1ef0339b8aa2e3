import { join } from "node:path";
import type { Logger } from "pino";
import { rootCredentials } from "./bootstrap.ts";
import { Registry } from "./gateway/registry.ts";
import { listen } from "./gateway/server.ts";
import { Instance } from "./instance.ts";
import { buildDirectory } from "./kit/buildFiles.ts";
import { type Clock, MovableClock } from "./kit/clock.ts";

export { version } from "./instance.ts";

import { Bodies } from "./bodies.ts";
import { silentLog } from "./kit/log.ts";
import { services as allServices, type ServiceEntry } from "./services/index.ts";
import type { Store } from "./storage/store.ts";

export interface StartOptions {
  store: ResettableStore;
  host?: string;
  /** 0 takes a free port. */
  port?: number;
  region?: string;
  accountId?: string;
  /** Where the root credentials are kept; left out, they live only as long as the process. */
  credentialsFile?: string;
  tls?: { cert: string | Buffer; key: string | Buffer };
  log?: Logger;
  services?: Record<string, ServiceEntry>;
}

export type ResettableStore = Store & {
  reset(): Promise<void>;
  stats(): Record<string, unknown>;
  /** A store on disk has a place for large bodies; without one they lie in a temporary directory. */
  identity?: { bytesDir: string };
};

export interface Cloudkeep {
  endpoint: string;
  port: number;
  region: string;
  accountId: string;
  credentials: { accessKeyId: string; secretAccessKey: string };
  clock: AdvancingClock;
  stop(): Promise<void>;
}

/** The clock, for who started Cloudkeep. */
export interface AdvancingClock extends Clock {
  /** Moves time forward; what becomes due on the way happens in order, before this resolves. */
  advance(byMs: number): Promise<void>;
}

const contractsDirectory = join(buildDirectory, "contracts");

/** Starts the whole of Cloudkeep over an open store, which it closes when it stops. */
export async function start(options: StartOptions): Promise<Cloudkeep> {
  const { store, host = "127.0.0.1", region = "us-east-1", log = silentLog } = options;
  const credentials = rootCredentials(options.credentialsFile, options.accountId);
  const clock = new MovableClock();
  const registry = new Registry(options.services ?? allServices, contractsDirectory);
  const bodies = new Bodies(store);
  const gateway = new Instance({ store, bytes: bodies.bytes, clock, registry, region, log, credentials });
  await gateway.bootstrap();
  void bodies.bytes
    .sweep()
    .catch((error: unknown) => log.error({ err: error }, "the sweep of bodies failed"));
  const listening = await listen(
    { gateway, log, ...(options.tls && { tls: options.tls }) },
    host,
    options.port ?? 0,
  );
  const name = host.includes(":") ? `[${host}]` : host;
  gateway.endpoint = `${options.tls ? "https" : "http"}://${name}:${listening.port}`;
  await gateway.bus.start();
  await gateway.startServices();
  return {
    endpoint: gateway.endpoint,
    port: listening.port,
    region,
    accountId: credentials.accountId,
    credentials,
    clock: { now: () => clock.now(), advance: (byMs) => gateway.host.advanceClock(byMs) },
    async stop() {
      await listening.close();
      await gateway.stopServices();
      await gateway.bus.stop();
      await gateway.digests.close();
      await bodies.close();
      await store.close();
    },
  };
}
