import type { IndexRow, ReplicaOverrides, TableRow } from "../tables.ts";

/** Settings that a replica has for itself: how much is read of it, and its table class. */

interface GivenOverrides {
  ProvisionedThroughputOverride?: { ReadCapacityUnits?: number | undefined } | undefined;
  OnDemandThroughputOverride?: { MaxReadRequestUnits?: number | undefined } | undefined;
}

export interface GivenReplica extends GivenOverrides {
  RegionName?: string;
  KMSMasterKeyId?: string | undefined;
  TableClassOverride?: string | undefined;
  GlobalSecondaryIndexes?: (GivenOverrides & { IndexName: string })[] | undefined;
}

function reading(given: GivenOverrides) {
  const read = given.ProvisionedThroughputOverride?.ReadCapacityUnits;
  const onDemandRead = given.OnDemandThroughputOverride?.MaxReadRequestUnits;
  return { ...(read !== undefined && { read }), ...(onDemandRead !== undefined && { onDemandRead }) };
}

export function overridesOf(given: GivenReplica): ReplicaOverrides {
  const { TableClassOverride: tableClass, GlobalSecondaryIndexes: indexes } = given;
  return {
    ...reading(given),
    ...(tableClass !== undefined && { tableClass }),
    ...(indexes && { indexes: Object.fromEntries(indexes.map((one) => [one.IndexName, reading(one)])) }),
  };
}

export function joined(held: ReplicaOverrides = {}, more: ReplicaOverrides): ReplicaOverrides {
  const indexes = { ...held.indexes, ...more.indexes };
  return { ...held, ...more, ...(Object.keys(indexes).length > 0 && { indexes }) };
}

type Reading = { read?: number; onDemandRead?: number };

function overridden<Row extends Pick<IndexRow, "throughput" | "onDemand">>(row: Row, own: Reading): Row {
  const { read, onDemandRead } = own;
  return {
    ...row,
    ...(read !== undefined && { throughput: { write: 0, ...row.throughput, read } }),
    ...(onDemandRead !== undefined && { onDemand: { ...row.onDemand, read: onDemandRead } }),
  };
}

/** A replica's table with what it has for itself; the rest is as in the table that it is a replica of. */
export function withOverrides(table: TableRow, overrides: ReplicaOverrides, { region }: TableRow): TableRow {
  if (region === table.region) return table;
  const { tableClass } = overrides;
  return {
    ...overridden(table, overrides),
    ...(tableClass !== undefined && { tableClass: { name: tableClass } }),
    indexes: table.indexes.map((index) => overridden(index, overrides.indexes?.[index.name] ?? {})),
  };
}

export function shownReading({ read, onDemandRead }: Reading) {
  return {
    ...(read !== undefined && { ProvisionedThroughputOverride: { ReadCapacityUnits: read } }),
    ...(onDemandRead !== undefined && { OnDemandThroughputOverride: { MaxReadRequestUnits: onDemandRead } }),
  };
}
