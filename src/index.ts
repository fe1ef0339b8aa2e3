import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fixedRootKey, newRootKey } from "./sealing/rootKey.ts";
import { type Cloudkeep, start } from "./start.ts";
import { LevelStore } from "./storage/level.ts";

export type { Cloudkeep } from "./start.ts";

/** Options of `startCloudkeep`; everything may be left out. */
export interface StartCloudkeepOptions {
  /** Default: a free port on 127.0.0.1. */
  port?: number;
  /** Region of calls that name none. Default: us-east-1. */
  region?: string;
  /** Default: 000000000000. */
  accountId?: string;
  /** Data directory, kept at the end. Default: a temporary one, deleted at the end. */
  dataDirectory?: string;
}

/**
 * Starts a Cloudkeep in this process, for test suites:
 *
 *     const cloudkeep = await startCloudkeep();
 *     const kms = new KMSClient(cloudkeep);   // endpoint, region and credentials fit an SDK client's options
 *     …
 *     await cloudkeep.stop();
 */
export async function startCloudkeep(options: StartCloudkeepOptions = {}): Promise<Cloudkeep> {
  const { port = 0, region = "us-east-1", accountId, dataDirectory } = options;
  const directory = dataDirectory ?? mkdtempSync(join(tmpdir(), "cloudkeep-"));
  const store = await LevelStore.open({
    dir: directory,
    // What lives only as long as this process needs no key that outlives it.
    ...(dataDirectory === undefined && { rootKey: fixedRootKey(newRootKey()) }),
  });
  const cloudkeep = await start({ store, port, region, ...(accountId !== undefined && { accountId }) });
  return {
    ...cloudkeep,
    async stop() {
      await cloudkeep.stop();
      if (dataDirectory === undefined) rmSync(directory, { recursive: true, force: true });
    },
  };
}
