import type { Context } from "../../kit/context.ts";
import { throughDynamodb } from "./encryption.ts";

/** Roles that DynamoDB has in an account, made when they are first needed, by whoever needs them. */

export function serviceLinkedRoleArn(account: string, service: string, name: string): string {
  return `arn:aws:iam::${account}:role/aws-service-role/${service}/${name}`;
}

/** Sees to it that the role is there. Who makes it must be allowed to: iam:CreateServiceLinkedRole. */
export async function ensureServiceLinkedRole(service: string, name: string, ctx: Context): Promise<void> {
  const arn = serviceLinkedRoleArn(ctx.account, service, name);
  if ((await ctx.directory.findRole(arn, ctx.tx)) !== undefined) return;
  await ctx.call(
    "iam",
    "CreateServiceLinkedRole",
    { AWSServiceName: service },
    { as: throughDynamodb(ctx.caller) },
  );
}
