import type { Context } from "./context.ts";

/**
 * Whoever gives a role to a service must be allowed to pass it.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_passrole.html
 */
export async function passRole(
  ctx: Context,
  roleArn: string,
  service: string,
  associatedResource?: string,
): Promise<void> {
  await ctx.authorize({
    action: "iam:PassRole",
    resource: roleArn,
    context: { "iam:PassedToService": service, "iam:AssociatedResourceArn": associatedResource },
  });
}
