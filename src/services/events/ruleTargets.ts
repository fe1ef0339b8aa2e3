import type { Target } from "@aws-sdk/client-eventbridge";
import type { Context } from "../../kit/context.ts";
import { passRole } from "../../kit/passRole.ts";
import { parseArn } from "../../kit/targets.ts";
import { tooMany } from "./buses.ts";
import { events } from "./contract.ts";
import { namedPage } from "./lists.ts";
import { busNamed, existingBus, existingRule, ruleAccess, touchBus } from "./names.ts";
import { rulesByTarget, targets } from "./tables.ts";
import { placeholders } from "./transform.ts";

const maxTargetsPerRule = 5;
const predefined = /^aws\.events\./;

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutTargets.html */
export const putTargets = events.operation("PutTargets", {
  access: async ({ Rule, EventBusName, Targets }, ctx) => {
    const access = await ruleAccess("PutTargets", { Rule, EventBusName }, ctx);
    const arns = Targets.map(({ Arn }) => Arn ?? "");
    return { ...access, context: { ...access.context, "events:TargetArn": arns } };
  },
  async handle({ Rule, EventBusName, Targets }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingRule(bus, Rule, ctx);
    const parts = [bus.account, bus.region, bus.name] as const;
    const standing = new Map(
      (await targets.list(ctx.tx, [...parts, Rule])).map(({ row }) => [row.Id ?? "", row]),
    );
    for (const target of Targets as Target[]) {
      await checkTarget(target, ctx);
      const id = target.Id ?? "";
      const before = standing.get(id);
      if (before !== undefined) rulesByTarget.delete(ctx.tx, ...parts, before.Arn ?? "", Rule, id);
      standing.set(id, target);
      targets.put(ctx.tx, [...parts, Rule, id], target);
      rulesByTarget.put(ctx.tx, [...parts, target.Arn ?? "", Rule, id], {});
    }
    if (standing.size > maxTargetsPerRule) throw tooMany(ctx);
    touchBus(bus, ctx);
    return { FailedEntryCount: 0, FailedEntries: [] };
  },
});

async function checkTarget(target: Target, ctx: Context): Promise<void> {
  const { Id, Arn = "", Input, InputPath, InputTransformer, RoleArn, SqsParameters } = target;
  const invalid = (message: string) => ctx.error("ValidationException", message);
  const arn = parseArn(Arn);
  if (arn === undefined)
    throw invalid(`Parameter ${Arn} is not valid. Reason: Provided Arn is not in correct format.`);
  if ([Input, InputPath, InputTransformer].filter((one) => one !== undefined).length > 1) {
    throw invalid(`Only one of Input, InputPath, or InputTransformer must be provided for target ${Id}.`);
  }
  if (Input !== undefined && !isJson(Input)) throw invalid(`JSON syntax error in input for target ${Id}.`);
  if (InputTransformer !== undefined) {
    const known = new Set(Object.keys(InputTransformer.InputPathsMap ?? {}));
    for (const name of placeholders(InputTransformer.InputTemplate ?? "")) {
      if (!known.has(name) && !predefined.test(name))
        throw invalid(`InputTemplate for target ${Id} contains invalid placeholder ${name}.`);
    }
  }
  if (arn.service === "sqs" && Arn.endsWith(".fifo") && SqsParameters?.MessageGroupId === undefined) {
    throw invalid(`Parameter(s) SqsParameters must be specified for target: ${Id}.`);
  }
  if (RoleArn === undefined && needsRole.has(arn.service)) {
    throw invalid(`RoleArn is required for target ${Arn}.`);
  }
  if (RoleArn !== undefined) await passRole(ctx, RoleArn, "events.amazonaws.com");
}

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-identity-based.html */
const needsRole = new Set(["kinesis", "firehose"]);

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemoveTargets.html */
export const removeTargets = events.operation("RemoveTargets", {
  access: ({ Rule, EventBusName }, ctx) => ruleAccess("RemoveTargets", { Rule, EventBusName }, ctx),
  async handle({ Rule, EventBusName, Ids }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingRule(bus, Rule, ctx);
    const parts = [bus.account, bus.region, bus.name] as const;
    const FailedEntries = [];
    for (const id of Ids) {
      const standing = await targets.get(ctx.tx, ...parts, Rule, id);
      if (standing === undefined) {
        FailedEntries.push({
          TargetId: id,
          ErrorCode: "ResourceNotFoundException",
          ErrorMessage: `Rule ${Rule} does not have a target with the Id ${id}.`,
        });
        continue;
      }
      targets.delete(ctx.tx, ...parts, Rule, id);
      rulesByTarget.delete(ctx.tx, ...parts, standing.Arn ?? "", Rule, id);
    }
    touchBus(bus, ctx);
    return { FailedEntryCount: FailedEntries.length, FailedEntries };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListTargetsByRule.html */
export const listTargetsByRule = events.operation("ListTargetsByRule", {
  access: ({ Rule, EventBusName }, ctx) => ruleAccess("ListTargetsByRule", { Rule, EventBusName }, ctx),
  async handle({ Rule, EventBusName, ...input }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingRule(bus, Rule, ctx);
    const parts = [bus.account, bus.region, bus.name, Rule];
    const { items, next } = await namedPage(targets, parts, input, ctx);
    return { Targets: items.map(({ row }) => row), ...(next && { NextToken: next }) };
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_ListRuleNamesByTarget.html */
export const listRuleNamesByTarget = events.operation("ListRuleNamesByTarget", {
  access: () => ({ action: "events:ListRuleNamesByTarget", resource: "*" }),
  async handle({ TargetArn, EventBusName, ...input }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    await existingBus(bus, ctx);
    const parts = [bus.account, bus.region, bus.name, TargetArn];
    const { items, next } = await namedPage(rulesByTarget, parts, input, ctx);
    // A rule that has a target twice, under two ids, has one name.
    return { RuleNames: [...new Set(items.map(({ name }) => name))], ...(next && { NextToken: next }) };
  },
});
