/** The disk refuses (full, failing): nothing that was acknowledged is lost; try again later. */
export class StoreUnavailable extends Error {
  constructor(why: string, cause?: unknown) {
    super(`The store is unavailable: ${why}.`, { cause });
    this.name = "StoreUnavailable";
  }
}

/** What a transaction read kept changing until it ran out of runs. */
export class StoreContention extends Error {
  constructor(runs: number) {
    super(
      `A transaction was run ${runs} times, and each time what it had read changed before it could commit.`,
    );
    this.name = "StoreContention";
  }
}

/** Another process holds the data directory. */
export class StoreLocked extends Error {
  constructor(directory: string, pid: number | undefined) {
    super(`Another Cloudkeep (pid ${pid ?? "unknown"}) is using ${directory}.`);
    this.name = "StoreLocked";
  }
}

/** Files of the data directory are damaged. Nothing is served from them. */
export class StoreCorrupt extends Error {
  constructor(file: string, why: string) {
    super(`${file} is damaged: ${why}. Restore the data directory from a backup.`);
    this.name = "StoreCorrupt";
  }
}
