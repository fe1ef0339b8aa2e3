import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { randomText } from "../../../kit/ids.ts";
import { parseArn } from "../../../kit/targets.ts";
import { checkOwner, onTable } from "../access.ts";
import { dynamodb } from "../contract.ts";
import { existingTable } from "../find.ts";
import { ensureRole } from "../serviceLinkedRole.ts";
import { type DestinationRow, type TableRow, tables } from "../tables.ts";
import { validation } from "../words.ts";
import { replicationRole, replicator } from "./deliver.ts";

/**
 * Kinesis streams as destinations of a table's changes. At most one is in use; those that were disabled, or could not
 * be enabled, stay listed. https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/kds.html
 */

/** Every refusal begins so, whatever was asked. */
const badState = "Table is not in a valid state to enable Kinesis Streaming Destination: ";

const isOver = ({ status }: DestinationRow) => status === "DISABLED" || status === "ENABLE_FAILED";

function destinationNamed({ destinations }: TableRow, streamArn: string): DestinationRow | undefined {
  return destinations?.find((one) => one.streamArn === streamArn);
}

/** The table with a destination as it now is: the one that was there, or a new one in front. */
function withDestination(table: TableRow, row: DestinationRow): TableRow {
  const { destinations = [] } = table;
  const isKnown = destinations.some(({ streamArn }) => streamArn === row.streamArn);
  return {
    ...table,
    destinations: isKnown
      ? destinations.map((one) => (one.streamArn === row.streamArn ? row : one))
      : [row, ...destinations],
  };
}

function put(table: TableRow, row: DestinationRow, ctx: Context): void {
  tables.put(ctx.tx, [table.account, table.region, table.name], withDestination(table, row));
}

function shownConfiguration(precision: DestinationRow["precision"]) {
  return { ...(precision && { ApproximateCreationDateTimePrecision: precision }) };
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_EnableKinesisStreamingDestination.html */
export const enableKinesisStreamingDestination = dynamodb.operation("EnableKinesisStreamingDestination", {
  access: onTable("EnableKinesisStreamingDestination"),
  async handle({ TableName, StreamArn: streamArn, EnableKinesisStreamingConfiguration: given }, ctx) {
    const table = await existingTable(TableName, ctx);
    checkOwner(table, ctx as Context);
    if (!(table.destinations ?? []).every(isOver)) {
      throw validation(
        `${badState}EnableKinesisStreamingDestination must be DISABLED or ENABLE_FAILED to perform ENABLE operation.`,
      );
    }
    await ensureRole(replicationRole, ctx as Context);
    const precision = given?.ApproximateCreationDateTimePrecision;
    const row: DestinationRow = {
      streamArn,
      status: "ENABLING",
      ...(precision && { precision }),
      queue: randomText(12, "lower36"),
    };
    put(table, row, ctx as Context);
    const { account, region, name, store } = table;
    ctx.outbox.put("enableDestination", { name, store, streamArn }, { account, region });
    return {
      TableName: name,
      StreamArn: streamArn,
      DestinationStatus: row.status,
      EnableKinesisStreamingConfiguration: shownConfiguration(precision),
    };
  },
});

interface Enabling {
  name: string;
  store: string;
  streamArn: string;
}

/** Looks whether the stream can be used; from then on changes go to it. */
export async function enableDestination({ name, store, streamArn }: Enabling, ctx: Context): Promise<void> {
  const usable = await canUse(streamArn, ctx);
  const table = await tables.get(ctx.tx, ctx.account, ctx.region, name);
  const row = table && destinationNamed(table, streamArn);
  if (table?.store !== store || row?.status !== "ENABLING") return;
  const { description: _, ...rest } = row;
  put(
    table,
    usable
      ? { ...rest, status: "ACTIVE" }
      : {
          ...rest,
          status: "ENABLE_FAILED",
          description: "User does not have a permission to use kinesis stream",
        },
    ctx,
  );
}

async function canUse(streamArn: string, ctx: Context): Promise<boolean> {
  const arn = parseArn(streamArn);
  if (arn?.service !== "kinesis" || arn.region !== ctx.region || arn.account !== ctx.account) return false;
  const savepoint = ctx.tx.savepoint();
  try {
    const as = await replicator(ctx);
    await ctx.call("kinesis", "DescribeStream", { StreamARN: streamArn }, { as, account: ctx.account });
    return true;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
    return false;
  }
}

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DisableKinesisStreamingDestination.html */
export const disableKinesisStreamingDestination = dynamodb.operation("DisableKinesisStreamingDestination", {
  access: onTable("DisableKinesisStreamingDestination"),
  async handle({ TableName, StreamArn: streamArn, EnableKinesisStreamingConfiguration: given }, ctx) {
    const table = await existingTable(TableName, ctx);
    if (given !== undefined && Object.keys(given).length > 0) {
      throw validation("Stream cannot be disabled using EnableKinesisStreamingConfiguration parameters");
    }
    const row = destinationNamed(table, streamArn);
    if (row?.status !== "ACTIVE") {
      throw validation(`${badState}KinesisStreamingDestination must be ACTIVE to perform DISABLE operation.`);
    }
    // What was written before is still put.
    put(table, { ...row, status: "DISABLED" }, ctx as Context);
    return { TableName: table.name, StreamArn: streamArn, DestinationStatus: "DISABLING" as const };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeKinesisStreamingDestination.html */
export const describeKinesisStreamingDestination = dynamodb.operation("DescribeKinesisStreamingDestination", {
  access: onTable("DescribeKinesisStreamingDestination"),
  async handle({ TableName }, ctx) {
    const { name, destinations = [] } = await existingTable(TableName, ctx);
    return {
      TableName: name,
      KinesisDataStreamDestinations: destinations.map(({ streamArn, status, description, precision }) => ({
        StreamArn: streamArn,
        DestinationStatus: status,
        ...(description && { DestinationStatusDescription: description }),
        ...shownConfiguration(precision),
      })),
    };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_UpdateKinesisStreamingDestination.html */
export const updateKinesisStreamingDestination = dynamodb.operation("UpdateKinesisStreamingDestination", {
  access: onTable("UpdateKinesisStreamingDestination"),
  async handle({ TableName, StreamArn: streamArn, UpdateKinesisStreamingConfiguration: given }, ctx) {
    const precision = given?.ApproximateCreationDateTimePrecision;
    if (precision === undefined) {
      throw validation(
        "Streaming destination cannot be updated with given parameters: UpdateKinesisStreamingConfiguration cannot be null or contain only null values",
      );
    }
    const table = await existingTable(TableName, ctx);
    const row = destinationNamed(table, streamArn);
    if (row === undefined) {
      throw validation(
        `${badState}No streaming destination with streamArn: ${streamArn} found for table with tableName: ${table.name}`,
      );
    }
    if (row.status !== "ACTIVE") {
      throw validation(
        `${badState}Kinesis streaming is not in ACTIVE state. Updates are only allowed in ACTIVE state. TableName: ${table.name}, kdsArn: ${streamArn}`,
      );
    }
    if (row.precision === precision) {
      throw validation(
        `Invalid Request: Precision is already set to the desired value of ${precision} for tableId: ${table.id}, kdsArn: ${streamArn}`,
      );
    }
    put(table, { ...row, precision }, ctx as Context);
    return {
      TableName: table.name,
      StreamArn: streamArn,
      DestinationStatus: "UPDATING" as const,
      UpdateKinesisStreamingConfiguration: shownConfiguration(precision),
    };
  },
});
