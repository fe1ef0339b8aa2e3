import type { Context } from "../../kit/context.ts";
import { iam } from "./contract.ts";
import { type PasswordPolicyRow, passwordPolicies } from "./credentialTables.ts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_passwords_account-policy.html */

/** What holds where the account has set nothing. */
const defaultPolicy: PasswordPolicyRow = {
  minimumLength: 8,
  symbols: false,
  numbers: false,
  uppercase: false,
  lowercase: false,
  usersMayChange: true,
  hardExpiry: false,
};
const defaultMinimumLength = 6;
const dayMs = 24 * 60 * 60_000;

export async function passwordPolicyOf(
  account: string,
  { tx }: Pick<Context, "tx">,
): Promise<PasswordPolicyRow> {
  return (await passwordPolicies.get(tx, account)) ?? defaultPolicy;
}

/** Whether a policy that the account has set lets every user change its own password. */
export async function letsUsersChange({ tx, account }: Pick<Context, "tx" | "account">): Promise<boolean> {
  return (await passwordPolicies.get(tx, account))?.usersMayChange === true;
}

/** When a password that was set then is too old; undefined if it never is. */
export function expiryOf({ maxAgeDays }: PasswordPolicyRow, changedMs: number): number | undefined {
  return maxAgeDays === undefined ? undefined : changedMs + maxAgeDays * dayMs;
}

/** Refuses a password that the account's policy does not allow. */
export async function checkPassword(
  password: string,
  ctx: Context<"PasswordPolicyViolationException">,
): Promise<PasswordPolicyRow> {
  const policy = await passwordPolicyOf(ctx.account, ctx);
  const violation =
    password.length < policy.minimumLength
      ? `have a minimum length of ${policy.minimumLength}`
      : policy.uppercase && !/[A-Z]/.test(password)
        ? "contain at least one uppercase letter"
        : policy.lowercase && !/[a-z]/.test(password)
          ? "contain at least one lowercase letter"
          : policy.numbers && !/\d/.test(password)
            ? "contain at least one number"
            : policy.symbols && !/[!@#$%^&*()_+\-=[\]{}|']/.test(password)
              ? "contain at least one symbol"
              : undefined;
  if (violation !== undefined) {
    throw ctx.error(
      "PasswordPolicyViolationException",
      `Password does not conform to the account password policy: it must ${violation}.`,
    );
  }
  return policy;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccountPasswordPolicy.html */
export const updateAccountPasswordPolicy = iam.operation("UpdateAccountPasswordPolicy", {
  access: () => ({ action: "iam:UpdateAccountPasswordPolicy", resource: "*" }),
  handle(input, ctx) {
    passwordPolicies.put(ctx.tx, [ctx.account], {
      minimumLength: input.MinimumPasswordLength ?? defaultMinimumLength,
      symbols: input.RequireSymbols ?? false,
      numbers: input.RequireNumbers ?? false,
      uppercase: input.RequireUppercaseCharacters ?? false,
      lowercase: input.RequireLowercaseCharacters ?? false,
      usersMayChange: input.AllowUsersToChangePassword ?? false,
      hardExpiry: input.HardExpiry ?? false,
      ...(input.MaxPasswordAge !== undefined && { maxAgeDays: input.MaxPasswordAge }),
      ...(input.PasswordReusePrevention !== undefined && { reusePrevention: input.PasswordReusePrevention }),
    });
    return {};
  },
});

async function existing(ctx: Context<"NoSuchEntityException">): Promise<PasswordPolicyRow> {
  const policy = await passwordPolicies.get(ctx.tx, ctx.account);
  if (policy === undefined) {
    throw ctx.error(
      "NoSuchEntityException",
      `The Password Policy with domain name ${ctx.account} cannot be found.`,
    );
  }
  return policy;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccountPasswordPolicy.html */
export const getAccountPasswordPolicy = iam.operation("GetAccountPasswordPolicy", {
  access: () => ({ action: "iam:GetAccountPasswordPolicy", resource: "*" }),
  async handle(_input, ctx) {
    const policy = await existing(ctx);
    return {
      PasswordPolicy: {
        MinimumPasswordLength: policy.minimumLength,
        RequireSymbols: policy.symbols,
        RequireNumbers: policy.numbers,
        RequireUppercaseCharacters: policy.uppercase,
        RequireLowercaseCharacters: policy.lowercase,
        AllowUsersToChangePassword: policy.usersMayChange,
        ExpirePasswords: policy.maxAgeDays !== undefined,
        HardExpiry: policy.hardExpiry,
        ...(policy.maxAgeDays !== undefined && { MaxPasswordAge: policy.maxAgeDays }),
        ...(policy.reusePrevention !== undefined && { PasswordReusePrevention: policy.reusePrevention }),
      },
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountPasswordPolicy.html */
export const deleteAccountPasswordPolicy = iam.operation("DeleteAccountPasswordPolicy", {
  access: () => ({ action: "iam:DeleteAccountPasswordPolicy", resource: "*" }),
  async handle(_input, ctx) {
    await existing(ctx);
    passwordPolicies.delete(ctx.tx, ctx.account);
    return {};
  },
});
