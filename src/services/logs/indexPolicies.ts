import type { FieldIndex, IndexPolicy } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { type Page, pageOfList } from "../../kit/paging.ts";
import { table } from "../../kit/table.ts";
import { existingGroup, namedGroup } from "./access.ts";
import { policiesFor } from "./accountPolicyTables.ts";
import { logs } from "./contract.ts";
import { checkIndexDocument, type IndexedField, indexedFields } from "./indexDocument.ts";
import { logsPage } from "./pages.ts";
import type { GroupRow } from "./tables.ts";

/**
 * Which fields of a group's lines are indexed. Queries find lines by time here, and need no indexes: the policies are
 * kept and shown. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/CloudWatchLogs-Field-Indexing.html
 */

interface IndexPolicyRow {
  policyDocument: string;
  lastUpdateTime: number;
}

/** By the group's id. */
export const indexPolicies = table<IndexPolicyRow, [account: string, region: string, groupId: string]>(
  "logs",
  "indexPolicies",
);

function ownGroup(identifier: string, ctx: Context): Promise<GroupRow> {
  const named = namedGroup(identifier, ctx);
  const own = named?.account === ctx.account && named.region === ctx.region;
  return existingGroup(own ? named : undefined, ctx);
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutIndexPolicy.html */
export const putIndexPolicy = logs.operation("PutIndexPolicy", {
  access: () => ({ action: "logs:PutIndexPolicy", resource: "*" }),
  async handle({ logGroupIdentifier, policyDocument }, ctx) {
    const group = await ownGroup(logGroupIdentifier, ctx as Context);
    checkIndexDocument(policyDocument, ctx as Context<"InvalidParameterException">);
    const row = { policyDocument, lastUpdateTime: ctx.clock.now() };
    indexPolicies.put(ctx.tx, [ctx.account, ctx.region, group.groupId], row);
    return { indexPolicy: { logGroupIdentifier: group.arn, ...row, source: "LOG_GROUP" } };
  },
});

/** The policy of a group: its own, or else its account's. */
async function policyOf(group: GroupRow, ctx: Context): Promise<IndexPolicy | undefined> {
  const own = await indexPolicies.get(ctx.tx, ctx.account, ctx.region, group.groupId);
  if (own !== undefined) return { logGroupIdentifier: group.arn, ...own, source: "LOG_GROUP" };
  const [shared] = await policiesFor("FIELD_INDEX_POLICY", ctx, group.name, ctx.tx);
  return (
    shared && {
      logGroupIdentifier: group.arn,
      policyName: shared.policyName,
      policyDocument: shared.policyDocument,
      lastUpdateTime: shared.lastUpdatedTime,
      source: "ACCOUNT",
    }
  );
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeIndexPolicies.html */
export const describeIndexPolicies = logs.operation("DescribeIndexPolicies", {
  access: () => ({ action: "logs:DescribeIndexPolicies", resource: "*" }),
  async handle({ logGroupIdentifiers }, ctx) {
    const found = await Promise.all(
      logGroupIdentifiers.map(async (one) => policyOf(await ownGroup(one, ctx as Context), ctx as Context)),
    );
    return { indexPolicies: found.filter((one) => one !== undefined) };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteIndexPolicy.html */
export const deleteIndexPolicy = logs.operation("DeleteIndexPolicy", {
  access: () => ({ action: "logs:DeleteIndexPolicy", resource: "*" }),
  async handle({ logGroupIdentifier }, ctx) {
    const { groupId } = await ownGroup(logGroupIdentifier, ctx as Context);
    if ((await indexPolicies.get(ctx.tx, ctx.account, ctx.region, groupId)) === undefined) {
      throw ctx.error("ResourceNotFoundException", "The log group does not have an index policy.");
    }
    indexPolicies.delete(ctx.tx, ctx.account, ctx.region, groupId);
    return {};
  },
});

/** Indexed in every group of the Standard class, whatever the policy. */
const defaults: IndexedField[] = ["@logStream", "@aws.region", "@aws.account", "@source.log", "traceId"].map(
  (name) => ({ name, type: "FIELD_INDEX" }),
);

const maxPerPage = 100;

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeFieldIndexes.html */
export const describeFieldIndexes = logs.operation("DescribeFieldIndexes", {
  access: () => ({ action: "logs:DescribeFieldIndexes", resource: "*" }),
  async handle({ logGroupIdentifiers, nextToken }, ctx) {
    const found: FieldIndex[] = [];
    for (const identifier of logGroupIdentifiers) {
      const group = await ownGroup(identifier, ctx as Context);
      const policy = await policyOf(group, ctx as Context);
      const fields = [...(indexedFields(policy?.policyDocument ?? "") ?? []), ...defaults];
      for (const { name, type } of fields) {
        found.push({
          logGroupIdentifier: group.arn,
          fieldIndexName: name,
          type,
          ...(policy?.lastUpdateTime !== undefined && { lastScanTime: policy.lastUpdateTime }),
        });
      }
    }
    const { items, end } = await logsPage(
      ctx,
      (): Page<FieldIndex> => pageOfList(found, maxPerPage, nextToken),
    );
    return { fieldIndexes: items, ...end };
  },
});
