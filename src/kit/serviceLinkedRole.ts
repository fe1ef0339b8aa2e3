import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";

/**
 * Roles that AWS's services have in an account, made when they are first needed.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html
 */

export interface ServiceLinkedRole {
  /** "replication.dynamodb.amazonaws.com" */
  service: string;
  /** "AWSServiceRoleForDynamoDBReplication" */
  name: string;
}

export function serviceLinkedRoleArn(account: string, { service, name }: ServiceLinkedRole): string {
  return `arn:aws:iam::${account}:role/aws-service-role/${service}/${name}`;
}

/** Sees to it that the role is there. Who makes it must be allowed to: iam:CreateServiceLinkedRole. */
export async function ensureServiceLinkedRole(
  role: ServiceLinkedRole,
  by: { as: Caller; account: string },
  ctx: Context,
): Promise<void> {
  const there = await ctx.directory.findRole(serviceLinkedRoleArn(by.account, role), ctx.tx);
  if (there !== undefined) return;
  await ctx.call("iam", "CreateServiceLinkedRole", { AWSServiceName: role.service }, by);
}
