import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import type { Table } from "../../kit/table.ts";
import { parseArn } from "../../kit/targets.ts";
import { existingGroup, groupAccess, type NamedGroup, namedGroup, requestTags } from "./access.ts";
import { anomalyDetectors } from "./anomalyTables.ts";
import { logs } from "./contract.ts";
import { deliveries, deliveryDestinations, deliverySources } from "./deliveryTables.ts";
import { putGroup } from "./groups.ts";
import { maxTagsPerResource } from "./limits.ts";
import { lookupTables } from "./lookupRows.ts";
import { scheduledQueries } from "./scheduledTables.ts";
import { destinations } from "./tables.ts";

/** Tags of log groups and destinations, by both sets of operations: the older take a group's name, the newer its ARN. */

type Tags = Readonly<Record<string, string>>;

export function checkTags(added: Tags, held: Tags, ctx: Context): Record<string, string> {
  for (const key of Object.keys(added)) {
    if (key.toLowerCase().startsWith("aws:")) {
      throw ctx.error(
        "InvalidParameterException",
        "Tag keys starting with aws: are reserved for system use.",
      );
    }
  }
  const tags = { ...held, ...added };
  if (Object.keys(tags).length > maxTagsPerResource) {
    throw ctx.error("InvalidParameterException", `Resource can have at most ${maxTagsPerResource} tags.`);
  }
  return tags;
}

/** What has tags: a log group, or a destination. */
interface Tagged {
  tags: Tags;
  put(tags: Record<string, string>): void;
}

async function taggedGroup(group: NamedGroup | undefined, ctx: Context): Promise<Tagged> {
  const row = await existingGroup(group, ctx);
  return { tags: row.tags, put: (tags) => putGroup({ ...row, tags }, ctx) };
}

type TaggedTable = Table<{ tags: Record<string, string> }, [account: string, region: string, name: string]>;

/** What has tags beside log groups, by the word in its ARN. */
const kinds: Readonly<Record<string, { rows: TaggedTable; missing: string }>> = {
  destination: {
    rows: destinations as unknown as TaggedTable,
    missing: "The specified destination does not exist.",
  },
  "delivery-source": {
    rows: deliverySources as unknown as TaggedTable,
    missing: "Requested Delivery Source does not exist in this account.",
  },
  "delivery-destination": {
    rows: deliveryDestinations as unknown as TaggedTable,
    missing: "Requested Delivery Destination does not exist in this account.",
  },
  "scheduled-query": {
    rows: scheduledQueries as unknown as TaggedTable,
    missing: "The specified scheduled query does not exist.",
  },
  "anomaly-detector": {
    rows: anomalyDetectors as unknown as TaggedTable,
    missing: "The specified anomaly detector does not exist.",
  },
  "lookup-table": {
    rows: lookupTables as unknown as TaggedTable,
    missing: "The specified lookup table does not exist.",
  },
  delivery: {
    rows: deliveries as unknown as TaggedTable,
    missing: "Requested Delivery does not exist in this account.",
  },
};

/** The table and the key of what an ARN names; undefined for a log group's, and anything else's. */
function rowIn(arn: string) {
  const { service, account = "", region = "", resource = "" } = parseArn(arn) ?? {};
  const [, word = "", name = ""] = /^([a-z-]+):([^:]+)$/.exec(resource) ?? [];
  const kind = service === "logs" && Object.hasOwn(kinds, word) ? kinds[word] : undefined;
  return kind && { ...kind, key: [account, region, name] as [string, string, string] };
}

async function tagged(arn: string, ctx: Context): Promise<Tagged> {
  const found = rowIn(arn);
  if (found === undefined) return await taggedGroup(namedGroup(arn, ctx), ctx);
  const { rows, key, missing } = found;
  const row = await rows.get(ctx.tx, ...key);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", missing);
  return { tags: row.tags, put: (tags) => rows.put(ctx.tx, key, { ...row, tags }) };
}

async function taggedAccess(
  action: string,
  arn: string,
  ctx: Context,
  more: Pick<Access, "requestTags" | "context"> = {},
): Promise<Access> {
  const found = rowIn(arn);
  if (found === undefined) return await groupAccess(action, namedGroup(arn, ctx), ctx, more);
  const row = await found.rows.get(ctx.tx, ...found.key);
  return { action: `logs:${action}`, resource: arn, ...(row && { resourceTags: row.tags }), ...more };
}

async function addTags(to: Promise<Tagged>, added: Tags, ctx: Context): Promise<void> {
  const { tags, put } = await to;
  put(checkTags(added, tags, ctx));
}

async function removeTags(from: Promise<Tagged>, keys: readonly string[]): Promise<void> {
  const { tags: held, put } = await from;
  const tags = { ...held };
  for (const key of keys) delete tags[key];
  put(tags);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagResource.html */
export const tagResource = logs.operation("TagResource", {
  access: ({ resourceArn, tags }, ctx) =>
    taggedAccess("TagResource", resourceArn, ctx, { requestTags: requestTags(tags) }),
  async handle({ resourceArn, tags }, ctx) {
    await addTags(tagged(resourceArn, ctx as Context), tags, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagResource.html */
export const untagResource = logs.operation("UntagResource", {
  access: ({ resourceArn, tagKeys }, ctx) =>
    taggedAccess("UntagResource", resourceArn, ctx, { context: { "aws:TagKeys": tagKeys } }),
  async handle({ resourceArn, tagKeys }, ctx) {
    await removeTags(tagged(resourceArn, ctx as Context), tagKeys);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = logs.operation("ListTagsForResource", {
  access: ({ resourceArn }, ctx) => taggedAccess("ListTagsForResource", resourceArn, ctx),
  async handle({ resourceArn }, ctx) {
    const { tags } = await tagged(resourceArn, ctx as Context);
    return { tags };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_TagLogGroup.html */
export const tagLogGroup = logs.operation("TagLogGroup", {
  access: ({ logGroupName, tags }, ctx) =>
    groupAccess("TagLogGroup", namedGroup(logGroupName, ctx), ctx, { requestTags: requestTags(tags) }),
  async handle({ logGroupName, tags }, ctx) {
    await addTags(taggedGroup(namedGroup(logGroupName, ctx), ctx as Context), tags, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_UntagLogGroup.html */
export const untagLogGroup = logs.operation("UntagLogGroup", {
  access: ({ logGroupName, tags }, ctx) =>
    groupAccess("UntagLogGroup", namedGroup(logGroupName, ctx), ctx, { context: { "aws:TagKeys": tags } }),
  async handle({ logGroupName, tags }, ctx) {
    await removeTags(taggedGroup(namedGroup(logGroupName, ctx), ctx as Context), tags);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_ListTagsLogGroup.html */
export const listTagsLogGroup = logs.operation("ListTagsLogGroup", {
  access: ({ logGroupName }, ctx) => groupAccess("ListTagsLogGroup", namedGroup(logGroupName, ctx), ctx),
  async handle({ logGroupName }, ctx) {
    const { tags } = await existingGroup(namedGroup(logGroupName, ctx), ctx as Context);
    return { tags };
  },
});
