import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { onTable } from "../access.ts";
import { dynamodb } from "../contract.ts";
import { indexNamed, locate } from "../find.ts";
import type { AutoScalingRow, ScalingRow, ScalingTarget, TableRow } from "../tables.ts";
import { validation } from "../words.ts";
import { othersOf, putTable } from "./members.ts";

/**
 * Auto scaling of a global table's provisioned capacity. It is kept and shown; nothing scales.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/V2globaltables_reqs_bestpractices.html
 */

const maxPolicyName = 255;

interface GivenScaling {
  MinimumUnits?: number | undefined;
  MaximumUnits?: number | undefined;
  AutoScalingDisabled?: boolean | undefined;
  AutoScalingRoleArn?: string | undefined;
  ScalingPolicyUpdate?:
    | {
        PolicyName?: string | undefined;
        TargetTrackingScalingPolicyConfiguration: Record<string, unknown> | undefined;
      }
    | undefined;
}

interface GivenUpdate {
  GlobalSecondaryIndexUpdates?: {
    IndexName?: string;
    ProvisionedWriteCapacityAutoScalingUpdate?: GivenScaling;
  }[];
  ProvisionedWriteCapacityAutoScalingUpdate?: GivenScaling;
  ReplicaUpdates?: {
    RegionName: string;
    ReplicaProvisionedReadCapacityAutoScalingUpdate?: GivenScaling;
    ReplicaGlobalSecondaryIndexUpdates?: {
      IndexName?: string;
      ProvisionedReadCapacityAutoScalingUpdate?: GivenScaling;
    }[];
  }[];
}

/** A table of a global table, with the others. */
async function membersNamed(given: string, ctx: Context): Promise<TableRow[]> {
  const { name, table } = await locate(given, ctx);
  if (table?.replicas === undefined)
    throw new AwsError("ResourceNotFoundException", `Global table with name: '${name}' does not exist.`);
  return [table, ...(await othersOf(table, ctx))];
}

function shownScaling(row: ScalingRow | undefined) {
  if (row === undefined) return { AutoScalingDisabled: true };
  const { min, max, roleArn, policy } = row;
  return {
    MinimumUnits: min,
    MaximumUnits: max,
    ...(roleArn !== undefined && { AutoScalingRoleArn: roleArn }),
    ScalingPolicies: [
      { PolicyName: policy.name, TargetTrackingScalingPolicyConfiguration: { ...policy.target } },
    ],
  };
}

function shownMember(table: TableRow, first: TableRow) {
  const scaling = table.autoScaling ?? {};
  const globals = table.indexes.filter(({ kind }) => kind === "global");
  const status = first.replicas?.find(({ region }) => region === table.region)?.status ?? "ACTIVE";
  return {
    RegionName: table.region,
    ReplicaStatus: status,
    ReplicaProvisionedReadCapacityAutoScalingSettings: shownScaling(scaling[""]?.read),
    ReplicaProvisionedWriteCapacityAutoScalingSettings: shownScaling(scaling[""]?.write),
    GlobalSecondaryIndexes: globals.map(({ name, status: IndexStatus }) => ({
      IndexName: name,
      IndexStatus,
      ProvisionedReadCapacityAutoScalingSettings: shownScaling(scaling[name]?.read),
      ProvisionedWriteCapacityAutoScalingSettings: shownScaling(scaling[name]?.write),
    })),
  };
}

function shownMembers(members: readonly TableRow[]) {
  const [first] = members as [TableRow];
  return {
    TableAutoScalingDescription: {
      TableName: first.name,
      TableStatus: first.status,
      Replicas: members.map((one) => shownMember(one, first)),
    },
  };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTableReplicaAutoScaling.html */
export const describeTableReplicaAutoScaling = dynamodb.operation("DescribeTableReplicaAutoScaling", {
  access: onTable("DescribeTableReplicaAutoScaling"),
  async handle({ TableName }, ctx) {
    return shownMembers(await membersNamed(TableName, ctx as Context));
  },
});

function required(name: string, given: GivenScaling, words: string): AwsError | undefined {
  const missing = (["MaximumUnits", "MinimumUnits", "ScalingPolicyUpdate"] as const).filter(
    (member) => given[member] === undefined,
  );
  if (missing.length === 0) return undefined;
  const list = missing.map((member) => `'${member}'`).join(", ");
  return validation(
    `Failed to update settings for global table with name: ‘${name}’: Parameters ${list} ${words}`,
  );
}

/** Undefined where it is turned off. */
function readScaling(table: TableRow, kind: string, given: GivenScaling): ScalingRow | undefined {
  if (given.AutoScalingDisabled) return undefined;
  const wrong = required(table.name, given, "are required unless auto scaling is being disabled.");
  if (wrong !== undefined) throw wrong;
  const { PolicyName, TargetTrackingScalingPolicyConfiguration: target } = given.ScalingPolicyUpdate ?? {};
  const name = PolicyName ?? `DynamoDB${kind}CapacityUtilization:table/${table.name}`.slice(0, maxPolicyName);
  return {
    min: given.MinimumUnits as number,
    max: given.MaximumUnits as number,
    ...(given.AutoScalingRoleArn !== undefined && { roleArn: given.AutoScalingRoleArn }),
    policy: { name, target: target as unknown as ScalingTarget },
  };
}

type Kind = "read" | "write";

function withScaling(
  held: AutoScalingRow,
  of: string,
  kind: Kind,
  row: ScalingRow | undefined,
): AutoScalingRow {
  const { [kind]: _, ...rest } = held[of] ?? {};
  return { ...held, [of]: row === undefined ? rest : { ...rest, [kind]: row } };
}

/** What is asked for one table: of its own capacity under "", and of its indexes. */
function asked({ region }: TableRow, input: GivenUpdate): [of: string, kind: Kind, given: GivenScaling][] {
  const replica = input.ReplicaUpdates?.find(({ RegionName }) => RegionName === region);
  const all: [string, Kind, GivenScaling | undefined][] = [
    ["", "write", input.ProvisionedWriteCapacityAutoScalingUpdate],
    ["", "read", replica?.ReplicaProvisionedReadCapacityAutoScalingUpdate],
    ...(input.GlobalSecondaryIndexUpdates ?? []).map((one): [string, Kind, GivenScaling | undefined] => [
      one.IndexName ?? "",
      "write",
      one.ProvisionedWriteCapacityAutoScalingUpdate,
    ]),
    ...(replica?.ReplicaGlobalSecondaryIndexUpdates ?? []).map(
      (one): [string, Kind, GivenScaling | undefined] => [
        one.IndexName ?? "",
        "read",
        one.ProvisionedReadCapacityAutoScalingUpdate,
      ],
    ),
  ];
  return all.filter((one): one is [string, Kind, GivenScaling] => one[2] !== undefined);
}

function checkProvisioned(members: readonly TableRow[], input: GivenUpdate): void {
  const turnsOn = members.some((one) =>
    asked(one, input).some(([, , given]) => given.AutoScalingDisabled !== true),
  );
  const [first] = members as [TableRow];
  if (!turnsOn || first.billing.mode === "PROVISIONED") return;
  const regions = members.map(({ region }) => `'${region}'`).join(", ");
  const name = input.ProvisionedWriteCapacityAutoScalingUpdate
    ? "ProvisionedWriteCapacityAutoScalingSettingsUpdate"
    : "ReplicaProvisionedReadCapacityAutoScalingSettingsUpdate";
  throw validation(
    `Failed to update global table with name ‘${first.name}‘. Replicas ${regions} BillingMode is PayPerRequest. You must convert table's BillingMode to PROVISIONED to set parameters: '${name}'.`,
  );
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateTableReplicaAutoScaling.html */
export const updateTableReplicaAutoScaling = dynamodb.operation("UpdateTableReplicaAutoScaling", {
  access: onTable("UpdateTableReplicaAutoScaling"),
  async handle(given, ctx) {
    const input = given as GivenUpdate;
    const members = await membersNamed(given.TableName, ctx as Context);
    const [first] = members as [TableRow];
    if (members.every((one) => asked(one, input).length === 0)) {
      throw validation(
        `Failed to update settings for global table with name: ‘${first.name}’: because at least one update parameter must be specified.`,
      );
    }
    checkProvisioned(members, input);
    const changed = members.map((table) => scaled(table, input));
    for (const table of changed) putTable(table, ctx as Context);
    return shownMembers(changed);
  },
});

function scaled(table: TableRow, input: GivenUpdate): TableRow {
  let autoScaling = table.autoScaling ?? {};
  for (const [of, kind, given] of asked(table, input)) {
    if (of !== "" && indexNamed(table, of)?.kind !== "global") {
      throw new AwsError("ResourceNotFoundException", `Requested resource not found: Index: ${of} not found`);
    }
    const row = readScaling(table, kind === "read" ? "Read" : "Write", given);
    autoScaling = withScaling(autoScaling, of, kind, row);
  }
  return { ...table, autoScaling };
}
