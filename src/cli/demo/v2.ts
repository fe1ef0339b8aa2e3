import { gunzipSync } from "node:zlib";
import { type Aws, call, type Demo, policy, Refusal, rest, role, s3 } from "./aws.ts";
import { enricher } from "./enricher.ts";
import { eventually } from "./listener.ts";
import { zipOf } from "./zip.ts";

/**
 * Logs flow through Firehose, a function enriches them from DynamoDB, and they land in S3; beside it, a stream with
 * consumers and an alarm. Plays it on a running Cloudkeep and says what happens; throws if something does not.
 */

interface Names {
  /** Tells one play from another. */
  id: string;
  table: string;
  function: string;
  functionRole: string;
  bucket: string;
  delivery: string;
  logGroup: string;
  stream: string;
}

export async function playV2({ aws, say }: Demo): Promise<void> {
  const id = Date.now().toString(36);
  const names: Names = {
    id,
    table: `customers-${id}`,
    function: `enrich-${id}`,
    functionRole: `enrich-${id}`,
    bucket: `orders-${id}`,
    delivery: `orders-${id}`,
    logGroup: `/app/orders-${id}`,
    stream: `clicks-${id}`,
  };
  const functionArn = await enrichment(aws, names, say);
  const keyArn = await landing(aws, names, functionArn, say);
  await subscription(aws, names, say);
  await flow(aws, names, keyArn, say);
  await denied(aws, names, say);
  await stream(aws, names, say);
}

async function enrichment(aws: Aws, names: Names, say: Demo["say"]): Promise<string> {
  say("A table holds the customers. A function may look them up, and nothing else.");
  await call(aws, "dynamodb", "CreateTable", {
    TableName: names.table,
    AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
    KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
    BillingMode: "PAY_PER_REQUEST",
  });
  for (const [id, name] of [
    ["c1", "Example Corp"],
    ["c2", "AnyCompany"],
  ] as const) {
    const Item = { id: { S: id }, name: { S: name } };
    await call(aws, "dynamodb", "PutItem", { TableName: names.table, Item });
  }
  const Role = await role(aws, names.functionRole, "lambda.amazonaws.com", lookUp(aws, names), {
    Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: "*",
  });
  const created = await rest(
    aws,
    "lambda",
    "POST",
    "/2015-03-31/functions",
    JSON.stringify({
      FunctionName: names.function,
      Runtime: "nodejs20.x",
      Handler: "index.handler",
      Role,
      Timeout: 10,
      Code: { ZipFile: zipOf("index.js", enricher).toString("base64") },
      Environment: { Variables: { TABLE: names.table } },
    }),
    { "content-type": "application/json" },
  );
  return (JSON.parse(created.bytes.toString()) as { FunctionArn: string }).FunctionArn;
}

const lookUp = ({ account }: Aws, { table }: Names) => ({
  Action: "dynamodb:GetItem",
  Resource: `arn:aws:dynamodb:us-east-1:${account}:table/${table}`,
});

async function landing(aws: Aws, names: Names, functionArn: string, say: Demo["say"]): Promise<string> {
  say(
    "A delivery stream has the function transform each batch, and writes what comes back to S3: compressed, by date, under a customer's KMS key.",
  );
  const { KeyMetadata } = await call(aws, "kms", "CreateKey", { Description: "orders" });
  const keyArn = (KeyMetadata as { Arn: string }).Arn;
  await s3(aws, "PUT", `/${names.bucket}`);
  const bucketArn = `arn:aws:s3:::${names.bucket}`;
  const RoleARN = await role(
    aws,
    `deliver-${names.id}`,
    "firehose.amazonaws.com",
    {
      Action: ["s3:PutObject", "s3:GetBucketLocation", "s3:ListBucket", "s3:AbortMultipartUpload"],
      Resource: [bucketArn, `${bucketArn}/*`],
    },
    { Action: ["kms:GenerateDataKey", "kms:Decrypt"], Resource: keyArn },
    {
      Action: ["lambda:InvokeFunction", "lambda:GetFunctionConfiguration"],
      Resource: [functionArn, `${functionArn}:*`],
    },
  );
  await call(aws, "firehose", "CreateDeliveryStream", {
    DeliveryStreamName: names.delivery,
    DeliveryStreamType: "DirectPut",
    ExtendedS3DestinationConfiguration: {
      RoleARN,
      BucketARN: bucketArn,
      Prefix: "orders/!{timestamp:yyyy/MM/dd}/",
      ErrorOutputPrefix: "!{firehose:error-output-type}/!{timestamp:yyyy/MM/dd}/",
      BufferingHints: { SizeInMBs: 1, IntervalInSeconds: 60 },
      CompressionFormat: "GZIP",
      EncryptionConfiguration: { KMSEncryptionConfig: { AWSKMSKeyARN: keyArn } },
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          { Type: "Lambda", Parameters: [{ ParameterName: "LambdaArn", ParameterValue: functionArn }] },
        ],
      },
    },
  });
  await eventually("The delivery stream", async () => {
    const input = { DeliveryStreamName: names.delivery };
    const { DeliveryStreamDescription } = await call(aws, "firehose", "DescribeDeliveryStream", input);
    const { DeliveryStreamStatus } = DeliveryStreamDescription as { DeliveryStreamStatus: string };
    return DeliveryStreamStatus === "ACTIVE" || undefined;
  });
  return keyArn;
}

async function subscription(aws: Aws, names: Names, say: Demo["say"]): Promise<void> {
  say("A subscription filter sends every order in the application's log group to the delivery stream.");
  const logGroupName = names.logGroup;
  const destinationArn = `arn:aws:firehose:us-east-1:${aws.account}:deliverystream/${names.delivery}`;
  await call(aws, "logs", "CreateLogGroup", { logGroupName });
  await call(aws, "logs", "CreateLogStream", { logGroupName, logStreamName: "app" });
  const roleArn = await role(aws, `subscribe-${names.id}`, "logs.amazonaws.com", {
    Action: "firehose:PutRecord",
    Resource: destinationArn,
  });
  await call(aws, "logs", "PutSubscriptionFilter", {
    logGroupName,
    filterName: "orders",
    filterPattern: "{ $.order = * }",
    destinationArn,
    roleArn,
  });
}

async function writeOrders(aws: Aws, { logGroup }: Names, ...orders: object[]): Promise<void> {
  const { Now } = (await call(aws, "cloudkeep", "GetStatus", {})) as { Now: number };
  await call(aws, "logs", "PutLogEvents", {
    logGroupName: logGroup,
    logStreamName: "app",
    logEvents: orders.map((order) => ({ timestamp: Math.floor(Now * 1000), message: JSON.stringify(order) })),
  });
}

/** Longer than the delivery stream keeps anything back. */
const bufferSeconds = 130;

async function keysUnder(aws: Aws, { bucket }: Names, prefix: string): Promise<string[]> {
  const listed = (
    await s3(aws, "GET", `/${bucket}?list-type=2&prefix=${encodeURIComponent(prefix)}`)
  ).toString();
  return [...listed.matchAll(/<Key>([^<]+)<\/Key>/g)].map((match) => match[1] as string);
}

async function flow(aws: Aws, names: Names, keyArn: string, say: Demo["say"]): Promise<void> {
  say("The application logs two orders, one of a customer whom nobody knows, and a line that is no order.");
  await writeOrders(aws, names, { order: 1, customer: "c1" }, { note: "no order" });
  await writeOrders(aws, names, { order: 2, customer: "c9" });
  say(`Two minutes pass (cloudkeep clock advance ${bufferSeconds}s), and the buffer is written.`);
  await call(aws, "cloudkeep", "AdvanceClock", { Seconds: bufferSeconds });
  const [key = ""] = await keysUnder(aws, names, "orders/");
  if (key === "") throw new Error("Nothing landed under orders/.");
  const { headers, bytes } = await rest(aws, "s3", "GET", `/${names.bucket}/${key}`);
  const text = textOf(bytes);
  if (!text.includes('"name":"Example Corp"')) throw new Error(`The order was not enriched: ${text}`);
  if (headers.get("x-amz-server-side-encryption-aws-kms-key-id") !== keyArn)
    throw new Error("The object is not encrypted under the customer's key.");
  say(`s3://${names.bucket}/${key} holds, encrypted under ${keyArn}: ${text.trim()}`);
  const [failed = ""] = await keysUnder(aws, names, "processing-failed/");
  if (failed === "") throw new Error("Nothing landed under processing-failed/.");
  const reason = textOf(await s3(aws, "GET", `/${names.bucket}/${failed}`));
  const { errorCode, errorMessage } = JSON.parse(reason.split("\n")[0] ?? "") as Record<string, string>;
  say(`What could not be transformed lies at ${failed}: ${errorCode}, ${errorMessage}`);
}

/** Objects may be compressed and say so, and then fetch has taken them apart already. */
function textOf(bytes: Buffer): string {
  const isCompressed = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return (isCompressed ? gunzipSync(bytes) : bytes).toString();
}

async function denied(aws: Aws, names: Names, say: Demo["say"]): Promise<void> {
  say("Somebody takes dynamodb:GetItem from the function's role, and an order comes in.");
  const logs = {
    Action: ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"],
    Resource: "*",
  };
  const PolicyDocument = policy(logs);
  await call(aws, "iam", "PutRolePolicy", {
    RoleName: names.functionRole,
    PolicyName: "act",
    PolicyDocument,
  });
  await writeOrders(aws, names, { order: 3, customer: "c1" });
  await call(aws, "cloudkeep", "AdvanceClock", { Seconds: bufferSeconds });
  const found = await eventually("The function's log of the denial", () => denialLogged(aws, names));
  // The function put the id of its own call before the words of the denial.
  const requestId = /([0-9a-f-]{36}) User: /.exec(found.message)?.[1];
  const keys = await keysUnder(aws, names, "processing-failed/");
  if (keys.length < 2)
    throw new Error("The order that could not be looked up is not under processing-failed/.");
  const { DecisionsJson } = (await call(aws, "cloudkeep", "ExplainRequest", { RequestId: requestId })) as {
    DecisionsJson: string;
  };
  const [decision] = JSON.parse(DecisionsJson) as { action: string; resource: string; allowed: boolean }[];
  if (decision?.allowed !== false) throw new Error("The call of the function was not denied.");
  say(`The order lies under processing-failed/, and the function's log says why. To see it all:

  npx cloudkeep explain ${requestId}
`);
}

/** A function's lines are written after its answer, into a group that the first of them makes. */
async function denialLogged(aws: Aws, names: Names): Promise<{ message: string } | undefined> {
  try {
    const { events = [] } = await call(aws, "logs", "FilterLogEvents", {
      logGroupName: `/aws/lambda/${names.function}`,
      filterPattern: '"is not authorized to perform"',
    });
    return (events as { message: string }[])[0];
  } catch (error) {
    if (error instanceof Refusal && error.message.includes("ResourceNotFoundException")) return undefined;
    throw error;
  }
}

async function stream(aws: Aws, names: Names, say: Demo["say"]): Promise<void> {
  say("Beside it, producers put records into a stream of two shards; a consumer reads them by shard.");
  const StreamName = names.stream;
  await call(aws, "kinesis", "CreateStream", { StreamName, ShardCount: 2 });
  await eventually("The stream", async () => {
    const { StreamDescriptionSummary } = await call(aws, "kinesis", "DescribeStreamSummary", { StreamName });
    return (StreamDescriptionSummary as { StreamStatus: string }).StreamStatus === "ACTIVE" || undefined;
  });
  const Records = Array.from({ length: 20 }, (_, i) => ({
    Data: Buffer.from(`click ${i}`).toString("base64"),
    PartitionKey: `visitor-${i}`,
  }));
  await call(aws, "kinesis", "PutRecords", { StreamName, Records });
  await call(aws, "kinesis", "PutRecord", { StreamName, ...Records[0] });
  let read = 0;
  for (const ShardId of ["shardId-000000000000", "shardId-000000000001"]) {
    const from = { StreamName, ShardId, ShardIteratorType: "TRIM_HORIZON" };
    const { ShardIterator } = await call(aws, "kinesis", "GetShardIterator", from);
    const { Records: records = [] } = await call(aws, "kinesis", "GetRecords", { ShardIterator });
    read += (records as object[]).length;
  }
  if (read !== Records.length + 1) throw new Error(`${read} records were read.`);
  for (const MetricName of ["PutRecord.Success", "PutRecords.Success", "GetRecords.Success"]) {
    await call(aws, "cloudwatch", "PutMetricAlarm", {
      AlarmName: `${MetricName}-${names.id}`,
      Namespace: "AWS/Kinesis",
      MetricName,
      Dimensions: [{ Name: "StreamName", Value: StreamName }],
      Statistic: "Average",
      Period: 60,
      EvaluationPeriods: 5,
      DatapointsToAlarm: 1,
      Threshold: 1,
      ComparisonOperator: "LessThanThreshold",
      TreatMissingData: "ignore",
    });
  }
  await eventually("The alarms' first look", async () => {
    const input = { AlarmNamePrefix: "PutRecord", StateValue: "OK" };
    const { MetricAlarms = [] } = await call(aws, "cloudwatch", "DescribeAlarms", input);
    const own = (MetricAlarms as { AlarmName: string }[]).filter(({ AlarmName }) =>
      AlarmName.endsWith(names.id),
    );
    return own.length === 2 || undefined;
  });
  say("Alarms watch PutRecord.Success, PutRecords.Success and GetRecords.Success: all is well.");
}
