import type { ReplicaRow, TableRow } from "../tables.ts";
import { shownReading } from "./overrides.ts";

/** What DescribeTable tells of a global table's other Regions. What a replica has not for itself is left out. */

const version = "2019.11.21";

type ShownWarm = { ReadUnitsPerSecond: number; WriteUnitsPerSecond: number; Status: "ACTIVE" | "UPDATING" };

function shownReplica({ region, status, kmsKeyArn, overrides = {} }: ReplicaRow, warm: ShownWarm) {
  const { tableClass, indexes } = overrides;
  return {
    RegionName: region,
    ReplicaStatus: status,
    ...(kmsKeyArn !== undefined && { KMSMasterKeyId: kmsKeyArn }),
    ...shownReading(overrides),
    ...(indexes && {
      GlobalSecondaryIndexes: Object.entries(indexes).map(([IndexName, own]) => ({
        IndexName,
        ...shownReading(own),
      })),
    }),
    ...(tableClass !== undefined && { ReplicaTableClassSummary: { TableClass: tableClass as "STANDARD" } }),
    WarmThroughput: warm,
  };
}

export function shownReplicas({ replicas }: TableRow, warm: ShownWarm) {
  if (replicas === undefined) return {};
  return { GlobalTableVersion: version, Replicas: replicas.map((one) => shownReplica(one, warm)) };
}
