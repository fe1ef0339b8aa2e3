import type { Context } from "../../../kit/context.ts";
import { BadMarker, keyedPageOf } from "../../../kit/paging.ts";
import type { Access } from "../../../kit/service.ts";
import { newTags } from "../alarms/configure.ts";
import { cloudwatch } from "../contract.ts";
import { type InsightRuleRow, insightRules } from "../tables.ts";
import { BadDefinition, parseDefinition } from "./definition.ts";

/** Rules of Contributor Insights. https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/ContributorInsights.html */

const defaultPageSize = 500;
const maxRules = 100;
/** So recorded from AWS; its documentation has it as JSON. */
const schema = "CloudWatchLogRule/1";

interface Owner {
  account: string;
  region: string;
}

export function insightRuleArn(name: string, { account, region }: Owner): string {
  return `arn:aws:cloudwatch:${region}:${account}:insight-rule/${name}`;
}

export function findInsightRule(name: string, ctx: Context) {
  return insightRules.get(ctx.tx, ctx.account, ctx.region, name);
}

export function putInsightRuleRow(name: string, row: InsightRuleRow, ctx: Context): void {
  insightRules.put(ctx.tx, [ctx.account, ctx.region, name], row);
}

export async function ruleAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const row = await findInsightRule(name, ctx);
  return {
    action: `cloudwatch:${action}`,
    resource: insightRuleArn(name, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

/** Log groups that a definition names, for policies that say which may be looked into. */
function logGroupsOf(definition: string): string[] | undefined {
  try {
    return [...parseDefinition(definition).logGroups];
  } catch {
    // The operation tells what is wrong with it.
    return undefined;
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutInsightRule.html */
export const putInsightRule = cloudwatch.operation("PutInsightRule", {
  access: async ({ RuleName, RuleDefinition, Tags }, ctx) => ({
    ...(await ruleAccess("PutInsightRule", RuleName, ctx)),
    requestTags: Tags,
    context: { "cloudwatch:requestInsightRuleLogGroups": logGroupsOf(RuleDefinition) },
  }),
  async handle({ RuleName, RuleState = "ENABLED", RuleDefinition, Tags, ApplyOnTransformedLogs }, ctx) {
    if (RuleState !== "ENABLED" && RuleState !== "DISABLED")
      throw ctx.error("InvalidParameterValueException", "RuleState must be ENABLED or DISABLED.");
    try {
      parseDefinition(RuleDefinition);
    } catch (error) {
      if (!(error instanceof BadDefinition)) throw error;
      throw ctx.error(
        "InvalidParameterValueException",
        `Failed to parse the rule definition: ${error.message}`,
      );
    }
    const held = await findInsightRule(RuleName, ctx);
    if (held === undefined) {
      const all = await insightRules.list(ctx.tx, [ctx.account, ctx.region], { limit: maxRules });
      if (all.length >= maxRules)
        throw ctx.error("LimitExceededException", "The maximum limit of insight rules has been reached.");
    }
    const row: InsightRuleRow = {
      enabled: RuleState === "ENABLED",
      definition: RuleDefinition,
      ...(ApplyOnTransformedLogs !== undefined && { onTransformedLogs: ApplyOnTransformedLogs }),
      tags: held?.tags ?? newTags(Tags, ctx as Context),
    };
    putInsightRuleRow(RuleName, row, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DescribeInsightRules.html */
export const describeInsightRules = cloudwatch.operation("DescribeInsightRules", {
  access: () => ({ action: "cloudwatch:DescribeInsightRules", resource: "*" }),
  async handle({ NextToken, MaxResults = defaultPageSize }, ctx) {
    try {
      const options = { limit: MaxResults, marker: NextToken };
      const { items, next } = await keyedPageOf(insightRules, ctx.tx, [ctx.account, ctx.region], options);
      const InsightRules = items.map(({ key, row }) => ({
        Name: key[2],
        State: row.enabled ? "ENABLED" : "DISABLED",
        Schema: schema,
        Definition: row.definition,
        ManagedRule: false,
        ApplyOnTransformedLogs: row.onTransformedLogs ?? false,
      }));
      return { InsightRules, ...(next !== undefined && { NextToken: next }) };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("InvalidNextToken", "The token is invalid.");
      throw error;
    }
  },
});

/** Changes each rule that there is; tells of those that there are not. */
async function each(
  names: readonly string[],
  change: (name: string, row: InsightRuleRow) => void,
  ctx: Context,
) {
  const Failures = [];
  for (const name of new Set(names)) {
    const row = await findInsightRule(name, ctx);
    if (row !== undefined) change(name, row);
    else
      Failures.push({
        FailureResource: name,
        ExceptionType: "ResourceNotFoundException",
        FailureCode: "404",
        FailureDescription: `Rule ${name} does not exist.`,
      });
  }
  return { Failures };
}

const everyRule =
  (action: string) =>
  ({ RuleNames }: { RuleNames: readonly string[] }, ctx: unknown) =>
    Promise.all(RuleNames.map((name) => ruleAccess(action, name, ctx as Context)));

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_EnableInsightRules.html */
export const enableInsightRules = cloudwatch.operation("EnableInsightRules", {
  access: everyRule("EnableInsightRules"),
  handle: ({ RuleNames }, ctx) =>
    each(RuleNames, (name, row) => putInsightRuleRow(name, { ...row, enabled: true }, ctx), ctx),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DisableInsightRules.html */
export const disableInsightRules = cloudwatch.operation("DisableInsightRules", {
  access: everyRule("DisableInsightRules"),
  handle: ({ RuleNames }, ctx) =>
    each(RuleNames, (name, row) => putInsightRuleRow(name, { ...row, enabled: false }, ctx), ctx),
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteInsightRules.html */
export const deleteInsightRules = cloudwatch.operation("DeleteInsightRules", {
  access: everyRule("DeleteInsightRules"),
  handle: ({ RuleNames }, ctx) =>
    each(RuleNames, (name) => insightRules.delete(ctx.tx, ctx.account, ctx.region, name), ctx),
});

/** No service here has rules of its own. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListManagedInsightRules.html */
export const listManagedInsightRules = cloudwatch.operation("ListManagedInsightRules", {
  access: ({ ResourceARN }) => ({
    action: "cloudwatch:ListManagedInsightRules",
    resource: "*",
    context: { "cloudwatch:requestManagedResourceARNs": [ResourceARN] },
  }),
  handle({ NextToken }, ctx) {
    if (NextToken !== undefined) throw ctx.error("InvalidNextToken", "The token is invalid.");
    return { ManagedRules: [] };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutManagedInsightRules.html */
export const putManagedInsightRules = cloudwatch.operation("PutManagedInsightRules", {
  access: ({ ManagedRules }) => ({
    action: "cloudwatch:PutManagedInsightRules",
    resource: "*",
    requestTags: ManagedRules.flatMap(({ Tags }) => Tags ?? []),
    context: {
      "cloudwatch:requestManagedResourceARNs": ManagedRules.map(({ ResourceARN }) => ResourceARN ?? ""),
    },
  }),
  handle: ({ ManagedRules }) => ({
    Failures: ManagedRules.map(({ TemplateName }) => ({
      FailureResource: TemplateName ?? "",
      ExceptionType: "ResourceNotFoundException",
      FailureCode: "404",
      FailureDescription: `There is no managed rule ${TemplateName} for this resource.`,
    })),
  }),
});
