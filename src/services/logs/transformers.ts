import type { Processor } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { existingGroup, groupAccess, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import type { GroupRow } from "./tables.ts";
import { compileTransformer, type Transform, TransformerProblem } from "./transform/compile.ts";
import { beginTransformer, endTransformer, transformers } from "./transform/versions.ts";

/**
 * Lines in another form: what is queried, and what filters that ask for it see.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatch-Logs-Transformation.html
 */

type Errors = "InvalidParameterException";

export async function checkTransformer(config: Processor[], ctx: Context<Errors>): Promise<Transform> {
  try {
    return await compileTransformer(config);
  } catch (error) {
    if (!(error instanceof TransformerProblem)) throw error;
    throw ctx.error("InvalidParameterException", error.message);
  }
}

function ownGroup(identifier: string, ctx: Context): Promise<GroupRow> {
  const named = namedGroup(identifier, ctx);
  const own = named?.account === ctx.account && named.region === ctx.region;
  return existingGroup(own ? named : undefined, ctx);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutTransformer.html */
export const putTransformer = logs.operation("PutTransformer", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("PutTransformer", namedGroup(logGroupIdentifier, ctx), ctx as Context),
  async handle({ logGroupIdentifier, transformerConfig }, ctx) {
    const group = await ownGroup(logGroupIdentifier, ctx as Context);
    if (group.class !== "STANDARD") {
      throw ctx.error("InvalidOperationException", "Transformers need a log group of the Standard class.");
    }
    const config = transformerConfig as Processor[];
    await checkTransformer(config, ctx as Context<Errors>);
    await beginTransformer(group.groupId, { config }, ctx as Context);
    putGroup({ ...group, isTransformed: true }, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetTransformer.html */
export const getTransformer = logs.operation("GetTransformer", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("GetTransformer", namedGroup(logGroupIdentifier, ctx), ctx as Context),
  async handle({ logGroupIdentifier }, ctx) {
    const group = await ownGroup(logGroupIdentifier, ctx as Context);
    const held = await transformers.get(ctx.tx, ctx.account, ctx.region, group.groupId);
    const [newest] = held?.versions ?? [];
    // AWS answers with nothing where there is none.
    if (held === undefined || newest === undefined || newest.untilMs !== undefined) return {};
    return {
      logGroupIdentifier,
      creationTime: held.creationTime,
      lastModifiedTime: newest.fromMs,
      transformerConfig: newest.config,
    };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteTransformer.html */
export const deleteTransformer = logs.operation("DeleteTransformer", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("DeleteTransformer", namedGroup(logGroupIdentifier, ctx), ctx as Context),
  async handle({ logGroupIdentifier }, ctx) {
    const group = await ownGroup(logGroupIdentifier, ctx as Context);
    if (!(await endTransformer(group.groupId, undefined, ctx as Context))) {
      throw ctx.error("ResourceNotFoundException", "The specified transformer does not exist.");
    }
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TestTransformer.html */
export const testTransformer = logs.operation("TestTransformer", {
  access: () => ({ action: "logs:TestTransformer", resource: "*" }),
  async handle({ transformerConfig, logEventMessages }, ctx) {
    const transform = await checkTransformer(transformerConfig as Processor[], ctx as Context<Errors>);
    const { account, region } = ctx;
    const transformedLogs = logEventMessages.map((eventMessage, i) => {
      const found = transform(eventMessage, { group: "", stream: "", account, region });
      return {
        eventNumber: i + 1,
        eventMessage,
        ...(found && { transformedEventMessage: JSON.stringify(found) }),
      };
    });
    return { transformedLogs };
  },
  record: { readOnly: true, request: () => ({}) },
});
