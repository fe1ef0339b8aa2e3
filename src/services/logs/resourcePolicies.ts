import type { ResourcePolicy } from "@aws-sdk/client-cloudwatch-logs";
import type { Context } from "../../kit/context.ts";
import { randomText } from "../../kit/ids.ts";
import { type Page, pageOfList } from "../../kit/paging.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { existingGroup, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { putGroup } from "./groups.ts";
import { maxResourcePolicies } from "./limits.ts";
import { logsPage } from "./pages.ts";
import { type PolicyRow, policies } from "./tables.ts";

/**
 * Who else may write to an account's log groups: services, mostly. Policies of the account hold for all of its groups
 * in the Region; one of a group, put by the group's ARN, holds for that group in their stead.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html#IAM_ACCESS_Overview_ResourcePolicies
 */

interface Statements {
  Statement?: object | object[];
}

function checkDocument(document: string, ctx: Context<"InvalidParameterException">): void {
  try {
    parsePolicy(document, "resource");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("InvalidParameterException", error.message);
    throw error;
  }
}

/** All statements as one document; their ids, which may be the same in two policies, are left out. */
function merged(held: Record<string, PolicyRow>): string {
  const Statement = Object.values(held).flatMap(({ document }) => {
    const { Statement: statements = [] } = JSON.parse(document) as Statements;
    return [statements].flat().map(({ Sid: _, ...statement }: { Sid?: string }) => statement);
  });
  return Statement.length === 0 ? "" : JSON.stringify({ Version: "2012-10-17", Statement });
}

function shown(
  { policyName, document, lastUpdatedTime, revisionId }: PolicyRow,
  arn?: string,
): ResourcePolicy {
  return {
    policyName,
    policyDocument: document,
    lastUpdatedTime,
    policyScope: arn === undefined ? "ACCOUNT" : "RESOURCE",
    ...(arn !== undefined && { resourceArn: arn, revisionId }),
  };
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutResourcePolicy.html */
export const putResourcePolicy = logs.operation("PutResourcePolicy", {
  access: () => ({ action: "logs:PutResourcePolicy", resource: "*" }),
  async handle({ policyName = "", policyDocument, resourceArn, expectedRevisionId }, ctx) {
    if (policyDocument === undefined || (policyName === "" && resourceArn === undefined)) {
      throw ctx.error("InvalidParameterException", "Both policyName and policyDocument must be specified.");
    }
    checkDocument(policyDocument, ctx);
    const row: PolicyRow = {
      policyName,
      document: policyDocument,
      lastUpdatedTime: ctx.clock.now(),
      revisionId: randomText(20, "lower36"),
    };
    if (resourceArn !== undefined) {
      const group = await existingGroup(ownGroup(resourceArn, ctx), ctx);
      checkRevision(group.policy, expectedRevisionId, ctx);
      putGroup({ ...group, policy: row }, ctx as Context);
      return { resourcePolicy: shown(row, group.arn), revisionId: row.revisionId };
    }
    const held = (await policies.get(ctx.tx, ctx.account, ctx.region))?.policies ?? {};
    if (!Object.hasOwn(held, policyName) && Object.keys(held).length >= maxResourcePolicies) {
      throw ctx.error("LimitExceededException", "Resource limit exceeded.");
    }
    putPolicies({ ...held, [policyName]: row }, ctx as Context);
    return { resourcePolicy: shown(row) };
  },
});

function putPolicies(held: Record<string, PolicyRow>, ctx: Context): void {
  policies.put(ctx.tx, [ctx.account, ctx.region], { policies: held, merged: merged(held) });
}

/** Policies are put and read by the group's own account. */
function ownGroup(arn: string, { account, region }: Context) {
  const named = namedGroup(arn, { account, region });
  return named?.account === account && named.region === region ? named : undefined;
}

function checkRevision(
  held: PolicyRow | undefined,
  expected: string | undefined,
  ctx: Context<"InvalidParameterException">,
): void {
  if (expected !== undefined && held?.revisionId !== expected) {
    throw ctx.error(
      "InvalidParameterException",
      "The revision of the resource policy is not the expected one.",
    );
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DeleteResourcePolicy.html */
export const deleteResourcePolicy = logs.operation("DeleteResourcePolicy", {
  access: () => ({ action: "logs:DeleteResourcePolicy", resource: "*" }),
  async handle({ policyName, resourceArn, expectedRevisionId }, ctx) {
    if (resourceArn !== undefined) {
      const group = await existingGroup(ownGroup(resourceArn, ctx), ctx);
      checkRevision(group.policy, expectedRevisionId, ctx);
      const { policy: _, ...rest } = group;
      putGroup(rest, ctx as Context);
      return {};
    }
    const held = { ...(await policies.get(ctx.tx, ctx.account, ctx.region))?.policies };
    if (policyName === undefined || !Object.hasOwn(held, policyName)) {
      throw ctx.error("ResourceNotFoundException", `Policy with name [${policyName}] does not exist.`);
    }
    delete held[policyName];
    putPolicies(held, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeResourcePolicies.html */
export const describeResourcePolicies = logs.operation("DescribeResourcePolicies", {
  access: () => ({ action: "logs:DescribeResourcePolicies", resource: "*" }),
  async handle({ limit = 50, nextToken, resourceArn }, ctx) {
    if (resourceArn !== undefined) {
      const named = ownGroup(resourceArn, ctx);
      const group = named && (await existingGroup(named, ctx as Context));
      return { resourcePolicies: group?.policy ? [shown(group.policy, group.arn)] : [] };
    }
    const held = await policies.get(ctx.tx, ctx.account, ctx.region);
    const sorted = Object.values(held?.policies ?? {}).sort((a, b) => (a.policyName < b.policyName ? -1 : 1));
    const { items, end } = await logsPage(ctx, (): Page<PolicyRow> => pageOfList(sorted, limit, nextToken));
    return { resourcePolicies: items.map((row) => shown(row)), ...end };
  },
});
