import type { Caller } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { ensureServiceLinkedRole } from "../../kit/serviceLinkedRole.ts";
import { parseArn } from "../../kit/targets.ts";
import { groups, policies } from "./tables.ts";

/**
 * What AWS sets up for whoever has its logs delivered: the log group's policy, and the role for delivery streams.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
 */

export const deliverySources = "delivery.logs.amazonaws.com";
const policyName = "AWSLogDeliveryWrite20150319";

/** Where it is one of the caller's own groups: whether there is such a group. */
export async function groupExists(arn: string, ctx: Context): Promise<boolean> {
  const { account = "", region = "", resource = "" } = parseArn(arn) ?? {};
  const name = resource.replace(/^log-group:|:\*$/g, "");
  return (await groups.get(ctx.tx, account, region, name)) !== undefined;
}

/** Does it as the caller, who must be allowed to; where they are not, whoever is must have done it before. */
export async function prepareDestination(arn: string, ctx: Context): Promise<void> {
  const service = parseArn(arn)?.service;
  if (service === "logs") await allowLines(arn.replace(/:\*$/, ""), ctx);
  if (service === "firehose") await makeRole(ctx);
}

interface Document {
  Version: string;
  Statement: { Resource: string[] }[];
}

async function allowLines(groupArn: string, ctx: Context): Promise<void> {
  const held = (await policies.get(ctx.tx, ctx.account, ctx.region))?.policies[policyName];
  const document = held && (JSON.parse(held.document) as Document);
  const Resource = [...new Set([...(document?.Statement[0]?.Resource ?? []), `${groupArn}:log-stream:*`])];
  if (Resource.length === document?.Statement[0]?.Resource.length) return;
  const statement = {
    Sid: policyName,
    Effect: "Allow",
    Principal: { Service: [deliverySources] },
    Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
    Resource,
    Condition: {
      StringEquals: { "aws:SourceAccount": [ctx.account] },
      ArnLike: { "aws:SourceArn": [`arn:aws:logs:${ctx.region}:${ctx.account}:*`] },
    },
  };
  const policyDocument = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  const options = { as: throughLogs(ctx) };
  await unlessRefused(ctx, () =>
    ctx.call("logs", "PutResourcePolicy", { policyName, policyDocument }, options),
  );
}

async function makeRole(ctx: Context): Promise<void> {
  const role = { service: deliverySources, name: "AWSServiceRoleForLogDelivery" };
  const by = { as: throughLogs(ctx), account: ctx.account };
  await unlessRefused(ctx, () => ensureServiceLinkedRole(role, by, ctx));
}

function throughLogs({ caller }: Context): Caller {
  return { ...caller, calledVia: ["logs.amazonaws.com"] };
}

/** What is refused is left as it is. */
async function unlessRefused(ctx: Context, work: () => Promise<unknown>): Promise<void> {
  const savepoint = ctx.tx.savepoint();
  try {
    await work();
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    ctx.tx.rollback(savepoint);
  }
}
