import type { Context } from "../../kit/context.ts";
import type { NamedPolicy, Principal } from "../../policy/index.ts";
import { held, principalPolicies } from "./principals.ts";
import { lastPart } from "./shared.ts";
import { groups, type HolderKind, roles, users } from "./tables.ts";

/** A user, group or role as the source of policies: for the simulator and for last-accessed reports. */
export interface PolicySource {
  kind: HolderKind;
  name: string;
  arn: string;
  id: string;
  identity: NamedPolicy[];
  boundary?: NamedPolicy;
  tags: Readonly<Record<string, string>>;
  /** Groups have none: they call nothing. */
  principal?: Principal;
}

/** The source that an ARN names, if it is one of this account. */
export async function findSource(arn: string, ctx: Context): Promise<PolicySource | undefined> {
  const [, account = "", kind = ""] = /^arn:aws:iam::(\d{12}):(user|group|role)\//.exec(arn) ?? [];
  if (account !== ctx.account) return undefined;
  const key = lastPart(arn).toLowerCase();
  if (kind === "group") {
    const group = await groups.get(ctx.tx, account, key);
    if (group?.arn !== arn) return undefined;
    const { groupName: name, groupId: id } = group;
    return { kind: "group", name, arn, id, identity: await held(group, arn, ctx.tx), tags: {} };
  }
  const found = kind === "user" ? await findUserSource(arn, key, ctx) : await findRoleSource(arn, key, ctx);
  if (found?.principal === undefined) return undefined;
  const own = await principalPolicies(
    { principal: found.principal, ...(found.kind === "user" && { userName: found.name }) },
    ctx.tx,
  );
  return own && { ...found, ...own };
}

type Named = Omit<PolicySource, "identity" | "tags">;

async function findUserSource(
  arn: string,
  key: string,
  { tx, account }: Context,
): Promise<Named | undefined> {
  const user = await users.get(tx, account, key);
  if (user?.arn !== arn) return undefined;
  const { userName: name, userId } = user;
  return { kind: "user", name, arn, id: userId, principal: { kind: "user", account, arn, userId } };
}

async function findRoleSource(
  arn: string,
  key: string,
  { tx, account }: Context,
): Promise<Named | undefined> {
  const role = await roles.get(tx, account, key);
  if (role?.arn !== arn) return undefined;
  const { roleName: name, roleId: userId } = role;
  const principal: Principal = { kind: "role-session", account, arn, roleArn: arn, userId };
  return { kind: "role", name, arn, id: userId, principal };
}

/** How the simulator names a policy: "user_alice_Own" for an inline policy, the name of a managed one. */
export function sourcePolicyId(name: string): string {
  const [, kind, path] = /^arn:aws:iam::(?:\d{12}|aws):(user|group|role|policy)\/(.+)$/.exec(name) ?? [];
  if (kind === undefined || path === undefined) return name;
  const parts = path.split("/");
  return kind === "policy" ? (parts.at(-1) as string) : `${kind}_${parts.at(-2)}_${parts.at(-1)}`;
}
