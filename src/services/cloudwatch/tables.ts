import { table } from "../../kit/table.ts";

/** CloudWatch's state, apart from datapoints, which have rows of their own: see `store/`. */

type Scope = [account: string, region: string];

/** A metric that exists, and when it was last seen, to the hour. */
export interface MetricRow {
  lastSeen: number;
}

export const metrics = table<MetricRow, [...Scope, namespace: string, identity: string]>(
  "cloudwatch",
  "metrics",
);

/** Accounts and Regions whose old datapoints are looked after once a day. */
export const kept = table<object, Scope>("cloudwatch", "kept");
