import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { existingStream, missingStream, putStream } from "./access.ts";
import { findConsumer, missingConsumer, putConsumer } from "./consumerAccess.ts";
import { kinesis } from "./contract.ts";
import { consumerOfArn, streamOfArn } from "./names.ts";
import { accessByArn } from "./tags.ts";

/** What lets others use a stream or a consumer. https://docs.aws.amazon.com/streams/latest/dev/resource-based-policy-examples.html */

const streamActions = new Set(
  [
    "DescribeStream",
    "DescribeStreamSummary",
    "ListShards",
    "PutRecord",
    "PutRecords",
    "GetRecords",
    "GetShardIterator",
  ].map((name) => `kinesis:${name}`.toLowerCase()),
);
const consumerActions = new Set(
  ["DescribeStreamConsumer", "SubscribeToShard"].map((name) => `kinesis:${name}`.toLowerCase()),
);

interface Document {
  Statement?: Statement | Statement[];
}

interface Statement {
  Action?: string | string[];
  Resource?: string | string[];
}

/** A policy must be one, name only what it may, and this very resource. */
function checkPolicy(
  text: string,
  arn: string,
  actions: ReadonlySet<string>,
  ctx: Context<"InvalidArgumentException">,
): void {
  try {
    parsePolicy(text, "resource");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("InvalidArgumentException", error.message);
    throw error;
  }
  for (const { Action = [], Resource = [] } of [(JSON.parse(text) as Document).Statement ?? []].flat()) {
    const unknown = [Action].flat().find((action) => !actions.has(action.toLowerCase()));
    if (unknown !== undefined) {
      throw ctx.error(
        "InvalidArgumentException",
        `The policy names an action that it cannot grant: ${unknown}.`,
      );
    }
    const other = [Resource].flat().find((resource) => resource !== arn);
    if (other !== undefined) {
      throw ctx.error(
        "InvalidArgumentException",
        `The policy must name the resource ${arn} and no other, yet names ${other}.`,
      );
    }
  }
}

/** What has a policy, and how it is written back. */
interface Guarded {
  policy: string | undefined;
  actions: ReadonlySet<string>;
  put(policy: string | undefined): void;
}

async function guarded(
  arn: string,
  ctx: Context<"ResourceNotFoundException" | "InvalidArgumentException">,
): Promise<Guarded> {
  const named = consumerOfArn(arn);
  if (named !== undefined) {
    const found = await findConsumer(named, ctx);
    if (found === undefined) throw ctx.error("ResourceNotFoundException", missingConsumer(arn));
    const { policy, ...row } = found.row;
    const put = (next: string | undefined) =>
      putConsumer({ ...found, row: { ...row, ...(next !== undefined && { policy: next }) } }, ctx);
    return { policy, actions: consumerActions, put };
  }
  if (streamOfArn(arn) === undefined) {
    throw ctx.error("ResourceNotFoundException", missingStream({ name: arn, account: ctx.account }));
  }
  const { policy, ...row } = await existingStream({ StreamARN: arn }, ctx);
  const put = (next: string | undefined) =>
    putStream({ ...row, ...(next !== undefined && { policy: next }) }, ctx);
  return { policy, actions: streamActions, put };
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_PutResourcePolicy.html */
export const putResourcePolicy = kinesis.operation("PutResourcePolicy", {
  access: ({ ResourceARN }, ctx) => accessByArn("PutResourcePolicy", ResourceARN, ctx),
  async handle({ ResourceARN, Policy }, ctx) {
    const { actions, put } = await guarded(ResourceARN, ctx);
    checkPolicy(Policy, ResourceARN, actions, ctx);
    put(Policy);
    return {};
  },
});

/** AWS answers "{}" where there is none. https://docs.aws.amazon.com/kinesis/latest/APIReference/API_GetResourcePolicy.html */
export const getResourcePolicy = kinesis.operation("GetResourcePolicy", {
  access: ({ ResourceARN }, ctx) => accessByArn("GetResourcePolicy", ResourceARN, ctx),
  async handle({ ResourceARN }, ctx) {
    return { Policy: (await guarded(ResourceARN, ctx)).policy ?? "{}" };
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_DeleteResourcePolicy.html */
export const deleteResourcePolicy = kinesis.operation("DeleteResourcePolicy", {
  access: ({ ResourceARN }, ctx) => accessByArn("DeleteResourcePolicy", ResourceARN, ctx),
  async handle({ ResourceARN }, ctx) {
    const { policy, put } = await guarded(ResourceARN, ctx);
    if (policy === undefined) {
      throw ctx.error(
        "ResourceNotFoundException",
        `No resource policy found for resource ARN ${ResourceARN}`,
      );
    }
    put(undefined);
    return {};
  },
});
