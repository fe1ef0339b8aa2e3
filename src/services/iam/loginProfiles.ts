import type { Context } from "../../kit/context.ts";
import { iam } from "./contract.ts";
import { type LoginProfileRow, loginProfiles } from "./credentialTables.ts";
import { checkPassword, letsUsersChange } from "./passwordPolicy.ts";
import { hashPassword, isPassword } from "./passwords.ts";
import { onUser, seconds } from "./shared.ts";
import type { UserRow } from "./tables.ts";
import { findUser, userAccess } from "./users.ts";

/** The password that lets a user sign in. */

/** As many as a password policy may forbid to use again. */
const maxEarlier = 24;

/** The user that a request names, or the caller itself. */
function ownerOf(UserName: string | undefined, ctx: Context<"NoSuchEntityException">): Promise<UserRow> {
  return findUser(UserName ?? ctx.caller.userName ?? "", ctx);
}

async function find(user: UserRow, ctx: Context<"NoSuchEntityException">): Promise<LoginProfileRow> {
  const row = await loginProfiles.get(ctx.tx, ctx.account, user.userId);
  if (row === undefined) {
    throw ctx.error("NoSuchEntityException", `Login Profile for User ${user.userName} cannot be found.`);
  }
  return row;
}

function describe(user: UserRow, { createDate, resetRequired }: LoginProfileRow) {
  return { UserName: user.userName, CreateDate: seconds(createDate), PasswordResetRequired: resetRequired };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateLoginProfile.html */
export const createLoginProfile = iam.operation("CreateLoginProfile", {
  access: ({ UserName }, ctx) => userAccess("CreateLoginProfile", UserName, ctx),
  async handle({ UserName, Password, PasswordResetRequired = false }, ctx) {
    const user = await ownerOf(UserName, ctx);
    if ((await loginProfiles.get(ctx.tx, ctx.account, user.userId)) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `Login Profile for user ${user.userName} already exists.`,
      );
    }
    if (Password === undefined) throw ctx.error("ValidationError", "Password is required.");
    await checkPassword(Password, ctx);
    const now = ctx.clock.now();
    const row: LoginProfileRow = {
      passwordHash: await hashPassword(Password),
      earlier: [],
      createDate: now,
      changedDate: now,
      resetRequired: PasswordResetRequired,
    };
    loginProfiles.put(ctx.tx, [ctx.account, user.userId], row);
    return { LoginProfile: describe(user, row) };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetLoginProfile.html */
export const getLoginProfile = iam.operation("GetLoginProfile", {
  access: ({ UserName }, ctx) => userAccess("GetLoginProfile", UserName, ctx),
  async handle({ UserName }, ctx) {
    const user = await ownerOf(UserName, ctx);
    return { LoginProfile: describe(user, await find(user, ctx)) };
  },
});

/** The profile with another password, which the policy must allow and earlier ones must not equal. */
async function withPassword(
  row: LoginProfileRow,
  password: string,
  ctx: Context<"PasswordPolicyViolationException">,
): Promise<LoginProfileRow> {
  const { reusePrevention = 0 } = await checkPassword(password, ctx);
  const used = [row.passwordHash, ...row.earlier];
  for (const hash of used.slice(0, reusePrevention)) {
    if (await isPassword(password, hash)) {
      throw ctx.error(
        "PasswordPolicyViolationException",
        "Policy constraint violation with password reuse prevention.",
      );
    }
  }
  return {
    ...row,
    passwordHash: await hashPassword(password),
    earlier: used.slice(0, maxEarlier),
    changedDate: ctx.clock.now(),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateLoginProfile.html */
export const updateLoginProfile = iam.operation("UpdateLoginProfile", {
  access: ({ UserName }, ctx) => userAccess("UpdateLoginProfile", UserName, ctx),
  async handle({ UserName, Password, PasswordResetRequired }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const row = await find(user, ctx);
    const changed = Password === undefined ? row : await withPassword(row, Password, ctx);
    loginProfiles.put(ctx.tx, [ctx.account, user.userId], {
      ...changed,
      resetRequired: PasswordResetRequired ?? changed.resetRequired,
    });
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteLoginProfile.html */
export const deleteLoginProfile = iam.operation("DeleteLoginProfile", {
  access: ({ UserName }, ctx) => userAccess("DeleteLoginProfile", UserName, ctx),
  async handle({ UserName }, ctx) {
    const user = await ownerOf(UserName, ctx);
    await find(user, ctx);
    loginProfiles.delete(ctx.tx, ctx.account, user.userId);
    return {};
  },
  record: { resources: onUser },
});

/** A user's own doing. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ChangePassword.html */
export const changePassword = iam.operation("ChangePassword", {
  access: async (_input, ctx) => ({
    ...(await userAccess("ChangePassword", ctx.caller.userName, ctx)),
    ...(ctx.caller.principal.kind === "user" &&
      (await letsUsersChange(ctx)) && {
        extraAllow: { kind: "service" as const, name: "AllowUsersToChangePassword" },
      }),
  }),
  async handle({ OldPassword, NewPassword }, ctx) {
    if (ctx.caller.principal.kind !== "user") {
      throw ctx.error("InvalidUserTypeException", "Only IAM Users can change their own password");
    }
    const user = await ownerOf(undefined, ctx);
    const row = await find(user, ctx);
    if (!(await isPassword(OldPassword, row.passwordHash))) {
      throw ctx.error("AccessDenied", "The old password was incorrect.");
    }
    const changed = await withPassword(row, NewPassword, ctx);
    loginProfiles.put(ctx.tx, [ctx.account, user.userId], { ...changed, resetRequired: false });
    return {};
  },
});
