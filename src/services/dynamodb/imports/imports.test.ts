import { gzipSync } from "node:zlib";
import { GetLogEventsCommand } from "@aws-sdk/client-cloudwatch-logs";
import type { AttributeValue, DynamoDB, ImportTableCommandInput } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newBucket, put } from "../../s3/testing.ts";
import { dynamoClients, eventually, newTable, tableName, userClients } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const S = (text: string) => ({ S: text });

async function ended(ImportArn: string | undefined) {
  const { ImportTableDescription } = await eventually(
    () => dynamodb.describeImport({ ImportArn }),
    (answer) => answer.ImportTableDescription?.ImportStatus !== "IN_PROGRESS",
  );
  return ImportTableDescription ?? {};
}

type Definition = Partial<NonNullable<ImportTableCommandInput["TableCreationParameters"]>>;

function definition(more: Definition = {}) {
  return {
    TableName: tableName(),
    BillingMode: "PAY_PER_REQUEST" as const,
    KeySchema: [{ AttributeName: "p", KeyType: "HASH" as const }],
    AttributeDefinitions: [{ AttributeName: "p", AttributeType: "S" as const }],
    ...more,
  };
}

/** Imports what these objects hold, into a new table. */
async function imported(
  objects: Record<string, string | Buffer>,
  input: Partial<ImportTableCommandInput> = {},
  more: Definition = {},
) {
  const S3Bucket = await newBucket(root.s3);
  for (const [key, body] of Object.entries(objects)) await put(root.s3, S3Bucket, key, body);
  const TableCreationParameters = definition(more);
  const begun = await dynamodb.importTable({
    S3BucketSource: { S3Bucket },
    InputFormat: "DYNAMODB_JSON",
    TableCreationParameters,
    ...input,
  });
  const result = await ended(begun.ImportTableDescription?.ImportArn);
  const { TableName } = TableCreationParameters;
  const scan = await dynamodb.scan({ TableName }).catch(() => undefined);
  return { S3Bucket, TableName, result, items: scan?.Items };
}

const line = (Item: Record<string, AttributeValue>) => `${JSON.stringify({ Item })}\n`;

async function loggedErrors(ImportArn: string | undefined) {
  const logStreamName = `${ImportArn?.split("/").at(-1)}/error`;
  const { events = [] } = await root.logs.send(
    new GetLogEventsCommand({ logGroupName: "/aws-dynamodb/imports", logStreamName, startFromHead: true }),
  );
  return events.map(({ message }) => JSON.parse(message ?? ""));
}

describe("an import", () => {
  it("of DynamoDB JSON makes a table with its indexes", async () => {
    const global = {
      IndexName: "global",
      KeySchema: [{ AttributeName: "g", KeyType: "HASH" as const }],
      Projection: { ProjectionType: "KEYS_ONLY" as const },
    };
    const names = Array.from({ length: 250 }, (_, i) => `item-${i}`);
    const { TableName, result, items } = await imported(
      {
        "data/1": names.map((p) => line({ p: S(p), g: S("all"), n: { N: "1.50" } })).join(""),
        "data/2": line({ p: S("last") }),
      },
      {},
      {
        AttributeDefinitions: ["p", "g"].map((AttributeName) => ({ AttributeName, AttributeType: "S" })),
        GlobalSecondaryIndexes: [global],
      },
    );
    expect(result).toMatchObject({
      ImportStatus: "COMPLETED",
      ErrorCount: 0,
      ProcessedItemCount: 251,
      ImportedItemCount: 251,
      InputCompressionType: "NONE",
      S3BucketSource: { S3BucketOwner: cloudkeep.accountId },
      CloudWatchLogGroupArn: `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:/aws-dynamodb/imports:*`,
      TableCreationParameters: { TableName, GlobalSecondaryIndexes: [global] },
    });
    expect(items?.find(({ p }) => p?.S === "item-7")).toEqual({
      p: S("item-7"),
      g: S("all"),
      n: { N: "1.5" },
    });
    const { Count } = await dynamodb.query({
      TableName,
      IndexName: "global",
      KeyConditionExpression: "g = :g",
      ExpressionAttributeValues: { ":g": S("all") },
    });
    expect(Count).toBe(250);
    expect((await dynamodb.describeTable({ TableName })).Table?.TableStatus).toBe("ACTIVE");
  });

  it("of CSV takes the first line as names, or what is given; attributes of keys have their types", async () => {
    const types: Definition = {
      AttributeDefinitions: [{ AttributeName: "p", AttributeType: "N" }],
    };
    const plain = await imported(
      { "a.csv": 'p,title\r\n1,"The ""best"", of\nall"\r\n2,\r\n' },
      { InputFormat: "CSV" },
      types,
    );
    expect(plain.result).toMatchObject({ ImportStatus: "COMPLETED", ProcessedItemCount: 2 });
    expect(plain.result.InputFormatOptions).toBeUndefined();
    expect(plain.items?.sort((a, b) => Number(a.p?.N) - Number(b.p?.N))).toEqual([
      { p: { N: "1" }, title: S('The "best", of\nall') },
      { p: { N: "2" }, title: S("") },
    ]);
    const Csv = { Delimiter: ";", HeaderList: ["p", "v"] };
    const named = await imported(
      { "a.csv": "1;x\n", "b.csv": "2;y" },
      { InputFormat: "CSV", InputFormatOptions: { Csv } },
      types,
    );
    expect(named.result).toMatchObject({ ImportStatus: "COMPLETED", InputFormatOptions: { Csv } });
    expect(named.items).toHaveLength(2);
  });

  it("of Amazon Ion takes what an export would write", async () => {
    const { result, items } = await imported(
      {
        good: `$ion_1_0 {Item:{p:"a\\"\\u00e9",'n n':-1.50d2,b:{{eA==}},s:$dynamodb_NS::[1.,2],l:[true,null,{x:"y"}]}}\n`,
        bad: "$ion_1_0 {Item:{p:2020-01-01}}\n",
      },
      { InputFormat: "ION" },
    );
    expect(result).toMatchObject({ ProcessedItemCount: 2, ImportedItemCount: 1, ErrorCount: 1 });
    expect(items).toEqual([
      {
        p: S('a"é'),
        "n n": { N: "-150" },
        b: { B: new Uint8Array([0x78]) },
        s: { NS: ["1", "2"] },
        l: { L: [{ BOOL: true }, { NULL: true }, { M: { x: S("y") } }] },
      },
    ]);
  });

  it("opens what is compressed; what is not cannot be read", async () => {
    const body = line({ p: S("a") });
    const options = { InputCompressionType: "GZIP" as const };
    const good = await imported({ a: gzipSync(body) }, options);
    expect(good.result).toMatchObject({ ImportStatus: "COMPLETED", ImportedItemCount: 1 });
    const bad = await imported({ a: body }, options);
    expect(bad.result).toMatchObject({
      ImportStatus: "FAILED",
      FailureCode: "ItemValidationError",
      ProcessedItemCount: 1,
      ImportedItemCount: 0,
    });
    expect(bad.items).toEqual([]);
  });

  it("counts and logs what is wrong, and keeps the rest", async () => {
    const lines = [
      line({ p: S("1") }),
      line({ q: S("no key") }),
      line({ p: { N: "1" } }),
      line({ p: S("2") }),
    ];
    const { result, items, S3Bucket } = await imported({ "x.json": lines.join("") });
    expect(result).toMatchObject({
      ImportStatus: "FAILED",
      FailureCode: "ItemValidationError",
      FailureMessage:
        "Some of the items failed validation checks and were not imported. Please check CloudWatch error logs for more details.",
      ErrorCount: 2,
      ProcessedItemCount: 4,
      ImportedItemCount: 2,
    });
    expect(items).toHaveLength(2);
    const errors = await loggedErrors(result.ImportArn);
    expect(errors[0]).toEqual({
      itemS3Pointer: { bucket: S3Bucket, key: "x.json", itemIndex: 1 },
      importArn: result.ImportArn,
      errorMessages: ["One or more parameter values were invalid: Missing the key p in the item"],
    });
    expect(errors[1].itemS3Pointer.itemIndex).toBe(2);
  });

  it("passes over what follows a line that is no item", async () => {
    const good = (p: string) => line({ p: S(p) });
    const { result } = await imported({
      "1.json": `${good("1")}${good("2")}garbage\n${good("3")}`,
      "2.json": good("4"),
    });
    expect(result).toMatchObject({ ErrorCount: 1, ProcessedItemCount: 4, ImportedItemCount: 3 });
  });

  it("of no objects makes an empty table; of no bucket, none", async () => {
    const none = await imported({ other: "x" }, {});
    expect(none.result.ErrorCount).toBe(1);
    const S3Bucket = await newBucket(root.s3);
    const empty = await imported({}, { S3BucketSource: { S3Bucket, S3KeyPrefix: "absent" } });
    expect(empty.result).toMatchObject({ ImportStatus: "COMPLETED", ProcessedItemCount: 0 });
    expect(empty.items).toEqual([]);
    const absent = await imported({}, { S3BucketSource: { S3Bucket: "nobodys-bucket" } });
    expect(absent.result).toMatchObject({ ImportStatus: "FAILED", FailureCode: "S3NoSuchBucket" });
    expect(absent.items).toBeUndefined();
  });

  it("takes what an export wrote", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    await dynamodb.updateContinuousBackups({
      TableName,
      PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
    });
    const item = { p: S("a"), b: { B: Buffer.from("x") }, l: { L: [{ M: { t: { BOOL: true } } }] } };
    await dynamodb.putItem({ TableName, Item: item });
    const S3Bucket = await newBucket(root.s3);
    const { Table } = await dynamodb.describeTable({ TableName });
    const { ExportDescription } = await dynamodb.exportTableToPointInTime({
      TableArn: Table?.TableArn,
      S3Bucket,
    });
    const ExportArn = ExportDescription?.ExportArn;
    await eventually(
      () => dynamodb.describeExport({ ExportArn }),
      (answer) => answer.ExportDescription?.ExportStatus === "COMPLETED",
    );
    const S3KeyPrefix = `AWSDynamoDB/${ExportArn?.split("/").at(-1)}/data/`;
    const back = await imported(
      {},
      { S3BucketSource: { S3Bucket, S3KeyPrefix }, InputCompressionType: "GZIP" },
    );
    expect(back.items).toEqual([{ ...item, b: { B: new Uint8Array(Buffer.from("x")) } }]);
  });

  it("reads, and logs, as whoever asked for it", async () => {
    const S3Bucket = await newBucket(root.s3);
    await put(root.s3, S3Bucket, "a", line({ p: S("a") }));
    const user = await userClients(
      cloudkeep,
      root.iam,
      { Action: "dynamodb:*", Resource: "*" },
      { Action: ["logs:CreateLogGroup", "logs:CreateLogStream"], Resource: "*" },
    );
    const begun = await user.dynamodb.importTable({
      S3BucketSource: { S3Bucket },
      InputFormat: "DYNAMODB_JSON",
      TableCreationParameters: definition(),
    });
    expect(await ended(begun.ImportTableDescription?.ImportArn)).toMatchObject({
      ImportStatus: "FAILED",
      FailureCode: "S3AccessDenied",
    });
  });
});
