import type { DynamoDB, ExportTableToPointInTimeCommandInput } from "@aws-sdk/client-dynamodb";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newBucket } from "../../s3/testing.ts";
import { dynamoClients, newTable } from "../testing.ts";

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  ({ dynamodb } = dynamoClients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

const minuteMs = 60_000;

async function recoverable(more: Parameters<typeof newTable>[1] = {}) {
  const TableName = await newTable(dynamodb, { types: { p: "S" }, ...more });
  await dynamodb.updateContinuousBackups({
    TableName,
    PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
  });
  const { Table } = await dynamodb.describeTable({ TableName });
  return { TableName, TableArn: Table?.TableArn ?? "" };
}

describe("requests to export", () => {
  it("are refused at once where the table cannot be told of", async () => {
    const S3Bucket = "anything";
    const TableName = await newTable(dynamodb, { types: { p: "S" } });
    const { Table } = await dynamodb.describeTable({ TableName });
    const off = await errorOf(dynamodb.exportTableToPointInTime({ TableArn: Table?.TableArn, S3Bucket }));
    expect([off.name, off.message]).toEqual([
      "PointInTimeRecoveryUnavailableException",
      `Point in time recovery is not enabled for table '${TableName}'`,
    ]);
    const { TableArn } = await recoverable();
    const now = cloudkeep.clock.now();
    const span = (fromMs: number, toMs: number) => ({
      ExportType: "INCREMENTAL_EXPORT" as const,
      IncrementalExportSpecification: {
        ExportFromTime: new Date(now + fromMs),
        ExportToTime: new Date(now + toMs),
      },
    });
    const refusals: [Partial<ExportTableToPointInTimeCommandInput>, string, RegExp][] = [
      [{ TableArn: `${TableArn}-absent` }, "TableNotFoundException", /^Table not found: arn:/],
      [{ ExportTime: new Date(now + minuteMs) }, "InvalidExportTimeException", /^Export Time is invalid$/],
      [{ ExportTime: new Date(now - 9e8) }, "InvalidExportTimeException", /^Export Time is invalid$/],
      [span(-1e8, 0), "InvalidExportTimeException", /less than the table creation time/],
      [span(1000, 2e9), "InvalidExportTimeException", /greater than the current time/],
      [{ ExportType: "INCREMENTAL_EXPORT" }, "ValidationException", /Specification expected/],
      [{ S3SseKmsKeyId: "alias/aws/s3" }, "ValidationException", /KMS Key Id is not supported/],
    ];
    for (const [input, name, words] of refusals) {
      const error = await errorOf(dynamodb.exportTableToPointInTime({ TableArn, S3Bucket, ...input }));
      expect([input, error.name]).toEqual([input, name]);
      expect(error.message).toMatch(words);
    }
  });

  it("count once for one token, and are listed newest first", async () => {
    const { TableArn } = await recoverable();
    const S3Bucket = await newBucket(root.s3);
    const begin = (ClientToken: string, more = {}) =>
      dynamodb.exportTableToPointInTime({ TableArn, S3Bucket, ClientToken, ...more });
    const first = (await begin("token")).ExportDescription?.ExportArn;
    expect((await begin("token")).ExportDescription?.ExportArn).toBe(first);
    const conflict = await errorOf(begin("token", { S3Prefix: "other" }));
    expect(conflict.name).toBe("ExportConflictException");
    const second = (await begin("another")).ExportDescription?.ExportArn;
    const page = await dynamodb.listExports({ TableArn, MaxResults: 1 });
    expect(page.ExportSummaries).toMatchObject([{ ExportArn: second, ExportType: "FULL_EXPORT" }]);
    const rest = await dynamodb.listExports({ TableArn, NextToken: page.NextToken });
    expect(rest.ExportSummaries?.map(({ ExportArn }) => ExportArn)).toEqual([first]);
    expect(rest.NextToken).toBeUndefined();
    const absent = await errorOf(dynamodb.describeExport({ ExportArn: `${first}0` }));
    expect(absent.name).toBe("ExportNotFoundException");
  });
});
