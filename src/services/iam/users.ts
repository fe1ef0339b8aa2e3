import type { User } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { type UserRow, users } from "./tables.ts";

const type = "AWS::IAM::User";

export function userArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:user${path}${name}`;
}

/** What a call on a user must be allowed to do. The user need not exist. */
export async function userAccess(action: string, name: string | undefined, ctx: Context): Promise<Access> {
  const userName = name ?? ctx.caller.userName ?? "";
  const user = await users.get(ctx.tx, ctx.account, userName.toLowerCase());
  return {
    action: `iam:${action}`,
    resource: user?.arn ?? userArn(ctx.account, "/", userName),
    ...(user && { resourceTags: user.tags, shownAs: `user ${user.userName}` }),
  };
}

/** The user of that name, or NoSuchEntity. */
export async function findUser(name: string, ctx: Context<"NoSuchEntityException">): Promise<UserRow> {
  const user = await users.get(ctx.tx, ctx.account, name.toLowerCase());
  if (user === undefined) throw ctx.error("NoSuchEntityException", `The user with name ${name} cannot be found.`);
  return user;
}

export function describeUser(user: UserRow): User {
  return {
    Path: user.path,
    UserName: user.userName,
    UserId: user.userId,
    Arn: user.arn,
    CreateDate: new Date(user.createDate),
    ...(user.passwordLastUsed !== undefined && { PasswordLastUsed: new Date(user.passwordLastUsed) }),
    ...(user.boundary && { PermissionsBoundary: { PermissionsBoundaryType: "PermissionsBoundaryPolicy", PermissionsBoundaryArn: user.boundary } }),
    ...(Object.keys(user.tags).length > 0 && {
      Tags: Object.entries(user.tags).map(([Key, Value]) => ({ Key, Value })),
    }),
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
    const user: UserRow = {
      userName: UserName,
      userId: uniqueId("AIDA"),
      path: Path,
      arn: userArn(ctx.account, Path, UserName),
      createDate: ctx.clock.now(),
      tags: Object.fromEntries(Tags.map(({ Key, Value }) => [Key, Value])),
      groups: [],
      attached: [],
      inline: {},
      ...(PermissionsBoundary && { boundary: PermissionsBoundary }),
    };
    users.put(ctx.tx, [ctx.account, name], user);
    return { User: describeUser(user) };
  },
  record: { resources: ({ UserName }) => [{ type, name: UserName }] },
});

/** A user by name, or the caller itself. https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetUser.html */
export const getUser = iam.operation("GetUser", {
  access: ({ UserName }, ctx) => userAccess("GetUser", UserName, ctx),
  async handle({ UserName }, ctx) {
    const name = UserName ?? ctx.caller.userName;
    if (name === undefined) throw ctx.error("NoSuchEntityException", "The user with name  cannot be found.");
    return { User: describeUser(await findUser(name, ctx)) };
  },
});
