import type { DynamoDB, ImportTableCommandInput } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newBucket } from "../../s3/testing.ts";
import { dynamoClients, eventually, newTable, tableName } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

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

describe("requests to import", () => {
  it("are refused at once where the table cannot be made", async () => {
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    const input = (more: Partial<ImportTableCommandInput> = {}, table: Definition = {}) => ({
      S3BucketSource: { S3Bucket: "anything" },
      InputFormat: "DYNAMODB_JSON" as const,
      TableCreationParameters: definition(table),
      ...more,
    });
    const taken = await errorOf(dynamodb.importTable(input({}, { TableName })));
    expect([taken.name, taken.message]).toEqual([
      "ResourceInUseException",
      `Table already exists: ${TableName}`,
    ]);
    const options = await errorOf(
      dynamodb.importTable(input({ InputFormatOptions: { Csv: { Delimiter: ";" } } })),
    );
    expect(options.message).toMatch(/^Invalid Request: Unsupported InputFormatOptions/);
  });

  it("are listed newest first; a token names one", async () => {
    const S3Bucket = await newBucket(root.s3);
    const ask = (ClientToken: string, TableCreationParameters = definition()) =>
      dynamodb.importTable({
        S3BucketSource: { S3Bucket },
        InputFormat: "CSV",
        ClientToken,
        TableCreationParameters,
      });
    const first = definition();
    const one = (await ask("first", first)).ImportTableDescription;
    const conflict = await errorOf(ask("first", definition()));
    expect(conflict.name).toBe("ImportConflictException");
    const two = (await ask("second")).ImportTableDescription;
    await ended(two?.ImportArn);
    const page = await dynamodb.listImports({ PageSize: 1 });
    expect(page.ImportSummaryList?.[0]?.ImportArn).toBe(two?.ImportArn);
    expect(page.NextToken).toMatch(/^([0-9a-f]{16}){7,}$/);
    const next = await dynamodb.listImports({ PageSize: 1, NextToken: page.NextToken });
    expect(next.ImportSummaryList?.[0]?.ImportArn).toBe(one?.ImportArn);
    const own = await dynamodb.listImports({ TableArn: one?.TableArn });
    expect(own.ImportSummaryList).toHaveLength(1);
  });
});
