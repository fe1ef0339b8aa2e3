import type { Row } from "./record.ts";

/** Takes rows, and makes something of them when they have ended. */
export interface Stage {
  push(row: Row): void;
  end(): void;
}

/** A stage before the one that takes its rows. */
export type Before = (next: Stage) => Stage;

/** Rows that a query may ask for. */
export const maxLimit = 100_000;
/** Groups that a command keeps. */
export const maxGroups = 1_000_000;
