import type { Role } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { checkNoPolicies, conflict } from "./holders.ts";
import { lastUseOfRole } from "./lastUse.ts";
import { addUse, checkBoundary, withBoundary } from "./policyUses.ts";
import { countOneLess, countOneMore } from "./quotas.ts";
import { encoded, onRole, paged, seconds } from "./shared.ts";
import { principalIds, type RoleRow, roleProfiles, roles } from "./tables.ts";
import { shownTags, taggedResource, withTags } from "./tags.ts";
import { keptTrust, shownTrust } from "./trust.ts";
import { shownBoundary } from "./users.ts";

const defaultSessionSeconds = 3600;
/** Paths that only AWS itself may use. */
export const serviceLinkedPath = "/aws-service-role/";
const reservedPath = "/aws-reserved/";

export function roleArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:role${path}${name}`;
}

/** What a call on a role must be allowed to do. Of a role that does not exist it says the same. */
export async function roleAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const role = await roles.get(ctx.tx, ctx.account, name.toLowerCase());
  return {
    action: `iam:${action}`,
    resource: role?.arn ?? roleArn(ctx.account, "/", name),
    shownAs: `role ${name}`,
    ...(role && taggedResource(role.tags)),
  };
}

/** For changes of what a role may do: its boundary, and the policy that is attached, are condition keys of those. */
export async function rolePolicyAccess(
  action: string,
  name: string,
  ctx: Context,
  policyArn?: string,
): Promise<Access> {
  const role = await roles.get(ctx.tx, ctx.account, name.toLowerCase());
  const access = await roleAccess(action, name, ctx);
  return {
    ...access,
    context: {
      ...access.context,
      "iam:PermissionsBoundary": role?.boundary,
      ...(policyArn && { "iam:PolicyARN": policyArn }),
    },
  };
}

export async function findRole(name: string, ctx: Context<"NoSuchEntityException">): Promise<RoleRow> {
  const role = await roles.get(ctx.tx, ctx.account, name.toLowerCase());
  if (role === undefined)
    throw ctx.error("NoSuchEntityException", `The role with name ${name} cannot be found.`);
  return role;
}

/** A role that the account may change: not one that a service owns. */
export async function findModifiableRole(
  name: string,
  ctx: Context<"NoSuchEntityException" | "UnmodifiableEntityException">,
): Promise<RoleRow> {
  const role = await findRole(name, ctx);
  if (!role.path.startsWith(serviceLinkedPath)) return role;
  throw ctx.error(
    "UnmodifiableEntityException",
    `Cannot perform the operation on the protected role '${role.roleName}' - this role is only modifiable by AWS`,
  );
}

export function saveRole(role: RoleRow, ctx: Context): void {
  roles.put(ctx.tx, [ctx.account, role.roleName.toLowerCase()], role);
}

/** What AWS answers when the role is made; listings add the longest session. */
async function createdRole(role: RoleRow, ctx: Context) {
  return {
    Path: role.path,
    RoleName: role.roleName,
    RoleId: role.roleId,
    Arn: role.arn,
    CreateDate: seconds(role.createDate),
    AssumeRolePolicyDocument: encoded(await shownTrust(role.trustPolicy, ctx.tx)),
  } satisfies Role;
}

export async function listedRole(role: RoleRow, ctx: Context) {
  return {
    ...(await createdRole(role, ctx)),
    ...(role.description && { Description: role.description }),
    MaxSessionDuration: role.maxSessionDuration,
  } satisfies Role;
}

function tagsAndBoundary({ tags, boundary }: RoleRow) {
  return {
    ...(boundary && { PermissionsBoundary: shownBoundary(boundary) }),
    ...(Object.keys(tags).length > 0 && { Tags: shownTags(tags) }),
  };
}

export async function describeRole(role: RoleRow, ctx: Context) {
  return {
    ...(await listedRole(role, ctx)),
    ...tagsAndBoundary(role),
    RoleLastUsed: await lastUseOfRole(role, ctx),
  } satisfies Role;
}

/** Makes a role. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateRole.html */
export const createRole = iam.operation("CreateRole", {
  access: ({ RoleName, Path = "/", Tags, PermissionsBoundary }, ctx) => ({
    action: "iam:CreateRole",
    resource: roleArn(ctx.account, Path, RoleName),
    requestTags: Tags,
    context: { "iam:PermissionsBoundary": PermissionsBoundary },
  }),
  async handle(input, ctx) {
    const { RoleName, Path = "/", Tags = [], Description, PermissionsBoundary } = input;
    for (const prefix of [serviceLinkedPath, reservedPath]) {
      if (!Path.startsWith(prefix)) continue;
      const owner = prefix === serviceLinkedPath ? "AWS Service linked Roles" : "AWS reserved roles";
      throw ctx.error("InvalidInputException", `Path prefix '${prefix}' can only be used for ${owner}`);
    }
    const trustPolicy = await keptTrust(input.AssumeRolePolicyDocument, ctx);
    if (PermissionsBoundary !== undefined) await checkBoundary(PermissionsBoundary, ctx);
    if ((await roles.get(ctx.tx, ctx.account, RoleName.toLowerCase())) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `Role with name ${RoleName} already exists.`);
    }
    await countOneMore("roles", ctx);
    const role = addRole(
      {
        roleName: RoleName,
        path: Path,
        trustPolicy,
        maxSessionDuration: input.MaxSessionDuration ?? defaultSessionSeconds,
        tags: withTags({}, Tags, "caseless", ctx),
        attached: [],
        ...(Description !== undefined && { description: Description }),
        ...(PermissionsBoundary !== undefined && { boundary: PermissionsBoundary }),
      },
      ctx,
    );
    const Role = { ...(await createdRole(role, ctx)), ...tagsAndBoundary(role) };
    return {
      Role: {
        ...Role,
        ...(Description && { Description }),
        ...(input.MaxSessionDuration !== undefined && { MaxSessionDuration: input.MaxSessionDuration }),
      },
    };
  },
  record: { resources: onRole },
});

/** Puts a new role in place, with all that refers to it. */
export function addRole(
  given: Omit<RoleRow, "roleId" | "arn" | "createDate" | "inline">,
  ctx: Context,
): RoleRow {
  const role: RoleRow = {
    ...given,
    roleId: uniqueId("AROA"),
    arn: roleArn(ctx.account, given.path, given.roleName),
    createDate: ctx.clock.now(),
    inline: {},
  };
  saveRole(role, ctx);
  const holder = { kind: "role" as const, name: role.roleName.toLowerCase() };
  for (const arn of role.attached) addUse(arn, "attached", holder, ctx);
  if (role.boundary !== undefined) addUse(role.boundary, "boundary", holder, ctx);
  return role;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetRole.html */
export const getRole = iam.operation("GetRole", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("GetRole", RoleName, ctx),
  handle: async ({ RoleName }, ctx) => ({ Role: await describeRole(await findRole(RoleName, ctx), ctx) }),
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListRoles.html */
export const listRoles = iam.operation("ListRoles", {
  access: ({ PathPrefix = "/" }, ctx) => ({
    action: "iam:ListRoles",
    resource: roleArn(ctx.account, PathPrefix, ""),
  }),
  async handle({ PathPrefix = "/", ...page }, ctx) {
    const where = ({ path }: RoleRow) => path.startsWith(PathPrefix);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOf(roles, ctx.tx, [ctx.account], { ...part, where }),
      (role) => listedRole(role, ctx),
    );
    return { Roles: items, ...truncation };
  },
});

/** Deletes a role without policies that no instance profile holds. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteRole.html */
export const deleteRole = iam.operation("DeleteRole", {
  access: ({ RoleName }, ctx) => rolePolicyAccess("DeleteRole", RoleName, ctx),
  async handle({ RoleName }, ctx) {
    const role = await findModifiableRole(RoleName, ctx);
    const name = RoleName.toLowerCase();
    const holding = await roleProfiles.list(ctx.tx, [ctx.account, name], { limit: 1 });
    if (holding.length > 0) throw conflict("must remove roles from instance profile first", ctx);
    checkNoPolicies(role, ctx);
    await dropRole(role, ctx);
    return {};
  },
  record: { resources: onRole },
});

export async function dropRole(role: RoleRow, ctx: Context): Promise<void> {
  const name = role.roleName.toLowerCase();
  withBoundary(role, undefined, { kind: "role", name }, ctx);
  roles.delete(ctx.tx, ctx.account, name);
  principalIds.delete(ctx.tx, role.roleId);
  await countOneLess("roles", ctx);
}
