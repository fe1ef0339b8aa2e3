import { randomText } from "../../kit/ids.ts";
import type { IndexRow, KeyAttribute, KeySchema, KeyType, Throughput } from "./tables.ts";
import { invalidParameter, validation } from "./words.ts";

/** Definitions of tables and indexes, as requests give them, checked. */

export interface GivenAttribute {
  AttributeName: string;
  AttributeType: string;
}

export interface GivenKey {
  AttributeName: string;
  KeyType: string;
}

export interface GivenProjection {
  ProjectionType?: string | undefined;
  NonKeyAttributes?: string[] | undefined;
}

export interface GivenThroughput {
  ReadCapacityUnits: number;
  WriteCapacityUnits: number;
}

export interface GivenIndex {
  IndexName: string;
  KeySchema: GivenKey[];
  Projection: GivenProjection;
  ProvisionedThroughput?: GivenThroughput | undefined;
  OnDemandThroughput?:
    | { MaxReadRequestUnits?: number | undefined; MaxWriteRequestUnits?: number | undefined }
    | undefined;
  WarmThroughput?:
    | { ReadUnitsPerSecond?: number | undefined; WriteUnitsPerSecond?: number | undefined }
    | undefined;
}

const maxLocalIndexes = 5;
const maxGlobalIndexes = 20;
/** NonKeyAttributes over all of a table's indexes. */
const maxProjected = 100;
/** Attributes of each kind in the key of a global index. */
const maxKeyParts = 4;

/** "[a, b]" */
function listed(names: readonly string[]): string {
  return `[${names.join(", ")}]`;
}

export function readAttributes(given: readonly GivenAttribute[] | undefined): KeyAttribute[] {
  if (given === undefined) {
    throw invalidParameter("No Attribute Schema Defined: AttributeDefinitions is missing");
  }
  const seen = new Set<string>();
  for (const { AttributeName } of given) {
    if (seen.has(AttributeName)) {
      throw invalidParameter(
        `Some AttributeDefinitions are duplicates: Duplicate AttributeName in AttributeDefinitions: ${AttributeName}`,
      );
    }
    seen.add(AttributeName);
  }
  return given.map(({ AttributeName, AttributeType }) => ({
    name: AttributeName,
    type: AttributeType as KeyType,
  }));
}

/** The key of a table or index; `parts` is how many attributes of each kind it may have. */
export function readKey(
  given: readonly GivenKey[],
  attributes: readonly KeyAttribute[],
  parts: number,
): KeySchema {
  const names = given.map(({ AttributeName }) => AttributeName);
  if (given[0]?.KeyType !== "HASH")
    throw validation("Invalid KeySchema: The first KeySchemaElement is not a HASH key type");
  const hash = given.filter(({ KeyType }) => KeyType === "HASH");
  const range = given.filter(({ KeyType }) => KeyType === "RANGE");
  if (given.length > 2 && parts === 1) {
    throw validation(
      "1 validation error detected: Value at 'keySchema' failed to satisfy constraint: Member must have length less than or equal to 2",
    );
  }
  if (parts === 1 && given.length === 2 && given[1]?.KeyType !== "RANGE")
    throw validation("Invalid KeySchema: The second KeySchemaElement is not a RANGE key type");
  if (hash.length > parts || range.length > parts) {
    throw invalidParameter(
      `Invalid KeySchema: Number of ${hash.length > parts ? "HASH" : "RANGE"} key attributes exceeds the limit of ${parts}`,
    );
  }
  const firstRange = given.findIndex(({ KeyType }) => KeyType === "RANGE");
  if (firstRange >= 0 && given.slice(firstRange).some(({ KeyType }) => KeyType === "HASH"))
    throw invalidParameter("Invalid KeySchema: HASH key attributes must come before RANGE key attributes");
  if (new Set(names).size !== names.length) {
    throw invalidParameter(
      parts === 1
        ? "Both the Hash Key and the Range Key element in the KeySchema have the same name"
        : `Invalid KeySchema: Duplicate attribute names: ${listed(names)}`,
    );
  }
  const missing = names.filter((name) => !attributes.some((one) => one.name === name));
  if (missing.length > 0) {
    throw invalidParameter(
      `Some index key attributes are not defined in AttributeDefinitions. Keys: ${listed(missing)}, AttributeDefinitions: ${listed(attributes.map(({ name }) => name))}`,
    );
  }
  const find = ({ AttributeName }: GivenKey) =>
    attributes.find(({ name }) => name === AttributeName) as KeyAttribute;
  return { hash: hash.map(find), range: range.map(find) };
}

/** Attributes that are defined must be in a key. */
export function checkAllUsed(attributes: readonly KeyAttribute[], keys: readonly KeySchema[]): void {
  const used = new Set(keys.flatMap(({ hash, range }) => [...hash, ...range].map(({ name }) => name)));
  if (attributes.every(({ name }) => used.has(name))) return;
  throw invalidParameter(
    `Some AttributeDefinitions are not used in any index or table key: Number of attributes in KeySchema does not exactly match number of attributes defined in AttributeDefinitions. AttributeDefinitions: ${listed(attributes.map(({ name }) => name))}, keys used: ${listed([...used])}`,
  );
}

function readProjection(given: GivenProjection): IndexRow["projection"] {
  const { ProjectionType: type, NonKeyAttributes: attributes } = given;
  if (type === undefined) throw invalidParameter("Unknown ProjectionType: null");
  if (type !== "ALL" && type !== "KEYS_ONLY" && type !== "INCLUDE")
    throw invalidParameter(`Unknown ProjectionType: ${type}`);
  if (type === "INCLUDE") {
    if (attributes === undefined || attributes.length === 0) {
      throw invalidParameter("ProjectionType is INCLUDE, but NonKeyAttributes is not specified");
    }
    if (new Set(attributes).size !== attributes.length) {
      throw invalidParameter(`Duplicate attribute names in NonKeyAttributes: ${listed(attributes)}`);
    }
    return { type, attributes };
  }
  if (attributes !== undefined)
    throw invalidParameter(`ProjectionType is ${type}, but NonKeyAttributes is specified`);
  return { type };
}

const indexNameForm = /^[a-zA-Z0-9_.-]+$/;

function checkIndexName(name: string): void {
  if (name.length < 3 || name.length > 255 || !indexNameForm.test(name)) {
    throw validation(
      `Invalid index name ${name}: index names must be between 3 and 255 characters long, and may contain only the characters a-z, A-Z, 0-9, '_', '-', and '.'`,
    );
  }
}

export function readIndex(
  given: GivenIndex,
  kind: IndexRow["kind"],
  attributes: readonly KeyAttribute[],
  table: { name: string; key: KeySchema },
): IndexRow {
  checkIndexName(given.IndexName);
  const key = readKey(given.KeySchema, attributes, kind === "global" ? maxKeyParts : 1);
  if (kind === "local") {
    if (key.range.length === 0) {
      throw invalidParameter(`Index KeySchema does not have a range key for index: ${given.IndexName}`);
    }
    if (key.hash[0]?.name !== table.key.hash[0]?.name) {
      throw invalidParameter(
        `Index KeySchema does not have the same leading hash key as table KeySchema for index: ${given.IndexName}. index hash key: ${key.hash[0]?.name}, table hash key: ${table.key.hash[0]?.name}`,
      );
    }
  }
  const { OnDemandThroughput: onDemand, WarmThroughput: warm } = given;
  return {
    name: given.IndexName,
    kind,
    key,
    projection: readProjection(given.Projection),
    status: "ACTIVE",
    store: randomText(12, "lower36"),
    ...(onDemand && {
      onDemand: readOnDemand(onDemand),
    }),
    ...(warm && { warm: { read: warm.ReadUnitsPerSecond ?? 0, write: warm.WriteUnitsPerSecond ?? 0 } }),
  };
}

export function readOnDemand({
  MaxReadRequestUnits: read,
  MaxWriteRequestUnits: write,
}: NonNullable<GivenIndex["OnDemandThroughput"]>) {
  return { ...(read !== undefined && { read }), ...(write !== undefined && { write }) };
}

/** All indexes of one table. */
export function checkIndexes(indexes: readonly IndexRow[]): void {
  const seen = new Set<string>();
  for (const { name } of indexes) {
    if (seen.has(name)) throw invalidParameter(`Duplicate index name: ${name}`);
    seen.add(name);
  }
  const count = (kind: IndexRow["kind"]) => indexes.filter((index) => index.kind === kind).length;
  if (count("local") > maxLocalIndexes) {
    throw invalidParameter(`Number of LocalSecondaryIndexes exceeds per-table limit of ${maxLocalIndexes}`);
  }
  if (count("global") > maxGlobalIndexes) {
    throw invalidParameter(`GlobalSecondaryIndex count exceeds the per-table limit of ${maxGlobalIndexes}`);
  }
  const projected = indexes.reduce((sum, { projection }) => sum + (projection.attributes?.length ?? 0), 0);
  if (projected > maxProjected) {
    throw invalidParameter(
      `The total number of attributes projected into all of the table's indexes exceeds the limit of ${maxProjected}`,
    );
  }
}

export function readThroughput(
  given: GivenThroughput | undefined,
  mode: "PROVISIONED" | "PAY_PER_REQUEST",
  where = "",
): Throughput {
  if (mode === "PAY_PER_REQUEST") {
    if (given !== undefined) {
      throw invalidParameter(
        "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST",
      );
    }
    return { read: 0, write: 0 };
  }
  if (given === undefined) {
    throw invalidParameter(
      where === ""
        ? "ReadCapacityUnits and WriteCapacityUnits must both be specified when BillingMode is PROVISIONED"
        : `ProvisionedThroughput must be specified for index: ${where}`,
    );
  }
  return { read: given.ReadCapacityUnits, write: given.WriteCapacityUnits };
}
