import { CreateEventSourceMappingCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SQSClient,
} from "@aws-sdk/client-sqs";
import { expect } from "vitest";
import { lambdaClient, lambdaRole, makeFunction } from "../../../src/services/lambda/testing.ts";
import { account, type Running, readUntil, type Traffic } from "../program.ts";
import { readStream, streamArn } from "./table.ts";

/**
 * The table's stream as the event source of a function that refuses everything: every record is given up once at
 * least, into a queue, which tells what the function was handed.
 */

const queue = "given-up";
const refusing = `export const handler = async () => { throw new Error("intended"); };`;

export function eventSourceTraffic(): Traffic {
  const ranges: [first: bigint, last: bigint][] = [];
  return {
    async build(running) {
      const { options } = running;
      await new SQSClient(options).send(new CreateQueueCommand({ QueueName: queue }));
      const allowed = { Action: ["dynamodb:*", "sqs:SendMessage", "logs:*"], Resource: "*" };
      const role = await lambdaRole(options, "refusing", allowed);
      await makeFunction(lambdaClient(options), "refusing", role, refusing);
      await new LambdaClient(options).send(
        new CreateEventSourceMappingCommand({
          FunctionName: "refusing",
          EventSourceArn: await streamArn(running),
          StartingPosition: "LATEST",
          MaximumRetryAttempts: 0,
          DestinationConfig: { OnFailure: { Destination: `arn:aws:sqs:us-east-1:${account}:${queue}` } },
        }),
      );
    },
    // The table's own traffic drives it.
    async drive() {},
    async check(running) {
      const numbers = (await readStream(running)).map(({ dynamodb }) =>
        BigInt(dynamodb?.SequenceNumber ?? 0),
      );
      const missed = () =>
        numbers.filter((number) => !ranges.some(([first, last]) => first <= number && number <= last));
      const left = await readUntil(
        async () => {
          await receive(running, ranges);
          return missed();
        },
        ({ length }) => length === 0,
      );
      expect(left).toEqual([]);
    },
  };
}

/** Takes what there is out of the queue. */
async function receive({ options }: Running, ranges: [bigint, bigint][]): Promise<void> {
  const sqs = new SQSClient(options);
  const QueueUrl = `${options.endpoint}/${account}/${queue}`;
  for (;;) {
    const { Messages = [] } = await sqs.send(
      new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10 }),
    );
    if (Messages.length === 0) return;
    for (const { Body = "", ReceiptHandle } of Messages) {
      const { DDBStreamBatchInfo: batch } = JSON.parse(Body) as {
        DDBStreamBatchInfo: Record<string, string>;
      };
      ranges.push([BigInt(batch.startSequenceNumber ?? 0), BigInt(batch.endSequenceNumber ?? 0)]);
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
    }
  }
}
