import type { Context } from "../../kit/context.ts";
import { standingPolicies } from "./managedPolicies.ts";
import { arnPrefix, findNode } from "./membership.ts";
import { attachments, children, members, nodes, type OrganizationRow } from "./tables.ts";

interface Joining {
  account: string;
  name: string;
  email: string;
  tags?: Record<string, string>;
}

/** An account joins, under the root, with the policies that allow all of each type in force. */
export async function join(
  organization: OrganizationRow,
  { account, name, email, tags = {} }: Joining,
  joinedMethod: "CREATED" | "INVITED",
  ctx: Context,
): Promise<void> {
  const { id, rootId } = organization;
  const arn = `${arnPrefix(organization)}account/${id}/${account}`;
  const enabled = (await findNode(organization, rootId, ctx))?.enabled ?? [];
  const { policies, ids } = standingPolicies(enabled);
  members.put(ctx.tx, [account], {
    organization: id,
    account,
    arn,
    name,
    email,
    state: "ACTIVE",
    joinedMethod,
    joinedDate: ctx.clock.now(),
  });
  nodes.put(ctx.tx, [id, account], {
    id: account,
    kind: "ACCOUNT",
    arn,
    name,
    parent: rootId,
    policies,
    tags,
  });
  children.put(ctx.tx, [id, rootId, account], { kind: "ACCOUNT" });
  for (const policy of ids) attachments.put(ctx.tx, [id, policy, account], {});
}
