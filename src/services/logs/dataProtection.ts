import type { Context } from "../../kit/context.ts";
import { existingGroup, groupAccess, type NamedGroup, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { readDocument } from "./protection/document.ts";
import { beginProtection, endProtection, protections } from "./protection/versions.ts";
import { groupExists, prepareDestination } from "./vendedAccess.ts";

/**
 * Data protection of a group: sensitive data is reported when it comes, and masked when it is read.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/mask-sensitive-log-data.html
 */

/** Policies are put and read by the group's own account. */
function ownGroup(identifier: string, { account, region }: Context): NamedGroup | undefined {
  const named = namedGroup(identifier, { account, region });
  return named?.account === account && named.region === region ? named : undefined;
}

/** Log groups among the destinations must exist; what AWS sets up for them is set up. */
export async function prepareFindings(
  destinations: readonly string[],
  ctx: Context<"InvalidParameterException">,
): Promise<void> {
  for (const arn of destinations) {
    if (arn.startsWith("arn:aws:logs:") && !(await groupExists(arn, ctx))) {
      throw ctx.error("InvalidParameterException", `The findings destination ${arn} does not exist.`);
    }
    await prepareDestination(arn, ctx);
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutDataProtectionPolicy.html */
export const putDataProtectionPolicy = logs.operation("PutDataProtectionPolicy", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("PutDataProtectionPolicy", namedGroup(logGroupIdentifier, ctx), ctx),
  async handle({ logGroupIdentifier, policyDocument }, ctx) {
    const group = await existingGroup(ownGroup(logGroupIdentifier, ctx), ctx);
    if (group.class !== "STANDARD") {
      throw ctx.error(
        "InvalidParameterException",
        "Data protection needs a log group of the Standard class.",
      );
    }
    const protection = await readDocument(policyDocument, ctx);
    await prepareFindings(protection.destinations, ctx);
    const { lastUpdatedTime } = await beginProtection(group.groupId, policyDocument, protection, ctx);
    putGroup({ ...group, isProtected: true }, ctx);
    return { logGroupIdentifier, policyDocument, lastUpdatedTime };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_GetDataProtectionPolicy.html */
export const getDataProtectionPolicy = logs.operation("GetDataProtectionPolicy", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("GetDataProtectionPolicy", namedGroup(logGroupIdentifier, ctx), ctx),
  async handle({ logGroupIdentifier }, ctx) {
    const group = await existingGroup(ownGroup(logGroupIdentifier, ctx), ctx);
    const held = await protections.get(ctx.tx, ctx.account, ctx.region, group.groupId);
    if (held?.document === undefined) return { logGroupIdentifier };
    const { document, lastUpdatedTime } = held;
    return { logGroupIdentifier, policyDocument: document, lastUpdatedTime };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteDataProtectionPolicy.html */
export const deleteDataProtectionPolicy = logs.operation("DeleteDataProtectionPolicy", {
  access: ({ logGroupIdentifier }, ctx) =>
    groupAccess("DeleteDataProtectionPolicy", namedGroup(logGroupIdentifier, ctx), ctx),
  async handle({ logGroupIdentifier }, ctx) {
    const group = await existingGroup(ownGroup(logGroupIdentifier, ctx), ctx);
    if (!(await endProtection(group.groupId, ctx))) {
      throw ctx.error("ResourceNotFoundException", "The log group does not have a data protection policy.");
    }
    return {};
  },
});
