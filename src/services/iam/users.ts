import type { User } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { checkNoPolicies, conflict } from "./holders.ts";
import { addUse, checkBoundary, moveUses, withBoundary } from "./policyUses.ts";
import { countOneLess, countOneMore } from "./quotas.ts";
import { onUser, paged, seconds } from "./shared.ts";
import { accessKeys, groupMembers, principalIds, type UserRow, userKeys, users } from "./tables.ts";
import { shownTags, taggedResource, withTags } from "./tags.ts";
import { blockingCredential } from "./userCredentials.ts";

export function userArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:user${path}${name}`;
}

/**
 * What a call on a user must be allowed to do. Of a user that does not exist it says the same. Where the root
 * names none, it means itself.
 */
export async function userAccess(action: string, name: string | undefined, ctx: Context): Promise<Access> {
  const userName = name ?? ctx.caller.userName ?? "";
  if (userName === "" && ctx.caller.principal.kind === "root")
    return { action: `iam:${action}`, resource: ctx.caller.principal.arn };
  const user = await users.get(ctx.tx, ctx.account, userName.toLowerCase());
  return {
    action: `iam:${action}`,
    resource: user?.arn ?? userArn(ctx.account, "/", userName),
    shownAs: `user ${userName}`,
    ...(user && taggedResource(user.tags)),
  };
}

/** For changes of what a user may do: its boundary, and the policy that is attached, are condition keys of those. */
export async function userPolicyAccess(
  action: string,
  name: string,
  ctx: Context,
  policyArn?: string,
): Promise<Access> {
  const user = await users.get(ctx.tx, ctx.account, name.toLowerCase());
  const access = await userAccess(action, name, ctx);
  return {
    ...access,
    context: {
      ...access.context,
      "iam:PermissionsBoundary": user?.boundary,
      ...(policyArn && { "iam:PolicyARN": policyArn }),
    },
  };
}

/** The user of that name, or NoSuchEntity. */
export async function findUser(name: string, ctx: Context<"NoSuchEntityException">): Promise<UserRow> {
  const user = await users.get(ctx.tx, ctx.account, name.toLowerCase());
  if (user === undefined)
    throw ctx.error("NoSuchEntityException", `The user with name ${name} cannot be found.`);
  return user;
}

/**
 * The user that a request is about: the one named, or the caller. Undefined stands for the account's root; other
 * callers that are no users must name one.
 */
export function namedOrCaller(name: string | undefined, ctx: Context): string | undefined {
  if (name !== undefined) return name;
  if (ctx.caller.principal.kind === "root") return undefined;
  if (ctx.caller.userName !== undefined) return ctx.caller.userName;
  throw ctx.error("ValidationError", "Must specify userName when calling with non-User credentials");
}

export function saveUser(user: UserRow, ctx: Context): void {
  users.put(ctx.tx, [ctx.account, user.userName.toLowerCase()], user);
}

/** Listings leave out tags and boundary. */
export function listedUser({ path, userName, userId, arn, createDate, passwordLastUsed }: UserRow): User {
  return {
    Path: path,
    UserName: userName,
    UserId: userId,
    Arn: arn,
    CreateDate: seconds(createDate),
    ...(passwordLastUsed !== undefined && { PasswordLastUsed: seconds(passwordLastUsed) }),
  };
}

export function describeUser(user: UserRow): User {
  return {
    ...listedUser(user),
    ...(user.boundary && { PermissionsBoundary: shownBoundary(user.boundary) }),
    ...(Object.keys(user.tags).length > 0 && { Tags: shownTags(user.tags) }),
  };
}

export function shownBoundary(arn: string) {
  return {
    // The model spells the type otherwise, yet this is what AWS answers.
    PermissionsBoundaryType: "Policy" as "PermissionsBoundaryPolicy",
    PermissionsBoundaryArn: arn,
  };
}

/** Makes an IAM user. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateUser.html */
export const createUser = iam.operation("CreateUser", {
  access: ({ UserName, Path, Tags, PermissionsBoundary }, ctx) => ({
    action: "iam:CreateUser",
    resource: userArn(ctx.account, Path ?? "/", UserName),
    requestTags: Tags,
    context: { "iam:PermissionsBoundary": PermissionsBoundary },
  }),
  async handle({ UserName, Path = "/", Tags = [], PermissionsBoundary }, ctx) {
    const name = UserName.toLowerCase();
    if ((await users.get(ctx.tx, ctx.account, name)) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `User with name ${UserName} already exists.`);
    }
    if (PermissionsBoundary !== undefined) await checkBoundary(PermissionsBoundary, ctx);
    await countOneMore("users", ctx);
    const user: UserRow = {
      userName: UserName,
      userId: uniqueId("AIDA"),
      path: Path,
      arn: userArn(ctx.account, Path, UserName),
      createDate: ctx.clock.now(),
      tags: withTags({}, Tags, "caseless", ctx),
      groups: [],
      attached: [],
      inline: {},
      ...(PermissionsBoundary && { boundary: PermissionsBoundary }),
    };
    saveUser(user, ctx);
    if (PermissionsBoundary) addUse(PermissionsBoundary, "boundary", { kind: "user", name }, ctx);
    return { User: describeUser(user) };
  },
  record: { resources: onUser },
});

/** A user by name, or the caller itself. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html */
export const getUser = iam.operation("GetUser", {
  access: ({ UserName }, ctx) => userAccess("GetUser", UserName, ctx),
  async handle({ UserName }, ctx) {
    const name = namedOrCaller(UserName, ctx);
    if (name !== undefined) return { User: describeUser(await findUser(name, ctx)) };
    const { account, arn } = ctx.caller.principal;
    const [oldestKey] = await userKeys.list(ctx.tx, [account, ""], { limit: 1 });
    const root = { UserId: account, Arn: arn, CreateDate: seconds(oldestKey?.row.createDate ?? 0) };
    // The model asks for a name and a path, which AWS leaves out of the root's description.
    return { User: root as User };
  },
});

/** The account's users. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListUsers.html */
export const listUsers = iam.operation("ListUsers", {
  access: ({ PathPrefix = "/" }, ctx) => ({
    action: "iam:ListUsers",
    resource: userArn(ctx.account, PathPrefix, ""),
  }),
  async handle({ PathPrefix = "/", ...page }, ctx) {
    const where = ({ path }: UserRow) => path.startsWith(PathPrefix);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOf(users, ctx.tx, [ctx.account], { ...part, where }),
      listedUser,
    );
    return { Users: items, ...truncation };
  },
});

/** Changes name or path; id, keys and memberships stay. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateUser.html */
export const updateUser = iam.operation("UpdateUser", {
  async access({ UserName, NewUserName, NewPath }, ctx) {
    const source = await userAccess("UpdateUser", UserName, ctx);
    const path = NewPath ?? source.resource.slice(source.resource.indexOf(":user/") + 5, -UserName.length);
    const target = userArn(ctx.account, path, NewUserName ?? UserName);
    if (target === source.resource) return source;
    return [source, { ...source, resource: target }];
  },
  async handle({ UserName, NewUserName, NewPath }, ctx) {
    const user = await findUser(UserName, ctx);
    const userName = NewUserName ?? user.userName;
    const path = NewPath ?? user.path;
    const moved = { ...user, userName, path, arn: userArn(ctx.account, path, userName) };
    const from = user.userName.toLowerCase();
    const to = userName.toLowerCase();
    if (from !== to && (await users.get(ctx.tx, ctx.account, to)) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `User with name ${userName} already exists.`);
    }
    await moveBelongings(user, moved, ctx);
    saveUser(moved, ctx);
    principalIds.put(ctx.tx, [user.userId], { arn: moved.arn });
    return {};
  },
  record: { resources: onUser },
});

/** What is kept by the user's name follows it. */
async function moveBelongings(user: UserRow, moved: UserRow, ctx: Context): Promise<void> {
  const { tx, account } = ctx;
  const from = user.userName.toLowerCase();
  const to = moved.userName.toLowerCase();
  for (const { key, row } of await userKeys.list(tx, [account, from])) {
    const accessKey = await accessKeys.get(tx, key[2]);
    if (accessKey) accessKeys.put(tx, [key[2]], { ...accessKey, userName: moved.userName });
    userKeys.delete(tx, ...key);
    userKeys.put(tx, [account, to, key[2]], row);
  }
  if (from === to) return;
  users.delete(tx, account, from);
  for (const group of user.groups) {
    groupMembers.delete(tx, account, group, from);
    groupMembers.put(tx, [account, group, to], { user: to });
  }
  moveUses(user, { kind: "user", name: from }, { kind: "user", name: to }, ctx);
}

/** Deletes a user that has nothing left. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteUser.html */
export const deleteUser = iam.operation("DeleteUser", {
  access: ({ UserName }, ctx) => userAccess("DeleteUser", UserName, ctx),
  async handle({ UserName }, ctx) {
    const user = await findUser(UserName, ctx);
    const name = UserName.toLowerCase();
    const keys = await userKeys.list(ctx.tx, [ctx.account, name], { limit: 1 });
    if (keys.length > 0) throw conflict("must delete access keys first", ctx);
    checkNoPolicies(user, ctx);
    if (user.groups.length > 0) throw conflict("must remove users from group first", ctx);
    const credential = await blockingCredential(ctx.account, user.userName, ctx.tx);
    if (credential !== undefined) {
      const verb = credential === "referenced objects" ? "remove" : "delete";
      throw conflict(`must ${verb} ${credential} first`, ctx);
    }
    withBoundary(user, undefined, { kind: "user", name }, ctx);
    users.delete(ctx.tx, ctx.account, name);
    principalIds.delete(ctx.tx, user.userId);
    await countOneLess("users", ctx);
    return {};
  },
  record: { resources: onUser },
});
