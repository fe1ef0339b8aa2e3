import type { Context } from "../../kit/context.ts";
import { randomText, uuid } from "../../kit/ids.ts";
import { onTable } from "./access.ts";
import { dynamodb } from "./contract.ts";
import { shownEncryption, shownTable } from "./describe.ts";
import { type GivenEncryption, newEncryption } from "./encryption.ts";
import { checkName, existingTable, locate, tableArn } from "./find.ts";
import { checkPolicy } from "./policyDocument.ts";
import {
  checkAllUsed,
  checkIndexes,
  type GivenIndex,
  readAttributes,
  readIndex,
  readKey,
  readOnDemand,
  readThroughput,
} from "./schema.ts";
import { newStream } from "./tableStreams.ts";
import { type IndexRow, type KeyAttribute, type KeySchema, type TableRow, tables } from "./tables.ts";
import { checkTags, tagsOf } from "./tagRules.ts";
import { invalidParameter, validation } from "./words.ts";

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html */

interface IndexInput {
  LocalSecondaryIndexes?: GivenIndex[] | undefined;
  GlobalSecondaryIndexes?: GivenIndex[] | undefined;
}

function readIndexes(
  { LocalSecondaryIndexes: locals, GlobalSecondaryIndexes: globals }: IndexInput,
  attributes: readonly KeyAttribute[],
  table: { name: string; key: KeySchema },
  mode: "PROVISIONED" | "PAY_PER_REQUEST",
): IndexRow[] {
  if (locals?.length === 0) throw invalidParameter("List of LocalSecondaryIndexes is empty");
  if (globals?.length === 0) throw invalidParameter("List of GlobalSecondaryIndexes is empty");
  if (locals !== undefined && table.key.range.length === 0) {
    throw invalidParameter(
      "Table KeySchema does not have a range key, which is required when specifying a LocalSecondaryIndex",
    );
  }
  const indexes = [
    ...(locals ?? []).map((given) => readIndex(given, "local", attributes, table)),
    ...(globals ?? []).map((given) => ({
      ...readIndex(given, "global", attributes, table),
      throughput: readThroughput(given.ProvisionedThroughput, mode, given.IndexName),
    })),
  ];
  checkIndexes(indexes);
  return indexes;
}

export interface TableInput extends IndexInput {
  TableName: string;
  AttributeDefinitions?: { AttributeName: string; AttributeType: string }[] | undefined;
  KeySchema?: { AttributeName: string; KeyType: string }[] | undefined;
  BillingMode?: string | undefined;
  ProvisionedThroughput?: { ReadCapacityUnits: number; WriteCapacityUnits: number } | undefined;
  OnDemandThroughput?: GivenIndex["OnDemandThroughput"];
  WarmThroughput?: GivenIndex["WarmThroughput"];
  DeletionProtectionEnabled?: boolean | undefined;
  TableClass?: string | undefined;
}

/** A row for a table as it is asked for; without its stream, its KMS key, its policy and its tags. */
export function newTable(input: TableInput, ctx: Context): TableRow {
  const { TableName, KeySchema, TableClass, OnDemandThroughput: onDemand, WarmThroughput: warm } = input;
  const name = TableName.startsWith("arn:") ? TableName.slice(TableName.lastIndexOf("/") + 1) : TableName;
  const mode = input.BillingMode === "PAY_PER_REQUEST" ? "PAY_PER_REQUEST" : "PROVISIONED";
  const throughput = readThroughput(input.ProvisionedThroughput, mode);
  const attributes = readAttributes(input.AttributeDefinitions);
  if (KeySchema === undefined) throw invalidParameter("No KeySchema Defined");
  const key = readKey(KeySchema, attributes, 1);
  const indexes = readIndexes(input, attributes, { name, key }, mode);
  checkAllUsed(attributes, [key, ...indexes.map((index) => index.key)]);
  const now = ctx.clock.now();
  return {
    name,
    account: ctx.account,
    region: ctx.region,
    id: uuid(),
    arn: tableArn(ctx.account, ctx.region, name),
    created: now,
    status: "ACTIVE",
    key,
    attributes,
    indexes,
    store: randomText(12, "lower36"),
    secret: randomText(43, "mixed62"),
    billing: { mode, ...(mode === "PAY_PER_REQUEST" && { changedAt: now }) },
    throughput,
    ...(onDemand && { onDemand: readOnDemand(onDemand) }),
    ...(warm && { warm: { read: warm.ReadUnitsPerSecond ?? 0, write: warm.WriteUnitsPerSecond ?? 0 } }),
    ...(TableClass !== undefined && { tableClass: { name: TableClass } }),
    deletionProtected: input.DeletionProtectionEnabled ?? false,
    tags: {},
  };
}

export const createTable = dynamodb.operation("CreateTable", {
  access: onTable("CreateTable", ({ Tags }) => ({ requestTags: Tags })),
  async handle(input, ctx) {
    checkName(input.TableName);
    if (input.VectorIndexes !== undefined || input.GlobalTableSourceArn !== undefined) {
      throw validation("Vector indexes and global tables are not built here.");
    }
    const bare = newTable(input as TableInput, ctx as Context);
    const { table: standing } = await locate(bare.name, ctx);
    if (standing !== undefined) {
      throw ctx.error("ResourceInUseException", `Table already exists: ${bare.name}`);
    }
    if (input.Tags !== undefined) checkTags(input.Tags);
    if (input.ResourcePolicy !== undefined) checkPolicy(input.ResourcePolicy);
    const stream = newStream(bare, input.StreamSpecification, ctx as Context);
    const encryption = await newEncryption(
      bare,
      input.SSESpecification as GivenEncryption | undefined,
      ctx as Context,
    );
    const table: TableRow = {
      ...bare,
      tags: tagsOf(input.Tags ?? []),
      ...(stream && { stream }),
      ...(encryption && { encryption }),
      ...(input.ResourcePolicy !== undefined && {
        policy: { document: input.ResourcePolicy, revision: String(Math.floor(ctx.clock.now())) },
      }),
    };
    tables.put(ctx.tx, [table.account, table.region, table.name], table);
    const shown = shownTable(table, { status: "CREATING", indexStatus: "CREATING" });
    return {
      TableDescription: { ...shown, ...(encryption && { SSEDescription: shownEncryption(table) }) },
    };
  },
});

/** https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_DescribeTable.html */
export const describeTable = dynamodb.operation("DescribeTable", {
  access: onTable("DescribeTable"),
  async handle({ TableName }, ctx) {
    return { Table: shownTable(await existingTable(TableName, ctx)) };
  },
});
