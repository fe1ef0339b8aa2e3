import { type CreateTableCommandInput, DynamoDB } from "@aws-sdk/client-dynamodb";
import { type _Record, DynamoDBStreams } from "@aws-sdk/client-dynamodb-streams";
import {
  CreateAccessKeyCommand,
  CreateUserCommand,
  type IAMClient,
  PutUserPolicyCommand,
} from "@aws-sdk/client-iam";
import { type Credentials, credentialsOf, optionsOf, policyOf } from "../../../test/harness.ts";

/** What tests of DynamoDB share. */

let serial = 0;

/** Clients of a new user with these policies. */
export async function userClients(
  cloudkeep: { endpoint: string },
  iam: IAMClient,
  ...statements: Record<string, unknown>[]
) {
  serial += 1;
  const UserName = `table-user-${serial}`;
  await iam.send(new CreateUserCommand({ UserName }));
  for (const [i, statement] of statements.entries()) {
    await iam.send(
      new PutUserPolicyCommand({ UserName, PolicyName: `p${i}`, PolicyDocument: policyOf(statement) }),
    );
  }
  const { AccessKey } = await iam.send(new CreateAccessKeyCommand({ UserName }));
  return dynamoClients(cloudkeep, credentialsOf(AccessKey));
}

export function dynamoClients(cloudkeep: { endpoint: string }, credentials: Credentials, region?: string) {
  const options = optionsOf(cloudkeep, credentials, region);
  return { dynamodb: new DynamoDB(options), streams: new DynamoDBStreams(options) };
}

export function tableName(): string {
  serial += 1;
  return `table-${serial}`;
}

type Types = Record<string, "S" | "N" | "B">;

/** Makes a table under a name of its own: partition key `p`, and a sort key `c` unless told otherwise. */
export async function newTable(
  dynamodb: DynamoDB,
  { types = { p: "S", c: "S" }, ...rest }: Partial<CreateTableCommandInput> & { types?: Types } = {},
): Promise<string> {
  const TableName = tableName();
  const [hash, range] = Object.keys(types);
  await dynamodb.createTable({
    TableName,
    BillingMode: rest.ProvisionedThroughput ? "PROVISIONED" : "PAY_PER_REQUEST",
    KeySchema: [
      { AttributeName: hash, KeyType: "HASH" },
      ...(range === undefined ? [] : [{ AttributeName: range, KeyType: "RANGE" as const }]),
    ],
    AttributeDefinitions: Object.entries(types).map(([AttributeName, AttributeType]) => ({
      AttributeName,
      AttributeType,
    })),
    ...rest,
  });
  return TableName;
}

/** All records of a table's stream so far. */
export async function recordsOf(streams: DynamoDBStreams, TableName: string): Promise<_Record[]> {
  const { Streams = [] } = await streams.listStreams({ TableName });
  const StreamArn = Streams[0]?.StreamArn;
  const { StreamDescription } = await streams.describeStream({ StreamArn });
  const ShardId = StreamDescription?.Shards?.[0]?.ShardId;
  const { ShardIterator } = await streams.getShardIterator({
    StreamArn,
    ShardId,
    ShardIteratorType: "TRIM_HORIZON",
  });
  return (await streams.getRecords({ ShardIterator })).Records ?? [];
}

/** Asks again until the answer is as wanted. */
export async function eventually<T>(ask: () => Promise<T>, isDone: (answer: T) => boolean): Promise<T> {
  for (let attempt = 0; ; attempt += 1) {
    const answer = await ask();
    if (isDone(answer)) return answer;
    if (attempt === 200) throw new Error("It did not come to that.");
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
