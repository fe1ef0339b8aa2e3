import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { paged } from "./shared.ts";
import { aliases, aliasOwners } from "./tables.ts";

/** The account's alias: at most one, and no two accounts' the same. */

/** A new alias takes the place of the old one. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccountAlias.html */
export const createAccountAlias = iam.operation("CreateAccountAlias", {
  access: () => ({ action: "iam:CreateAccountAlias", resource: "*" }),
  async handle({ AccountAlias }, ctx) {
    const owner = await aliasOwners.get(ctx.tx, AccountAlias);
    if (owner !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `The account alias ${AccountAlias} already exists.`);
    }
    const before = await aliases.get(ctx.tx, ctx.account);
    if (before !== undefined) aliasOwners.delete(ctx.tx, before.alias);
    aliases.put(ctx.tx, [ctx.account], { alias: AccountAlias });
    aliasOwners.put(ctx.tx, [AccountAlias], { account: ctx.account });
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccountAlias.html */
export const deleteAccountAlias = iam.operation("DeleteAccountAlias", {
  access: () => ({ action: "iam:DeleteAccountAlias", resource: "*" }),
  async handle({ AccountAlias }, ctx) {
    if ((await aliases.get(ctx.tx, ctx.account))?.alias !== AccountAlias) {
      throw ctx.error("NoSuchEntityException", `The account alias ${AccountAlias} cannot be found.`);
    }
    aliases.delete(ctx.tx, ctx.account);
    aliasOwners.delete(ctx.tx, AccountAlias);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccountAliases.html */
export const listAccountAliases = iam.operation("ListAccountAliases", {
  access: () => ({ action: "iam:ListAccountAliases", resource: "*" }),
  async handle(page, ctx) {
    const own = await aliases.get(ctx.tx, ctx.account);
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(own === undefined ? [] : [own.alias], limit, marker),
      (alias) => alias,
    );
    return { AccountAliases: items, ...truncation };
  },
});
