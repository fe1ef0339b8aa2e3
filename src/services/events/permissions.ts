import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { events } from "./contract.ts";
import { type BusName, busArn, busNamed, existingBus } from "./names.ts";
import { type BusRow, buses } from "./tables.ts";

/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-quota.html */
const maxPolicyCharacters = 10_240;

interface Statement {
  Sid?: string;
  [member: string]: unknown;
}

/**
 * Lets others use a bus: by a whole policy, or statement by statement.
 * https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutPermission.html
 */
export const putPermission = events.operation("PutPermission", {
  access: () => ({ action: "events:PutPermission", resource: "*" }),
  async handle({ EventBusName, Policy, Action, Principal, StatementId, Condition }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    const row = await existingBus(bus, ctx);
    if (Policy !== undefined) {
      if (Action ?? Principal ?? StatementId ?? Condition) {
        throw ctx.error("ValidationException", "Policy cannot be combined with other parameters.");
      }
      return putPolicy(bus, row, Policy, ctx);
    }
    if (Action === undefined || Principal === undefined || StatementId === undefined) {
      throw ctx.error(
        "ValidationException",
        "Parameters Action, Principal and StatementId must be specified.",
      );
    }
    const statement: Statement = {
      Sid: StatementId,
      Effect: "Allow",
      Principal: Principal === "*" ? "*" : { AWS: `arn:aws:iam::${Principal}:root` },
      Action,
      Resource: busArn(bus),
      ...(Condition && { Condition: { [Condition.Type]: { [Condition.Key]: Condition.Value } } }),
    };
    const others = statementsOf(row).filter(({ Sid }) => Sid !== StatementId);
    return putPolicy(
      bus,
      row,
      JSON.stringify({ Version: "2012-10-17", Statement: [...others, statement] }),
      ctx,
    );
  },
});

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_RemovePermission.html */
export const removePermission = events.operation("RemovePermission", {
  access: () => ({ action: "events:RemovePermission", resource: "*" }),
  async handle({ EventBusName, StatementId, RemoveAllPermissions }, ctx) {
    const bus = busNamed(EventBusName, ctx);
    const row = await existingBus(bus, ctx);
    const statements = statementsOf(row);
    const left = RemoveAllPermissions ? [] : statements.filter(({ Sid }) => Sid !== StatementId);
    if (!RemoveAllPermissions && left.length === statements.length) {
      throw ctx.error("ResourceNotFoundException", "Statement with the provided id does not exist.");
    }
    const { policy: _, ...rest } = row;
    const kept = left.length > 0 && JSON.stringify({ Version: "2012-10-17", Statement: left });
    store(bus, { ...rest, ...(kept && { policy: kept }) }, ctx);
    return {};
  },
});

function putPolicy(
  bus: BusName,
  row: BusRow,
  policy: string,
  ctx: Context<"PolicyLengthExceededException">,
): object {
  if (policy.length > maxPolicyCharacters) {
    throw ctx.error("PolicyLengthExceededException", "The policy is longer than 10240 characters.");
  }
  try {
    parsePolicy(policy, "resource");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("ValidationException", error.message);
    throw error;
  }
  store(bus, { ...row, policy }, ctx);
  return {};
}

function store(bus: BusName, row: BusRow, ctx: Context): void {
  buses.put(ctx.tx, [bus.account, bus.region, bus.name], { ...row, changedAt: ctx.clock.now() });
}

function statementsOf({ policy }: BusRow): Statement[] {
  if (policy === undefined) return [];
  const { Statement } = JSON.parse(policy) as { Statement: Statement | Statement[] };
  return Array.isArray(Statement) ? Statement : [Statement];
}
