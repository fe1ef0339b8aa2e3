import { afterEach, beforeEach, describe } from "vitest";
import { atCommitSuite } from "./suite/atCommit.ts";
import { conflictSuite } from "./suite/conflicts.ts";
import type { ExercisedStore } from "./suite/helpers.ts";
import { logSuite } from "./suite/logs.ts";
import { rangeSuite } from "./suite/ranges.ts";
import { rowSuite } from "./suite/rows.ts";
import { savepointSuite } from "./suite/savepoints.ts";
import { serializabilitySuite } from "./suite/serializability.ts";

export interface Exercise {
  /** Gives a new, empty store. */
  open(): Promise<ExercisedStore>;
  /** Called after each test; closes and removes the store. */
  dispose(store: ExercisedStore): Promise<void>;
}

/** What every backend must pass. */
export function exerciseStore(name: string, exercise: Exercise): void {
  describe(name, () => {
    let store: ExercisedStore;
    beforeEach(async () => {
      store = await exercise.open();
    });
    afterEach(() => exercise.dispose(store));
    const current = () => store;
    rowSuite(current);
    rangeSuite(current);
    conflictSuite(current);
    savepointSuite(current);
    atCommitSuite(current);
    logSuite(current);
    serializabilitySuite(current);
  });
}
