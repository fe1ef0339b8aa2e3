import type { AttributeValue, CreateTableCommandInput, DynamoDB } from "@aws-sdk/client-dynamodb";
import type { DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import type { KinesisClient } from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { dynamoClients, eventually, recordsOf, tableName } from "../../src/services/dynamodb/testing.ts";
import { kinesisClient, newStream, readAll } from "../../src/services/kinesis/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, errorOf, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, recordedAnswers } from "./recorded.ts";

const recorded = {
  ...recordedAnswers("dynamodb/test_dynamodb.snapshot.json"),
  ...recordedAnswers("dynamodbstreams/test_dynamodb_streams.snapshot.json"),
};

/** Recordings that are not asked again, with the reason. */
const leftOut: Record<string, string> = {
  test_dynamodb_streams_describe_with_exclusive_start_shard_id: "nothing was recorded",
  test_stream_destination_records: "nothing was recorded",
};

let cloudkeep: Cloudkeep;
let dynamodb: DynamoDB;
let streams: DynamoDBStreams;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  ({ dynamodb, streams } = dynamoClients(cloudkeep, cloudkeep.credentials));
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

type Answers = Record<string, unknown>;

async function make(key: string, more: Partial<CreateTableCommandInput> = {}) {
  const TableName = more.TableName ?? tableName();
  const answer = await answerOf(
    dynamodb.createTable({
      TableName,
      KeySchema: [{ AttributeName: key, KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: key, AttributeType: "S" }],
      ...(more.BillingMode === undefined && {
        ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      }),
      ...more,
    }),
  );
  return { TableName, answer };
}

const streamed = (StreamViewType: "KEYS_ONLY" | "NEW_AND_OLD_IMAGES") => ({
  StreamSpecification: { StreamEnabled: true, StreamViewType },
});

const S = (text: string): AttributeValue => ({ S: text });

/** "An error occurred (…) when calling the … operation: …", as boto3 shows an error. */
async function shownError(operation: string, call: Promise<unknown>): Promise<string> {
  const { name, message } = await errorOf(call);
  return `An error occurred (${name}) when calling the ${operation} operation: ${message}`;
}

/** Bytes as Python shows them. */
function shownBytes(item: Record<string, AttributeValue> | undefined): Answers {
  return Object.fromEntries(
    Object.entries(item ?? {}).map(([name, value]) => [
      name,
      value.B === undefined
        ? value
        : {
            B: `b'${[...value.B].map((byte) => (byte < 128 ? String.fromCharCode(byte) : `\\x${byte.toString(16)}`)).join("")}'`,
          },
    ]),
  );
}

async function describedStream(TableName: string): Promise<Answers> {
  const { Streams = [] } = await streams.listStreams({ TableName });
  const answer = await answerOf(streams.describeStream({ StreamArn: Streams[0]?.StreamArn }));
  const text = JSON.stringify(answer, (name, value: unknown) =>
    name === "StartingSequenceNumber" ? "starting-sequence-number" : value,
  );
  const described = JSON.parse(text) as { StreamDescription: Answers };
  described.StreamDescription.CreationRequestDateTime = new Date();
  return described;
}

/** What is said of a table's Kinesis streams once one is in use. */
const active = (TableName: string) =>
  eventually(
    () => answerOf(dynamodb.describeKinesisStreamingDestination({ TableName })),
    (answer) => JSON.stringify(answer).includes("ACTIVE"),
  );

const recordings: Record<string, () => Promise<Answers>> = {
  async test_valid_local_secondary_index() {
    const TableName = tableName();
    const key = (AttributeName: string, KeyType: "HASH" | "RANGE") => ({ AttributeName, KeyType });
    await dynamodb.createTable({
      TableName,
      BillingMode: "PAY_PER_REQUEST",
      KeySchema: [key("PK", "HASH"), key("SK", "RANGE")],
      AttributeDefinitions: [
        { AttributeName: "PK", AttributeType: "S" },
        { AttributeName: "SK", AttributeType: "S" },
        { AttributeName: "LSI1SK", AttributeType: "N" },
      ],
      LocalSecondaryIndexes: [
        {
          IndexName: "LSI1",
          KeySchema: [key("PK", "HASH"), key("LSI1SK", "RANGE")],
          Projection: { ProjectionType: "ALL" },
        },
      ],
    });
    await dynamodb.putItem({ TableName, Item: { PK: S("test one"), SK: S("hello"), LSI1SK: { N: "123" } } });
    return {
      Items: await answerOf(
        dynamodb.query({
          TableName,
          IndexName: "LSI1",
          KeyConditionExpression: "PK = :v",
          ExpressionAttributeValues: { ":v": S("test one") },
        }),
      ),
    };
  },
  async test_return_values_in_put_item() {
    const { TableName } = await make("id");
    const put = (id: string, data: string, ReturnValues?: "ALL_OLD" | "NONE") =>
      answerOf(dynamodb.putItem({ TableName, Item: { id: S(id), data: S(data) }, ReturnValues }));
    return {
      PutFirstItem: await put("id1", "foobar"),
      PutFirstItemOLD: await put("id1", "foobar", "ALL_OLD"),
      PutFirstItemB: await put("id1", "foobar", "ALL_OLD"),
      PutSecondItem: await put("id2", "foobar", "ALL_OLD"),
      PutSecondItemReturnNone: await put("id2", "foobar", "NONE"),
    };
  },
  async test_empty_and_binary_values() {
    const { TableName } = await make("id");
    const put = (id: string, data: AttributeValue) =>
      answerOf(dynamodb.putItem({ TableName, Item: { id: S(id), data } }));
    return {
      PutFirstItem: await put("id1", S("")),
      PutSecondItem: await put("id2", { B: Buffer.from([0x90]) }),
    };
  },
  async test_batch_write_binary() {
    const { TableName } = await make("PK");
    const Item = { PK: S("hello"), data: { B: Buffer.from([1, 2, 3]) } };
    const RequestItems = { [TableName]: [{ PutRequest: { Item } }] };
    return { Response: await answerOf(dynamodb.batchWriteItem({ RequestItems })) };
  },
  async test_batch_write_items() {
    const { TableName } = await make("id");
    await dynamodb.putItem({ TableName, Item: { id: S("Fred") } });
    const RequestItems = {
      [TableName]: [
        { DeleteRequest: { Key: { id: S("Fred") } } },
        { PutRequest: { Item: { id: S("Bob") } } },
      ],
    };
    return { BatchWriteResponse: await answerOf(dynamodb.batchWriteItem({ RequestItems })) };
  },
  async test_dynamodb_get_batch_items() {
    const { TableName } = await make("id");
    const RequestItems = { [TableName]: { Keys: [{ id: S("test-key") }] } };
    const { Responses, ...rest } = await answerOf(dynamodb.batchGetItem({ RequestItems }));
    return { Response: { ...rest, Responses: { "<test-table>": (Responses as Answers)[TableName] } } };
  },
  async test_batch_write_not_matching_schema() {
    const { TableName } = await make("id");
    const RequestItems = { [TableName]: [{ PutRequest: { Item: { nonKey: S("hello") } } }] };
    const call = dynamodb.batchWriteItem({ RequestItems });
    return { ValidationException: await shownError("BatchWriteItem", call) };
  },
  async test_batch_write_not_existing_table() {
    const Put = { TableName: "non-existent-table", Item: { id: S("1") } };
    const call = dynamodb.transactWriteItems({ TransactItems: [{ Put }] });
    return { "exc-not-found-transact-write-items": await answerOf(call) };
  },
  async test_dynamodb_execute_transaction() {
    const { TableName } = await make("Username");
    const insert = (name: string) => ({
      Statement: `INSERT INTO "${TableName}" VALUE {'Username': '${name}'}`,
    });
    const ExecutedTransaction = await answerOf(
      dynamodb.executeTransaction({ TransactStatements: [insert("user01"), insert("user02")] }),
    );
    const TableScan = await answerOf(dynamodb.scan({ TableName }));
    const items = TableScan.Items as { Username: { S: string } }[];
    items.sort((a, b) => (a.Username.S < b.Username.S ? -1 : 1));
    return { ExecutedTransaction, TableScan };
  },
  async test_dynamodb_batch_execute_statement() {
    const { TableName } = await make("Username");
    await dynamodb.putItem({ TableName, Item: { Username: S("user02") } });
    const ExecutedStatement = await answerOf(
      dynamodb.batchExecuteStatement({
        Statements: [
          { Statement: `INSERT INTO "${TableName}" VALUE {'Username': 'user01'}` },
          { Statement: `UPDATE "${TableName}" SET Age=20 WHERE Username='user02'` },
        ],
      }),
    );
    const get = async (name: string) =>
      (await dynamodb.getItem({ TableName, Key: { Username: S(name) } })).Item;
    return { ExecutedStatement, ItemUser2: await get("user02"), ItemUser1: await get("user01") };
  },
  async test_dynamodb_partiql_missing() {
    const { TableName } = await make("Username");
    await dynamodb.putItem({ TableName, Item: { Username: S("Alice123"), FirstName: S("Alice") } });
    await dynamodb.putItem({ TableName, Item: { Username: S("Bob123") } });
    const Statement = `SELECT * FROM "${TableName}" WHERE FirstName IS NOT MISSING`;
    return { FirstNameNotMissing: (await dynamodb.executeStatement({ Statement })).Items };
  },
  async test_dynamodb_execute_statement_empy_parameter() {
    const { TableName } = await make("Artist");
    const Statement = `SELECT * FROM "${TableName}"`;
    const call = dynamodb.executeStatement({ Statement, Parameters: [] });
    return { "invalid-param-error": await answerOf(call) };
  },
  async test_create_duplicate_table() {
    const { TableName } = await make("id");
    const again = dynamodb.createTable({
      TableName,
      KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
      BillingMode: "PAY_PER_REQUEST",
    });
    return { Error: await shownError("CreateTable", again) };
  },
  async test_dynamodb_pay_per_request() {
    const call = dynamodb.createTable({
      TableName: tableName(),
      KeySchema: [{ AttributeName: "PK", KeyType: "HASH" }],
      AttributeDefinitions: [{ AttributeName: "PK", AttributeType: "S" }],
      ProvisionedThroughput: { ReadCapacityUnits: 5, WriteCapacityUnits: 5 },
      BillingMode: "PAY_PER_REQUEST",
    });
    return { Error: await shownError("CreateTable", call) };
  },
  async test_transaction_write_items() {
    const { TableName } = await make("id");
    const arn = (await dynamodb.describeTable({ TableName })).Table?.TableArn;
    const write = (name: string | undefined) =>
      answerOf(
        dynamodb.transactWriteItems({
          TransactItems: [
            { Put: { TableName: name, Item: { id: S("test1") } } },
            { Put: { TableName: name, Item: { id: S("test2") } } },
            {
              Update: {
                TableName: name,
                Key: { id: S("test3") },
                UpdateExpression: "SET attr1 = :v1, attr2 = :v2",
                ExpressionAttributeValues: { ":v1": S("value1"), ":v2": S("value2") },
              },
            },
          ],
        }),
      );
    return { Response: await write(TableName), Response_using_table_arn: await write(arn) };
  },
  async test_transaction_write_canceled() {
    const { TableName } = await make("id");
    const call = dynamodb.transactWriteItems({
      TransactItems: [
        { ConditionCheck: { TableName, Key: { id: S("foo") }, ConditionExpression: "attribute_exists(id)" } },
        { Put: { TableName, Item: { id: S("bar") } } },
      ],
    });
    return { Error: await shownError("TransactWriteItems", call) };
  },
  async test_transaction_write_binary_data() {
    const { TableName } = await make("id");
    const Item = { id: S("someUser"), binaryData: { B: Buffer.from("foobar") } };
    const WriteResponse = await answerOf(
      dynamodb.transactWriteItems({ TransactItems: [{ Put: { TableName, Item } }] }),
    );
    const got = await dynamodb.getItem({ TableName, Key: { id: S("someUser") } });
    return { WriteResponse, GetItem: shownBytes(got.Item) };
  },
  async test_transact_get_items() {
    const { TableName } = await make("id");
    const arn = (await dynamodb.describeTable({ TableName })).Table?.TableArn;
    for (const id of ["John", "Sarah"]) await dynamodb.putItem({ TableName, Item: { id: S(id) } });
    const get = (name: string | undefined, id: string) =>
      answerOf(
        dynamodb.transactGetItems({ TransactItems: [{ Get: { TableName: name, Key: { id: S(id) } } }] }),
      );
    return {
      TransactGetItems: await get(TableName, "John"),
      "TransactGetItems-with-TableArn": await get(arn, "Sarah"),
    };
  },
  async test_dynamodb_idempotent_writing() {
    const { TableName } = await make("id");
    const write = () =>
      answerOf(
        dynamodb.transactWriteItems({
          ClientRequestToken: "dedupe_token",
          TransactItems: [{ Put: { TableName, Item: { id: S("id1"), name: S("name1") } } }],
        }),
      );
    return { Response1: await write(), Response2: await write() };
  },
  async test_data_encoding_consistency() {
    const { TableName } = await make("id", streamed("NEW_AND_OLD_IMAGES"));
    const Key = { id: S("id1") };
    const get = async () => shownBytes((await dynamodb.getItem({ TableName, Key })).Item);
    const last = async () => {
      const record = (await recordsOf(streams, TableName)).at(-1);
      return shownBytes(record?.dynamodb?.NewImage as Record<string, AttributeValue>);
    };
    await dynamodb.putItem({
      TableName,
      Item: { ...Key, data: { B: Buffer.from([0x90]) }, version: { N: "1" } },
    });
    const [GetItem, GetRecords] = [await get(), await last()];
    await dynamodb.updateItem({
      TableName,
      Key,
      UpdateExpression: "SET version=:v",
      ExpressionAttributeValues: { ":v": { N: "2" } },
    });
    return { GetItem, GetRecords, GetItemAfterUpdate: await get(), GetRecordsAfterUpdate: await last() };
  },
  async test_continuous_backup_update() {
    const { TableName } = await make("id");
    return {
      "update-continuous-backup": await answerOf(
        dynamodb.updateContinuousBackups({
          TableName,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
        }),
      ),
      "describe-continuous-backup": await answerOf(dynamodb.describeContinuousBackups({ TableName })),
    };
  },
  async test_return_values_on_conditions_check_failure() {
    const { TableName } = await make("id");
    const Item = { id: S("456"), price: { N: "650" }, product: S("sporting goods") };
    await dynamodb.putItem({ TableName, Item });
    const error = await errorOf(
      dynamodb.deleteItem({
        TableName,
        Key: { id: S("456") },
        ConditionExpression: "price < :p",
        ExpressionAttributeValues: { ":p": { N: "100" } },
        ReturnValuesOnConditionCheckFailure: "ALL_OLD",
      }),
    );
    return {
      items: {
        Error: { Code: error.name, Message: error.message },
        Item: (error as unknown as { Item: unknown }).Item,
        ResponseMetadata: { HTTPStatusCode: error.$metadata?.httpStatusCode },
      },
    };
  },
  async test_table_crud() {
    const { TableName, answer } = await make("id");
    return {
      "create-table": answer,
      "describe-table": await answerOf(dynamodb.describeTable({ TableName })),
      "delete-table": await answerOf(dynamodb.deleteTable({ TableName })),
      "delete-non-existent-table": await answerOf(dynamodb.deleteTable({ TableName: "non-existent" })),
    };
  },
  async test_table_warm_throughput() {
    const { TableName, answer } = await make("id", {
      WarmThroughput: { ReadUnitsPerSecond: 1000, WriteUnitsPerSecond: 1200 },
    });
    return {
      "create-table": answer,
      "describe-table": await answerOf(dynamodb.describeTable({ TableName })),
    };
  },
  async test_dynamodb_create_table_with_partial_sse_specification() {
    const { TableName } = await make("id", { SSESpecification: { Enabled: true } });
    const { Table } = await dynamodb.describeTable({ TableName });
    const { kms } = clients(cloudkeep, cloudkeep.credentials);
    const { DescribeKeyCommand } = await import("@aws-sdk/client-kms");
    const KeyId = Table?.SSEDescription?.KMSMasterKeyArn;
    const off = await dynamodb.updateTable({ TableName, SSESpecification: { Enabled: false } });
    return {
      SSEDescription: Table?.SSEDescription,
      KMSDescription: await answerOf(kms.send(new DescribeKeyCommand({ KeyId }))),
      "update-table-disable-sse-spec": off.TableDescription?.SSEDescription,
    };
  },
  async test_dynamodb_update_table_without_sse_specification_change() {
    const { TableName, answer } = await make("id", { SSESpecification: { Enabled: true } });
    const made = (answer.TableDescription as Answers).SSEDescription as { KMSMasterKeyArn: string };
    const { kms } = clients(cloudkeep, cloudkeep.credentials);
    const { DescribeKeyCommand } = await import("@aws-sdk/client-kms");
    const updated = await dynamodb.updateTable({ TableName, BillingMode: "PAY_PER_REQUEST" });
    return {
      create_table_sse_description: made,
      describe_kms_key: await answerOf(kms.send(new DescribeKeyCommand({ KeyId: made.KMSMasterKeyArn }))),
      update_table_sse_description: updated.TableDescription?.SSEDescription,
    };
  },
  ...Object.fromEntries(
    (["PAY_PER_REQUEST", "PROVISIONED"] as const).map((BillingMode) => [
      `test_gsi_with_billing_mode[${BillingMode}]`,
      async () => {
        const throughput = (units: number) =>
          BillingMode === "PROVISIONED" && {
            ProvisionedThroughput: { ReadCapacityUnits: units, WriteCapacityUnits: units },
          };
        const { TableName, answer } = await make("TID", {
          BillingMode,
          ...throughput(5),
          AttributeDefinitions: ["TID", "TRID"].map((AttributeName) => ({
            AttributeName,
            AttributeType: "S" as const,
          })),
          GlobalSecondaryIndexes: [
            {
              IndexName: "TransactionRecordID",
              KeySchema: [{ AttributeName: "TRID", KeyType: "HASH" }],
              Projection: { ProjectionType: "ALL" },
              ...throughput(1),
            },
          ],
        });
        return {
          "create-table-with-gsi": answer,
          "describe-table": await answerOf(dynamodb.describeTable({ TableName })),
        };
      },
    ]),
  ),
  async test_batch_write_items_streaming() {
    const { TableName, answer } = await make("id", streamed("NEW_AND_OLD_IMAGES"));
    const described = await describedStream(TableName);
    const batch = (...requests: object[]) =>
      answerOf(dynamodb.batchWriteItem({ RequestItems: { [TableName]: requests } }));
    const put = (Item: Record<string, AttributeValue>) => ({ PutRequest: { Item } });
    const first = await answerOf(dynamodb.putItem({ TableName, Item: { id: S("Fred") } }));
    const overwrite = await batch(put({ id: S("Fred") }), put({ id: S("NewKey") }));
    const remove = await batch(
      { DeleteRequest: { Key: { id: S("NewKey") } } },
      put({ id: S("Fred"), name: S("Fred") }),
    );
    return {
      "create-table": answer,
      "describe-stream": described,
      "put-item-1": first,
      "batch-write-response-overwrite-item-1": overwrite,
      "batch-write-response-delete": remove,
      "get-records": { Records: await recordsOf(streams, TableName) },
    };
  },
  async test_transact_write_items_streaming() {
    const { TableName, answer } = await make("id", streamed("NEW_AND_OLD_IMAGES"));
    const described = await describedStream(TableName);
    const transact = (...TransactItems: object[]) => answerOf(dynamodb.transactWriteItems({ TransactItems }));
    const put = (Item: Record<string, AttributeValue>) => ({ Put: { TableName, Item } });
    const update = (id: string, attributes: Record<string, string>) => ({
      Update: {
        TableName,
        Key: { id: S(id) },
        UpdateExpression: `SET ${Object.keys(attributes)
          .map((name) => `${name} = :${name}`)
          .join(", ")}`,
        ExpressionAttributeValues: Object.fromEntries(
          Object.entries(attributes).map(([name, value]) => [`:${name}`, S(value)]),
        ),
      },
    });
    const first = await answerOf(dynamodb.putItem({ TableName, Item: { id: S("Fred") } }));
    const overwrite = await transact(put({ id: S("Fred") }), put({ id: S("NewKey") }));
    const changed = await transact(update("NewKey", { attr1: "value1", attr2: "value2" }));
    const inserted = await transact(update("NonExistentKey", { attr1: "value1" }));
    const removed = await transact(
      { Delete: { TableName, Key: { id: S("NewKey") } } },
      put({ id: S("Fred"), name: S("Fred") }),
    );
    return {
      "create-table": answer,
      "describe-stream": described,
      "put-item-1": first,
      "transact-write-response-overwrite": overwrite,
      "transact-write-response-update": changed,
      "transact-write-update-insert": inserted,
      "transact-write-response-delete": removed,
      "get-records": { Records: await recordsOf(streams, TableName) },
    };
  },
  async test_transact_write_items_streaming_for_different_tables() {
    const { TableName, answer } = await make("id", streamed("NEW_AND_OLD_IMAGES"));
    const other = await make("id");
    const described = await describedStream(TableName);
    const Item = { id: S("Fred") };
    const written = await answerOf(
      dynamodb.transactWriteItems({
        TransactItems: [{ Put: { TableName, Item } }, { Put: { TableName: other.TableName, Item } }],
      }),
    );
    return {
      "create-table-stream": answer,
      "create-table-no-stream": other.answer,
      "describe-stream": described,
      "transact-write-two-tables": written,
      "get-records": { Records: await recordsOf(streams, TableName) },
    };
  },
  async test_dynamodb_stream_records_with_update_item() {
    const { TableName, answer } = await make("id", streamed("NEW_AND_OLD_IMAGES"));
    const described = await describedStream(TableName);
    for (const [one, two] of [
      ["value1", "value2"],
      ["value2", "value3"],
    ] as const) {
      await dynamodb.updateItem({
        TableName,
        Key: { id: S("my-item-id") },
        UpdateExpression: "SET attr1 = :v1, attr2 = :v2",
        ExpressionAttributeValues: { ":v1": S(one), ":v2": S(two) },
      });
    }
    return {
      "create-table": answer,
      "describe-stream": described,
      "get-records": { Records: await recordsOf(streams, TableName) },
    };
  },
  async test_dynamodb_stream_stream_view_type() {
    const { TableName, answer } = await make("Username", streamed("KEYS_ONLY"));
    const described = await describedStream(TableName);
    for (const name of ["Fred", "Alice"]) {
      const Key = { Username: S(name) };
      await dynamodb.putItem({ TableName, Item: Key });
      await dynamodb.updateItem({
        TableName,
        Key,
        UpdateExpression: "SET S=:r",
        ExpressionAttributeValues: { ":r": S("Fred_Modified") },
      });
      await dynamodb.deleteItem({ TableName, Key });
    }
    return {
      "create-table": answer,
      "describe-stream": described,
      "get-records": { Records: await recordsOf(streams, TableName) },
    };
  },
  async test_table_v2_stream() {
    const { TableName } = await make("id", {
      BillingMode: "PAY_PER_REQUEST",
      ...streamed("NEW_AND_OLD_IMAGES"),
    });
    return { "global-table-v2": await answerOf(dynamodb.describeTable({ TableName })) };
  },
  async test_enable_kinesis_streaming_destination() {
    const { TableName } = await make("id");
    const { StreamName, StreamARN: StreamArn } = await newStream(kinesis);
    await dynamodb.enableKinesisStreamingDestination({ TableName, StreamArn });
    await active(TableName);
    await dynamodb.putItem({ TableName, Item: { id: S("test") } });
    const records = await eventually(
      () => readAll(kinesis, StreamName),
      (found) => found.length > 0,
    );
    return {
      "result-records": records.map(({ SequenceNumber, PartitionKey, Data }) => {
        const change = JSON.parse(Buffer.from(Data ?? []).toString());
        change.dynamodb.ApproximateCreationDateTime = "approximate-creation-date-time";
        return { SequenceNumber, PartitionKey, ApproximateArrivalTimestamp: "timestamp", Data: change };
      }),
    };
  },
  async test_kinesis_streaming_destination_crud() {
    const { TableName } = await make("id");
    const { StreamARN: StreamArn } = await newStream(kinesis);
    const to = { TableName, StreamArn };
    const update = (
      configuration?: { ApproximateCreationDateTimePrecision: "MICROSECOND" },
      arn = StreamArn,
    ) =>
      answerOf(
        dynamodb.updateKinesisStreamingDestination({
          TableName,
          StreamArn: arn,
          ...(configuration && { UpdateKinesisStreamingConfiguration: configuration }),
        }),
      );
    const precise = { ApproximateCreationDateTimePrecision: "MICROSECOND" } as const;
    const bad = { TableName: "bad-table", StreamArn };
    return {
      "enable-bad-table": await answerOf(dynamodb.enableKinesisStreamingDestination(bad)),
      enable: await answerOf(dynamodb.enableKinesisStreamingDestination(to)),
      describe: await active(TableName),
      "update-missing-params": await update(),
      "update-bad-precision": await update({
        ApproximateCreationDateTimePrecision: "SECOND" as "MICROSECOND",
      }),
      "update-bad-stream-arn": await update(precise, StreamArn.replace(/stream\/.*/, "stream/bad-stream")),
      update: await update(precise),
      "update-no-idempotency": await update(precise),
      "disable-bad-table": await answerOf(dynamodb.disableKinesisStreamingDestination(bad)),
      disable: await answerOf(dynamodb.disableKinesisStreamingDestination(to)),
    };
  },
  async test_dynamodb_describe_contributor_insights() {
    const { TableName } = await make("id");
    const described = await answerOf(dynamodb.describeContributorInsights({ TableName }));
    return { "describe-contributor-insights-disabled": described };
  },
  async test_streams_on_global_tables() {
    const { TableName } = await make("id", {
      BillingMode: "PAY_PER_REQUEST",
      ...streamed("NEW_AND_OLD_IMAGES"),
    });
    const RegionName = "eu-west-1";
    const other = dynamoClients(cloudkeep, cloudkeep.credentials, RegionName);
    await dynamodb.updateTable({ TableName, ReplicaUpdates: [{ Create: { RegionName } }] });
    return {
      "region-streams": await answerOf(streams.listStreams({ TableName })),
      "secondary-region-streams": await answerOf(other.streams.listStreams({ TableName })),
    };
  },
  async test_non_existent_stream() {
    const { TableName } = await make("id");
    const StreamArn = `arn:aws:dynamodb:us-east-1:${cloudkeep.accountId}:table/${TableName}/stream/2024-11-18T14:36:44.149`;
    return { "non-existent-stream": await answerOf(streams.describeStream({ StreamArn })) };
  },
};

describe.skipIf(Object.keys(recorded).length === 0)("as recorded from AWS", () => {
  it.each(Object.keys(recordings))("%s", async (name) => {
    const expected = recorded[name] ?? {};
    const ours = (await recordings[name]?.()) ?? {};
    const judged = Object.keys(expected).filter((answer) => ours[answer] !== undefined);
    expect(judged.length).toBeGreaterThan(0);
    const known = new Map<string, string>();
    for (const answer of judged) expectRecorded(ours[answer], expected[answer], known);
  });

  it("every recording is asked, or left out for a reason", () => {
    const asked = new Set([...Object.keys(recordings), ...Object.keys(leftOut)]);
    expect(Object.keys(recorded).filter((name) => !asked.has(name))).toEqual([]);
  });
});
