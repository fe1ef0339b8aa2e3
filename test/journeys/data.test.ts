import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { zipOf } from "../../src/services/lambda/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { policyOf, startForTest } from "../harness.ts";
import { aws, environment, hasCli } from "./unmodified.ts";

/** Tables, streams, functions and deliveries, with the AWS CLI as it is: its waiters, its pages, its shorthand. */

let cloudkeep: Cloudkeep;
let folder: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  folder = mkdtempSync(join(tmpdir(), "cloudkeep-journey-"));
});
afterAll(async () => {
  await cloudkeep.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** What a command prints, as JSON; undefined where it prints nothing. */
async function cli(line: string, ...more: string[]): Promise<unknown> {
  const stdout = await aws(environment(cloudkeep), ...line.split(" "), ...more, "--output", "json");
  return stdout.trim() === "" ? undefined : JSON.parse(stdout);
}

describe.skipIf(!hasCli)("the AWS CLI", () => {
  it("keeps items in a table", async () => {
    await cli(
      "dynamodb create-table --table-name orders --billing-mode PAY_PER_REQUEST --key-schema AttributeName=p,KeyType=HASH AttributeName=c,KeyType=RANGE --attribute-definitions AttributeName=p,AttributeType=S AttributeName=c,AttributeType=N",
    );
    await cli("dynamodb wait table-exists --table-name orders");
    for (const c of ["1", "2", "3"]) {
      const item = { p: { S: "a" }, c: { N: c } };
      await cli("dynamodb put-item --table-name orders --item", JSON.stringify(item));
    }
    const values = ["--expression-attribute-values", '{":p":{"S":"a"}}'];
    const where = ["--key-condition-expression", "p = :p", "--query", "Items[].c.N"];
    expect(await cli("dynamodb query --table-name orders --page-size 1", ...values, ...where)).toEqual([
      "1",
      "2",
      "3",
    ]);
    expect(await cli("dynamodb scan --table-name orders --max-items 1 --query NextToken")).toEqual(
      expect.any(String),
    );
    const refused = cli(
      "dynamodb transact-write-items --transact-items",
      '[{"ConditionCheck":{"TableName":"orders","Key":{"p":{"S":"z"},"c":{"N":"1"}},"ConditionExpression":"attribute_exists(p)"}}]',
    );
    await expect(refused).rejects.toThrow(/TransactionCanceledException.*\[ConditionalCheckFailed\]/);
    await cli("dynamodb delete-table --table-name orders");
    await cli("dynamodb wait table-not-exists --table-name orders");
  }, 120_000);

  it("puts records into a stream and reads them", async () => {
    await cli("kinesis create-stream --stream-name clicks --shard-count 1");
    await cli("kinesis wait stream-exists --stream-name clicks");
    const data = join(folder, "click");
    writeFileSync(data, "click");
    const put = `kinesis put-record --stream-name clicks --partition-key 1 --data fileb://${data}`;
    expect(await cli(put)).toMatchObject({ ShardId: "shardId-000000000000" });
    const from =
      "kinesis get-shard-iterator --stream-name clicks --shard-id shardId-000000000000 --shard-iterator-type TRIM_HORIZON --query ShardIterator";
    const iterator = String(await cli(from));
    expect(await cli(`kinesis get-records --query Records[].Data --shard-iterator ${iterator}`)).toEqual([
      "Y2xpY2s=",
    ]);
  }, 120_000);

  it("makes a function, and delivers to a bucket", async () => {
    const trust = join(folder, "trust.json");
    const Service = ["lambda.amazonaws.com", "firehose.amazonaws.com"];
    writeFileSync(trust, policyOf({ Principal: { Service }, Action: "sts:AssumeRole" }));
    const role = await cli(
      `iam create-role --role-name work --assume-role-policy-document file://${trust} --query Role.Arn`,
    );
    const admin = "arn:aws:iam::aws:policy/AdministratorAccess";
    await cli(`iam attach-role-policy --role-name work --policy-arn ${admin}`);
    const code = join(folder, "code.zip");
    writeFileSync(code, zipOf({ "index.js": "exports.handler = async () => process.env.SAID;" }));
    await cli(
      `lambda create-function --function-name say --runtime nodejs20.x --handler index.handler --role ${role} --zip-file fileb://${code} --timeout 60`,
    );
    await cli("lambda wait function-active --function-name say");
    await cli(
      "lambda update-function-configuration --function-name say --environment Variables={SAID=hello}",
    );
    await cli("lambda wait function-updated --function-name say");
    const out = join(folder, "out.json");
    expect(await cli(`lambda invoke --function-name say ${out}`)).toMatchObject({ StatusCode: 200 });
    expect(readFileSync(out, "utf8")).toBe('"hello"');

    await aws(environment(cloudkeep), "s3", "mb", "s3://landed");
    await cli(
      `firehose create-delivery-stream --delivery-stream-name landing --extended-s3-destination-configuration RoleARN=${role},BucketARN=arn:aws:s3:::landed,BufferingHints={SizeInMBs=1,IntervalInSeconds=60}`,
    );
    // The first version of the CLI takes it as it is, the second as base64.
    const record = '{"Data":"aGVsbG8K"}';
    await cli("firehose put-record --delivery-stream-name landing --record", record);
    await cloudkeep.clock.advance(61_000);
    const listed = await cli("s3api list-objects-v2 --bucket landed --query length(Contents)");
    expect(listed).toBe(1);
  }, 120_000);
});
