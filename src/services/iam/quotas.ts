import type { Context } from "../../kit/context.ts";
import { type Counted, counts } from "./tables.ts";

/** https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html */
export const quotas = {
  UsersPerAccount: 5000,
  GroupsPerAccount: 300,
  RolesPerAccount: 1000,
  PoliciesPerAccount: 1500,
  InstanceProfilesPerAccount: 1000,
  GroupsPerUser: 10,
  PoliciesPerUser: 10,
  PoliciesPerGroup: 10,
  PoliciesPerRole: 10,
  AccessKeysPerUser: 2,
  VersionsPerPolicy: 5,
  RolesPerInstanceProfile: 1,
  /** Characters, white space not counted. */
  UserPolicySize: 2048,
  GroupPolicySize: 5120,
  RolePolicySize: 10_240,
  PolicySize: 6144,
  TrustPolicySize: 2048,
  TagsPerResource: 50,
} as const;

const perAccount = {
  users: "UsersPerAccount",
  groups: "GroupsPerAccount",
  roles: "RolesPerAccount",
  policies: "PoliciesPerAccount",
  instanceProfiles: "InstanceProfilesPerAccount",
} as const satisfies Record<Counted, keyof typeof quotas>;

type Limited = Context<"LimitExceededException">;

export function overQuota(name: string, limit: number, ctx: Limited) {
  return ctx.error("LimitExceededException", `Cannot exceed quota for ${name}: ${limit}`);
}

export async function countOf(
  what: Counted,
  { account, tx }: Pick<Context, "account" | "tx">,
): Promise<number> {
  return (await counts.get(tx, account, what))?.count ?? 0;
}

/** Counts one more of a kind, or refuses it. Service-linked roles count, but are never refused. */
export async function countOneMore(
  what: Counted,
  ctx: Limited,
  options?: { unlimited: true },
): Promise<void> {
  const count = await countOf(what, ctx);
  const name = perAccount[what];
  if (count >= quotas[name] && !options?.unlimited) throw overQuota(name, quotas[name], ctx);
  counts.put(ctx.tx, [ctx.account, what], { count: count + 1 });
}

export async function countOneLess(what: Counted, ctx: Pick<Context, "account" | "tx">): Promise<void> {
  counts.put(ctx.tx, [ctx.account, what], { count: (await countOf(what, ctx)) - 1 });
}
