import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { cloudtrail } from "./contract.ts";
import { storeAccess } from "./lake/names.ts";
import { type StoreRow, stores } from "./lake/rows.ts";

/** Policies of event data stores: whom else they let in. https://docs.aws.amazon.com/awscloudtrail/latest/userguide/security_iam_resource-based-policy-examples.html */

const onResource =
  (action: string) =>
  ({ ResourceArn }: { ResourceArn: string }, ctx: Context) =>
    storeAccess(action, ResourceArn, ctx);

type Errors =
  | "ResourceARNNotValidException"
  | "ResourceTypeNotSupportedException"
  | "ResourceNotFoundException";

const form = /^arn:aws:cloudtrail:([a-z0-9-]+):(\d{12}):([a-z]+)\/(.+)$/;

async function existing(arn: string, ctx: Context<Errors>): Promise<StoreRow> {
  const [, region, account, kind, id = ""] = form.exec(arn) ?? [];
  if (kind === undefined) {
    throw ctx.error("ResourceARNNotValidException", `The resource ARN ${arn} is not valid.`);
  }
  if (kind !== "eventdatastore") {
    throw ctx.error("ResourceTypeNotSupportedException", `Policies of ${kind} are not supported.`);
  }
  const own = account === ctx.account && region === ctx.region;
  const row = own ? await stores.get(ctx.tx, ctx.account, ctx.region, id) : undefined;
  if (row === undefined) {
    throw ctx.error("ResourceNotFoundException", `The resource ${arn} was not found.`);
  }
  return row;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_PutResourcePolicy.html */
export const putResourcePolicy = cloudtrail.operation("PutResourcePolicy", {
  access: onResource("PutResourcePolicy"),
  async handle({ ResourceArn, ResourcePolicy: policy }, ctx) {
    const row = await existing(ResourceArn, ctx);
    try {
      parsePolicy(policy, "resource");
    } catch (error) {
      if (error instanceof MalformedPolicy) {
        throw ctx.error("ResourcePolicyNotValidException", error.message);
      }
      throw error;
    }
    stores.put(ctx.tx, [ctx.account, ctx.region, row.id], { ...row, policy });
    return { ResourceArn, ResourcePolicy: policy };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetResourcePolicy.html */
export const getResourcePolicy = cloudtrail.operation("GetResourcePolicy", {
  access: onResource("GetResourcePolicy"),
  async handle({ ResourceArn }, ctx) {
    const { policy } = await existing(ResourceArn, ctx);
    if (policy === undefined) {
      throw ctx.error("ResourcePolicyNotFoundException", `The resource ${ResourceArn} has no policy.`);
    }
    return { ResourceArn, ResourcePolicy: policy };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteResourcePolicy.html */
export const deleteResourcePolicy = cloudtrail.operation("DeleteResourcePolicy", {
  access: onResource("DeleteResourcePolicy"),
  async handle({ ResourceArn }, ctx) {
    const { policy, ...row } = await existing(ResourceArn, ctx);
    if (policy === undefined) {
      throw ctx.error("ResourcePolicyNotFoundException", `The resource ${ResourceArn} has no policy.`);
    }
    stores.put(ctx.tx, [ctx.account, ctx.region, row.id], row);
    return {};
  },
});
