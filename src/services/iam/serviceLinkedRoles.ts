import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { iam } from "./contract.ts";
import { dropUse } from "./policyUses.ts";
import { countOneMore } from "./quotas.ts";
import { addRole, dropRole, findRole, listedRole, roleAccess, roleArn, serviceLinkedPath } from "./roles.ts";
import { serviceLinkedRoles } from "./serviceLinkedNames.ts";
import { lastPart, onRole } from "./shared.ts";
import { deletionTasks, roles } from "./tables.ts";

/** Roles that services own. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_create-service-linked-role.html */

const sessionSeconds = 3600;

function nameFor(service: string, suffix: string | undefined): string {
  const name = serviceLinkedRoles.get(service)?.roleName ?? "AWSServiceRoleFor*";
  return suffix === undefined ? name : `${name}_${suffix}`;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceLinkedRole.html */
export const createServiceLinkedRole = iam.operation("CreateServiceLinkedRole", {
  access: ({ AWSServiceName, CustomSuffix }, ctx) => ({
    action: "iam:CreateServiceLinkedRole",
    resource: roleArn(
      ctx.account,
      `${serviceLinkedPath}${AWSServiceName}/`,
      nameFor(AWSServiceName, CustomSuffix),
    ),
    context: { "iam:AWSServiceName": AWSServiceName },
  }),
  async handle({ AWSServiceName: service, CustomSuffix, Description }, ctx) {
    const known = serviceLinkedRoles.get(service);
    if (known === undefined) {
      throw ctx.error("InvalidInputException", `Service ${service} has no service-linked role.`);
    }
    if (CustomSuffix !== undefined && !known.takesSuffix) {
      throw ctx.error("InvalidInputException", `Custom suffix is not allowed for ${service}`);
    }
    const roleName = nameFor(service, CustomSuffix);
    if ((await roles.get(ctx.tx, ctx.account, roleName.toLowerCase())) !== undefined) {
      throw ctx.error(
        "InvalidInputException",
        `Service role name ${roleName} has been taken in this account, please try a different suffix.`,
      );
    }
    await countOneMore("roles", ctx, { unlimited: true });
    const policy = `arn:aws:iam::aws:policy/aws-service-role/${known.policyName}`;
    const description = Description ?? known.description;
    const role = addRole(
      {
        roleName,
        path: `${serviceLinkedPath}${service}/`,
        trustPolicy: trustIn(service),
        maxSessionDuration: sessionSeconds,
        attached: [policy],
        tags: {},
        ...(description !== undefined && { description }),
      },
      ctx,
    );
    const { MaxSessionDuration: _, ...shown } = await listedRole(role, ctx);
    return { Role: shown };
  },
  record: { resources: (_, output) => onRole({ RoleName: output?.Role?.RoleName }) },
});

function trustIn(service: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: { Service: service }, Action: "sts:AssumeRole" }],
  });
}

/** No service of Cloudkeep holds on to its role: it goes at once. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceLinkedRole.html */
export const deleteServiceLinkedRole = iam.operation("DeleteServiceLinkedRole", {
  access: ({ RoleName }, ctx) => roleAccess("DeleteServiceLinkedRole", RoleName, ctx),
  async handle({ RoleName }, ctx) {
    const role = await findRole(RoleName, ctx);
    if (!role.path.startsWith(serviceLinkedPath)) {
      throw ctx.error("NoSuchEntityException", `The role with name ${RoleName} cannot be found.`);
    }
    const holder = { kind: "role" as const, name: RoleName.toLowerCase() };
    for (const arn of role.attached) dropUse(arn, "attached", holder, ctx);
    await dropRole(role, ctx);
    const task = `task${role.path}${role.roleName}/${uuid()}`;
    deletionTasks.put(ctx.tx, [ctx.account, task], { roleName: role.roleName });
    return { DeletionTaskId: task };
  },
  record: { resources: onRole },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLinkedRoleDeletionStatus.html */
export const getServiceLinkedRoleDeletionStatus = iam.operation("GetServiceLinkedRoleDeletionStatus", {
  access: ({ DeletionTaskId }, ctx) => {
    const role = DeletionTaskId.slice("task".length, DeletionTaskId.lastIndexOf("/"));
    return {
      action: "iam:GetServiceLinkedRoleDeletionStatus",
      resource: roleArn(ctx.account, role.slice(0, role.lastIndexOf("/") + 1), lastPart(role)),
    };
  },
  async handle({ DeletionTaskId }, ctx) {
    await checkTask(DeletionTaskId, ctx);
    return { Status: "SUCCEEDED" as const };
  },
});

async function checkTask(id: string, ctx: Context<"NoSuchEntityException">): Promise<void> {
  if ((await deletionTasks.get(ctx.tx, ctx.account, id)) !== undefined) return;
  throw ctx.error("NoSuchEntityException", `Deletion task ${id} cannot be found.`);
}
