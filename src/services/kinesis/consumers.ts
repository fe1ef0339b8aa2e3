import type { Context } from "../../kit/context.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { existingStream, findStream, onStream, putStream, requestTags } from "./access.ts";
import {
  accessToConsumer,
  type ConsumerInput,
  type FoundConsumer,
  findConsumer,
  missingConsumer,
  putConsumer,
  streamOf,
} from "./consumerAccess.ts";
import { kinesis } from "./contract.ts";
import { maxConsumers } from "./limits.ts";
import { checkCreation } from "./listShards.ts";
import { consumerArn, consumerOfArn } from "./names.ts";
import { type ConsumerRow, consumers } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Consumers with enhanced fan-out. https://docs.aws.amazon.com/streams/latest/dev/enhanced-consumers.html */

function shown({ name, arn, created }: ConsumerRow) {
  return {
    ConsumerName: name,
    ConsumerARN: arn,
    ConsumerStatus: "ACTIVE" as const,
    ConsumerCreationTimestamp: new Date(created),
  };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_RegisterStreamConsumer.html */
export const registerStreamConsumer = kinesis.operation("RegisterStreamConsumer", {
  access: onStream("RegisterStreamConsumer", ({ Tags }) => ({ requestTags: requestTags(Tags) })),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    const { ConsumerName: name, Tags = {} } = input;
    const { account, region, streamId } = stream;
    if ((await consumers.get(ctx.tx, account, region, streamId, name)) !== undefined) {
      throw ctx.error(
        "ResourceInUseException",
        `Consumer ${name} under stream ${stream.arn} already exists.`,
      );
    }
    if (stream.consumers >= maxConsumers) {
      throw ctx.error(
        "LimitExceededException",
        `Stream ${stream.name} under account ${account} has reached its limit of ${maxConsumers} consumers.`,
      );
    }
    const created = ctx.clock.now();
    const arn = consumerArn(stream.arn, name, created);
    const row = { name, arn, created, tags: checkTags(Tags, {}, ctx) };
    putConsumer({ stream, row }, ctx);
    putStream({ ...stream, consumers: stream.consumers + 1 }, ctx);
    return { Consumer: shown(row) };
  },
});

/** The consumer's own ARN, where it is there; else the one that would have been asked for. */
async function onConsumer(action: string, input: ConsumerInput, ctx: Context): Promise<Access> {
  const stream = streamOf(input, ctx);
  const found = await find(input, ctx);
  const byArn = input.ConsumerARN === undefined ? undefined : consumerOfArn(input.ConsumerARN);
  const arn = found?.row.arn ?? byArn?.arn ?? consumerArn(stream.arn, input.ConsumerName ?? "", 0);
  const { account, region } = byArn ?? stream;
  const named = consumerOfArn(arn) ?? { account, region, stream, name: "", arn };
  return await accessToConsumer(action, named, ctx);
}

async function find(input: ConsumerInput, ctx: Context): Promise<FoundConsumer | undefined> {
  const { ConsumerARN, ConsumerName } = input;
  if (ConsumerARN !== undefined) {
    const named = consumerOfArn(ConsumerARN);
    return named && (await findConsumer(named, ctx));
  }
  const stream = await findStream(streamOf(input, ctx), ctx);
  if (stream === undefined || ConsumerName === undefined) return undefined;
  const row = await consumers.get(ctx.tx, stream.account, stream.region, stream.streamId, ConsumerName);
  return row && { stream, row };
}

async function existingConsumer(
  input: ConsumerInput,
  ctx: Context<"ResourceNotFoundException" | "InvalidArgumentException">,
): Promise<FoundConsumer> {
  const { ConsumerARN, StreamARN, ConsumerName } = input;
  if (ConsumerARN === undefined && (StreamARN === undefined || ConsumerName === undefined)) {
    throw ctx.error(
      "InvalidArgumentException",
      "Either ConsumerARN or both StreamARN and ConsumerName must be specified.",
    );
  }
  if (ConsumerARN === undefined) await existingStream({ StreamARN }, ctx);
  const found = await find(input, ctx);
  if (found === undefined) {
    const words =
      ConsumerARN === undefined
        ? `Consumer ${ConsumerName} under stream ${StreamARN} not found.`
        : missingConsumer(ConsumerARN);
    throw ctx.error("ResourceNotFoundException", words);
  }
  return found;
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeregisterStreamConsumer.html */
export const deregisterStreamConsumer = kinesis.operation("DeregisterStreamConsumer", {
  access: (input, ctx) => onConsumer("DeregisterStreamConsumer", input, ctx),
  async handle(input, ctx) {
    const { stream, row } = await existingConsumer(input, ctx);
    consumers.delete(ctx.tx, stream.account, stream.region, stream.streamId, row.name);
    putStream({ ...stream, consumers: stream.consumers - 1 }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DescribeStreamConsumer.html */
export const describeStreamConsumer = kinesis.operation("DescribeStreamConsumer", {
  access: (input, ctx) => onConsumer("DescribeStreamConsumer", input, ctx),
  async handle(input, ctx) {
    const { stream, row } = await existingConsumer(input, ctx);
    return { ConsumerDescription: { ...shown(row), StreamARN: stream.arn } };
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_ListStreamConsumers.html */
export const listStreamConsumers = kinesis.operation("ListStreamConsumers", {
  access: onStream("ListStreamConsumers"),
  async handle(input, ctx) {
    const stream = await existingStream(input, ctx);
    checkCreation(stream, input, ctx);
    const { account, region, streamId } = stream;
    const { MaxResults = 100, NextToken: marker } = input;
    try {
      const options = { limit: MaxResults, marker };
      const page = await keyedPageOf(consumers, ctx.tx, [account, region, streamId], options);
      return {
        Consumers: page.items.map(({ row }) => shown(row)),
        ...(page.next !== undefined && { NextToken: page.next }),
      };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("InvalidArgumentException", "Invalid NextToken.");
      throw error;
    }
  },
});
