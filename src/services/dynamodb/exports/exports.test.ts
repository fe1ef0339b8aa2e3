import { createHash } from "node:crypto";
import { gunzipSync } from "node:zlib";
import type {
  AttributeValue,
  DynamoDB,
  ExportTableToPointInTimeCommandInput,
} from "@aws-sdk/client-dynamodb";
import { CreateKeyCommand, DisableKeyCommand } from "@aws-sdk/client-kms";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, startForTest } from "../../../../test/harness.ts";
import type { Cloudkeep } from "../../../start.ts";
import { newBucket } from "../../s3/testing.ts";
import { dynamoClients, eventually, newTable, userClients } from "../testing.ts";

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
type Item = Record<string, AttributeValue>;
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

const put = (TableName: string, Item: Item) => dynamodb.putItem({ TableName, Item });

async function textOf(Bucket: string, Key: string): Promise<Buffer> {
  const { Body } = await root.s3.send(new GetObjectCommand({ Bucket, Key }));
  return Buffer.from((await Body?.transformToByteArray()) ?? []);
}

async function ended(ExportArn: string | undefined, client = dynamodb) {
  const { ExportDescription } = await eventually(
    () => client.describeExport({ ExportArn }),
    (answer) => answer.ExportDescription?.ExportStatus !== "IN_PROGRESS",
  );
  return ExportDescription ?? {};
}

/** Exports, and reads what was written by its manifests. */
async function exported(input: Partial<ExportTableToPointInTimeCommandInput> & { TableArn: string }) {
  const S3Bucket = input.S3Bucket ?? (await newBucket(root.s3));
  const begun = await dynamodb.exportTableToPointInTime({ ...input, S3Bucket });
  const description = await ended(begun.ExportDescription?.ExportArn);
  expect(description).toMatchObject({ ExportStatus: "COMPLETED" });
  const summary = JSON.parse(String(await textOf(S3Bucket, description.ExportManifest ?? "")));
  const files = String(await textOf(S3Bucket, summary.manifestFilesS3Key))
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  const lines: string[] = [];
  for (const { dataFileS3Key, md5Checksum, itemCount } of files) {
    const body = await textOf(S3Bucket, dataFileS3Key);
    expect(createHash("md5").update(body).digest("base64")).toBe(md5Checksum);
    const found = String(gunzipSync(body)).split("\n").filter(Boolean);
    expect(found).toHaveLength(itemCount);
    lines.push(...found);
  }
  return { S3Bucket, description, summary, files, lines };
}

const byKey = (a: { p?: AttributeValue }, b: { p?: AttributeValue }) =>
  (a.p?.S ?? "").localeCompare(b.p?.S ?? "");

describe("an export of a table", () => {
  it("is written in AWS's layout", async () => {
    const { TableName, TableArn } = await recoverable();
    const items: Item[] = [
      { p: S("a"), n: { N: "1.5" }, b: { B: Buffer.from("bytes") }, m: { M: { x: { BOOL: true } } } },
      { p: S("b"), l: { L: [{ NULL: true }, S("x")] }, s: { SS: ["one", "two"] } },
    ];
    for (const item of items) await put(TableName, item);
    const { S3Bucket, description, summary, files, lines } = await exported({
      TableArn,
      S3Prefix: "backups/",
    });
    const id = description.ExportArn?.split("/").at(-1);
    expect(id).toMatch(/^\d{14}-[0-9a-f]{8}$/);
    expect(description).toMatchObject({
      TableArn,
      ExportFormat: "DYNAMODB_JSON",
      S3SseAlgorithm: "AES256",
      S3Prefix: "backups/",
      ExportManifest: `backups/AWSDynamoDB/${id}/manifest-summary.json`,
      ItemCount: 2,
    });
    expect(summary).toMatchObject({
      version: "2020-06-30",
      exportArn: description.ExportArn,
      s3Bucket: S3Bucket,
      s3SseKmsKeyId: null,
      itemCount: 2,
      outputFormat: "DYNAMODB_JSON",
    });
    expect(files[0].dataFileS3Key).toMatch(
      new RegExp(`^backups/AWSDynamoDB/${id}/data/[a-z0-9]{26}\\.json\\.gz$`),
    );
    const { Contents = [] } = await root.s3.send(new ListObjectsV2Command({ Bucket: S3Bucket }));
    const names = Contents.map(({ Key }) => Key?.replace(`backups/AWSDynamoDB/${id}/`, ""));
    expect(names).toEqual(
      expect.arrayContaining([
        "_started",
        "manifest-files.json",
        "manifest-files.md5",
        "manifest-summary.json",
        "manifest-summary.md5",
      ]),
    );
    expect(lines.map((line) => JSON.parse(line).Item).sort(byKey)).toEqual([
      { ...items[0], b: { B: Buffer.from("bytes").toString("base64") } },
      items[1],
    ]);
  });

  it("shows a table of many pages as it was at a time", async () => {
    const { TableName, TableArn } = await recoverable();
    const count = 450;
    for (let i = 0; i < count; i += 25) {
      const Items = Array.from({ length: 25 }, (_, k) => ({ p: S(`item-${i + k}`), v: S("old") }));
      await dynamodb.batchWriteItem({
        RequestItems: { [TableName]: Items.map((Item) => ({ PutRequest: { Item } })) },
      });
    }
    await cloudkeep.clock.advance(5 * minuteMs);
    const ExportTime = new Date(Math.floor(cloudkeep.clock.now() / 1000) * 1000);
    await cloudkeep.clock.advance(5 * minuteMs);
    await put(TableName, { p: S("item-7"), v: S("new") });
    await put(TableName, { p: S("later"), v: S("new") });
    await dynamodb.deleteItem({ TableName, Key: { p: S("item-8") } });
    const { lines } = await exported({ TableArn, ExportTime });
    const found = lines.map((line) => JSON.parse(line).Item);
    expect(found).toHaveLength(count);
    expect(new Set(found.map(({ v }) => v.S))).toEqual(new Set(["old"]));
    expect(new Set(found.map(({ p }) => p.S)).size).toBe(count);
  });

  it("tells of changes between two times", async () => {
    const { TableName, TableArn } = await recoverable();
    for (const p of ["changed", "deleted", "untouched", "changed-later"])
      await put(TableName, { p: S(p), v: S("1") });
    await cloudkeep.clock.advance(minuteMs);
    const ExportFromTime = new Date(Math.ceil(cloudkeep.clock.now() / 1000) * 1000);
    await cloudkeep.clock.advance(minuteMs);
    await put(TableName, { p: S("changed"), v: S("2") });
    await put(TableName, { p: S("changed"), v: S("3") });
    await put(TableName, { p: S("changed-later"), v: S("2") });
    await put(TableName, { p: S("new"), v: S("1") });
    await put(TableName, { p: S("gone"), v: S("1") });
    await dynamodb.deleteItem({ TableName, Key: { p: S("gone") } });
    await dynamodb.deleteItem({ TableName, Key: { p: S("deleted") } });
    await cloudkeep.clock.advance(20 * minuteMs);
    const ExportToTime = new Date(Math.floor(cloudkeep.clock.now() / 1000) * 1000);
    await cloudkeep.clock.advance(minuteMs);
    await put(TableName, { p: S("changed-later"), v: S("9") });
    await put(TableName, { p: S("much-later"), v: S("9") });
    const asked = (ExportViewType: "NEW_IMAGE" | "NEW_AND_OLD_IMAGES") =>
      exported({
        TableArn,
        ExportType: "INCREMENTAL_EXPORT",
        IncrementalExportSpecification: { ExportFromTime, ExportToTime, ExportViewType },
      });
    const { lines, files, summary, description } = await asked("NEW_AND_OLD_IMAGES");
    const found = Object.fromEntries(
      lines.map((line) => {
        const { Keys, OldImage, NewImage, Metadata } = JSON.parse(line);
        const at = Number(Metadata.WriteTimestampMicros.N) / 1000;
        expect(at).toBeGreaterThanOrEqual(ExportFromTime.getTime());
        expect(at).toBeLessThan(ExportToTime.getTime());
        return [Keys.p.S, [OldImage?.v.S, NewImage?.v.S]];
      }),
    );
    expect(found).toEqual({
      changed: ["1", "3"],
      "changed-later": ["1", "2"],
      new: [undefined, "1"],
      deleted: ["1", undefined],
    });
    expect(files[0].dataFileS3Key).toMatch(/^AWSDynamoDB\/data\//);
    expect(summary).toMatchObject({
      version: "2023-08-01",
      exportType: "INCREMENTAL_EXPORT",
      outputView: "NEW_AND_OLD_IMAGES",
      exportFromTime: ExportFromTime.toISOString(),
    });
    expect(description.ExportType).toBe("INCREMENTAL_EXPORT");
    const newOnly = await asked("NEW_IMAGE");
    const shown = newOnly.lines.map((line) => Object.keys(JSON.parse(line)).join());
    expect(shown.sort()).toEqual(["Metadata,Keys", ...Array(3).fill("Metadata,Keys,NewImage")]);
  });

  it("may be in Amazon Ion", async () => {
    const { TableName, TableArn } = await recoverable();
    await put(TableName, {
      p: S('say "hi"'),
      "a-b": { N: "103" },
      s: { NS: ["1.5"] },
      b: { B: Buffer.from("x") },
      none: { NULL: true },
    });
    const { lines, files } = await exported({ TableArn, ExportFormat: "ION" });
    expect(files[0].dataFileS3Key).toMatch(/\.ion\.gz$/);
    expect(lines).toEqual([
      '$ion_1_0 {Item:{p:"say \\"hi\\"","a-b":103.,s:$dynamodb_NS::[1.5],b:{{eA==}},none:null}}',
    ]);
  });

  it("of an empty table has one file, and can be sealed under a KMS key, as the table can", async () => {
    const { KeyMetadata } = await root.kms.send(new CreateKeyCommand({}));
    const KMSMasterKeyId = KeyMetadata?.Arn ?? "";
    const sealed = await recoverable({ SSESpecification: { Enabled: true, SSEType: "KMS", KMSMasterKeyId } });
    const empty = await exported({ ...sealed, S3SseAlgorithm: "KMS", S3SseKmsKeyId: KMSMasterKeyId });
    expect(empty.files).toHaveLength(1);
    const [Key] = empty.files.map(({ dataFileS3Key }) => dataFileS3Key);
    const head = await root.s3.send(new HeadObjectCommand({ Bucket: empty.S3Bucket, Key }));
    expect(head).toMatchObject({ ServerSideEncryption: "aws:kms", SSEKMSKeyId: KMSMasterKeyId });
    await put(sealed.TableName, { p: S("a") });
    expect((await exported(sealed)).lines).toEqual(['{"Item":{"p":{"S":"a"}}}']);
    await root.kms.send(new DisableKeyCommand({ KeyId: KMSMasterKeyId }));
    await cloudkeep.clock.advance(6 * minuteMs);
    const { TableArn } = sealed;
    const closed = await dynamodb.exportTableToPointInTime({ TableArn, S3Bucket: empty.S3Bucket });
    expect(await ended(closed.ExportDescription?.ExportArn)).toMatchObject({
      ExportStatus: "FAILED",
      FailureCode: "AccessDeniedException",
    });
  });

  it("fails with S3's words", async () => {
    const { TableArn } = await recoverable();
    const { ExportDescription } = await dynamodb.exportTableToPointInTime({ TableArn, S3Bucket: "nobodys" });
    expect(ExportDescription?.ExportStatus).toBe("IN_PROGRESS");
    const failed = await ended(ExportDescription?.ExportArn);
    expect(failed).toMatchObject({ ExportStatus: "FAILED", FailureCode: "S3NoSuchBucket" });
    expect(failed.FailureMessage).toMatch(/^The specified bucket does not exist \(Service: Amazon S3; /);
  });

  it("writes as whoever asked for it", async () => {
    const { TableArn } = await recoverable();
    const S3Bucket = await newBucket(root.s3);
    const mayExport = { Action: "dynamodb:*", Resource: "*" };
    const mayWrite = {
      Action: "s3:PutObject",
      Resource: `arn:aws:s3:::${S3Bucket}/*`,
      Condition: { "ForAnyValue:StringEquals": { "aws:CalledVia": "dynamodb.amazonaws.com" } },
    };
    for (const [statements, status] of [
      [[mayExport], "FAILED"],
      [[mayExport, mayWrite], "COMPLETED"],
    ] as const) {
      const user = await userClients(cloudkeep, root.iam, ...statements);
      const { ExportDescription } = await user.dynamodb.exportTableToPointInTime({ TableArn, S3Bucket });
      const { ExportStatus, FailureCode } = await ended(ExportDescription?.ExportArn, user.dynamodb);
      expect(ExportStatus).toBe(status);
      expect(FailureCode).toBe(status === "FAILED" ? "S3AccessDenied" : undefined);
    }
  });
});
