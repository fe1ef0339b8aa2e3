import { DynamoDB } from "@aws-sdk/client-dynamodb";
import { Kinesis } from "@aws-sdk/client-kinesis";
import type { Lambda } from "@aws-sdk/client-lambda";
import { S3 } from "@aws-sdk/client-s3";
import { SQS } from "@aws-sdk/client-sqs";
import { lambdaClient, lambdaRole, zipOf } from "../../src/services/lambda/testing.ts";
import type { Cloudkeep } from "../../src/start.ts";
import { optionsOf } from "../harness.ts";
import { answerOf, parsedDocuments } from "./recorded.ts";

/** What the recorded cases of Lambda begin with. */

export type Answers = Record<string, unknown>;

const documents = new Set(["Policy", "Statement"]);

/** An answer in the form of the recordings; payloads as what they say. */
export async function said(call: Promise<object>): Promise<Record<string, unknown>> {
  const answered = await answerOf(call);
  const { Payload, Reason, Type, Message, ...rest } = answered;
  const text = Payload instanceof Uint8Array ? Buffer.from(Payload).toString() : undefined;
  // The SDK leaves out what is empty.
  const isInvocation = "Payload" in answered && (rest.StatusCode === 202 || rest.StatusCode === 204);
  const payload = text === undefined ? (isInvocation ? "" : undefined) : parsedPayload(text);
  const answer = withSizes(
    parsedDocuments({ ...rest, ...(payload !== undefined && { Payload: payload }) }, documents),
  );
  const { Error: error } = answer as { Error?: { Type?: unknown } };
  if (error !== undefined) delete error.Type;
  return answer;
}

/** Sizes are numbers, and placeholders stand for texts. */
function withSizes<T>(value: T): T {
  if (Array.isArray(value)) return value.map(withSizes) as T;
  if (typeof value !== "object" || value === null || value instanceof Date) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, name === "CodeSize" ? String(item) : withSizes(item)]),
  ) as T;
}

function parsedPayload(text: string): unknown {
  if (text === "" || text === "null") return text;
  return JSON.parse(text);
}

/** Recordings name what differs from run to run in several ways. */
const anything = new Set(["date", "code-sha256", "lambda-url", "log-result", "timestamp"]);

export function normalized(value: unknown): unknown {
  if (value === "datetime") return "<datetime>";
  if (typeof value === "string")
    return anything.has(value) ? "<any>" : value.replaceAll("code-sha256", "code-sha");
  if (Array.isArray(value)) return value.map(normalized);
  if (typeof value !== "object" || value === null) return value;
  const { CreateFunctionResponse, Type, Message, message, ...rest } = value as Record<string, unknown>;
  if (CreateFunctionResponse !== undefined) return normalized(CreateFunctionResponse);
  if ("Error" in rest) {
    const { Error: error, ResponseMetadata } = rest as {
      Error: Record<string, unknown>;
      ResponseMetadata: unknown;
    };
    const words = String(error.Message).replaceAll("code-sha256", "code-sha");
    return { Error: { Code: error.Code, Message: words }, ResponseMetadata };
  }
  const own = Type === undefined ? rest : { ...rest, Type };
  return Object.fromEntries(Object.entries(own).map(([name, item]) => [name, normalized(item)]));
}

export class Scene {
  readonly cloudkeep: Cloudkeep;
  readonly lambda: Lambda;
  readonly s3: S3;
  readonly sqs: SQS;
  readonly dynamodb: DynamoDB;
  readonly kinesis: Kinesis;
  role = "";
  #serial = 0;

  constructor(cloudkeep: Cloudkeep) {
    this.cloudkeep = cloudkeep;
    this.lambda = lambdaClient(cloudkeep);
    const options = optionsOf(cloudkeep, cloudkeep.credentials);
    this.s3 = new S3({ ...options, forcePathStyle: true });
    this.sqs = new SQS(options);
    this.dynamodb = new DynamoDB(options);
    this.kinesis = new Kinesis(options);
  }

  async prepare(): Promise<void> {
    const Action = ["logs:*", "sqs:*", "kinesis:*", "s3:*", "dynamodb:*"];
    this.role = await lambdaRole(this.cloudkeep, "recorded", { Action, Resource: "*" });
  }

  fresh(name: string): string {
    this.#serial += 1;
    return `${name}-${this.#serial}`;
  }

  async bucket(): Promise<string> {
    const Bucket = this.fresh("recorded-lambda");
    await this.s3.createBucket({ Bucket });
    return Bucket;
  }

  /** Makes a queue; its ARN. */
  async queue(): Promise<string> {
    const QueueName = this.fresh("recorded-queue");
    await this.sqs.createQueue({ QueueName });
    return `arn:aws:sqs:us-east-1:${this.cloudkeep.accountId}:${QueueName}`;
  }

  arn(name: string): string {
    return `arn:aws:lambda:us-east-1:${this.cloudkeep.accountId}:function:${name}`;
  }

  readonly zip: Buffer = zipOf({ "handler.py": "def handler(event, context):\n    return event" });

  input(FunctionName: string, options: object = {}) {
    return {
      FunctionName,
      Role: this.role,
      Runtime: "python3.12" as const,
      Handler: "handler.handler",
      Code: { ZipFile: this.zip },
      Environment: { Variables: {} },
      Timeout: 30,
      ...options,
    };
  }

  /** Makes a function; its name. */
  async made(options: object = {}): Promise<string> {
    const name = this.fresh("fn");
    await this.lambda.createFunction(this.input(name, options));
    return name;
  }
}
