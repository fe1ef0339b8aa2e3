import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { checkDocument, sizeOf } from "./documents.ts";
import { addUse, checkAttachable, checkPolicyArn, dropUse, type Holder } from "./policyUses.ts";
import { overQuota, quotas } from "./quotas.ts";
import { encoded, lastPart, paged } from "./shared.ts";
import type { HolderKind, PolicyHolder } from "./tables.ts";

/** What users, groups and roles have in common: inline policies and attached managed policies. */

const limits = {
  user: { inline: quotas.UserPolicySize, attached: quotas.PoliciesPerUser, quota: "PoliciesPerUser" },
  group: { inline: quotas.GroupPolicySize, attached: quotas.PoliciesPerGroup, quota: "PoliciesPerGroup" },
  role: { inline: quotas.RolePolicySize, attached: quotas.PoliciesPerRole, quota: "PoliciesPerRole" },
} as const satisfies Record<HolderKind, unknown>;

interface PageInput {
  Marker?: string | undefined;
  MaxItems?: number | undefined;
}

/** Adds or replaces an inline policy. `shownName` is the holder's name in its own case. */
export function withInline<Row extends PolicyHolder>(
  row: Row,
  { kind, shownName }: { kind: HolderKind; shownName: string },
  policyName: string,
  document: string,
  ctx: Context<"LimitExceededException" | "MalformedPolicyDocumentException">,
): Row {
  checkDocument(document, "identity", ctx);
  const inline = { ...row.inline, [policyName]: document };
  const size = Object.values(inline).reduce((sum, each) => sum + sizeOf(each), 0);
  const { inline: limit } = limits[kind];
  if (size > limit) {
    throw ctx.error(
      "LimitExceededException",
      `Maximum policy size of ${limit} bytes exceeded for ${kind} ${shownName}`,
    );
  }
  return { ...row, inline };
}

export function inlineDocument(
  row: PolicyHolder,
  kind: HolderKind,
  policyName: string,
  ctx: Context<"NoSuchEntityException">,
): string {
  return encoded(ownDocument(row, kind, policyName, ctx));
}

export function withoutInline<Row extends PolicyHolder>(
  row: Row,
  kind: HolderKind,
  policyName: string,
  ctx: Context<"NoSuchEntityException">,
): Row {
  ownDocument(row, kind, policyName, ctx);
  const inline = Object.fromEntries(Object.entries(row.inline).filter(([name]) => name !== policyName));
  return { ...row, inline };
}

function ownDocument(
  { inline }: PolicyHolder,
  kind: HolderKind,
  policyName: string,
  ctx: Context<"NoSuchEntityException">,
): string {
  if (Object.hasOwn(inline, policyName)) return inline[policyName] as string;
  throw ctx.error("NoSuchEntityException", `The ${kind} policy with name ${policyName} cannot be found.`);
}

export async function inlineNames({ inline }: PolicyHolder, page: PageInput, ctx: Context) {
  const { items, truncation } = await paged(
    page,
    ctx,
    ({ limit, marker }) => pageOfList(Object.keys(inline), limit, marker),
    (name) => name,
  );
  return { PolicyNames: items, ...truncation };
}

/** AWS keeps the policies of its service-linked roles to these. */
const serviceRolePolicy = "arn:aws:iam::aws:policy/aws-service-role/";

/** Attaches a managed policy; once more changes nothing. */
export async function withAttached<Row extends PolicyHolder>(
  row: Row,
  holder: Holder,
  arn: string,
  ctx: Context<"NoSuchEntityException" | "LimitExceededException" | "PolicyNotAttachableException">,
): Promise<Row> {
  await checkAttachable(arn, ctx);
  if (arn.startsWith(serviceRolePolicy)) {
    throw ctx.error(
      "PolicyNotAttachableException",
      "Cannot attach a Service Role Policy to a Customer Role.",
    );
  }
  if (row.attached.includes(arn)) return row;
  const { attached: limit, quota } = limits[holder.kind];
  if (row.attached.length >= limit) throw overQuota(quota, limit, ctx);
  addUse(arn, "attached", holder, ctx);
  return { ...row, attached: [...row.attached, arn] };
}

export function withoutAttached<Row extends PolicyHolder>(
  row: Row,
  holder: Holder,
  arn: string,
  ctx: Context<"NoSuchEntityException">,
): Row {
  checkPolicyArn(arn, ctx);
  if (!row.attached.includes(arn)) {
    throw ctx.error("NoSuchEntityException", `Policy ${arn} was not found.`);
  }
  dropUse(arn, "attached", holder, ctx);
  return { ...row, attached: row.attached.filter((each) => each !== arn) };
}

export async function attachedPolicies(
  { attached }: PolicyHolder,
  { PathPrefix = "/", ...page }: PageInput & { PathPrefix?: string | undefined },
  ctx: Context,
) {
  const matching = attached.filter((arn) => arn.slice(arn.indexOf(":policy/") + 7).startsWith(PathPrefix));
  const { items, truncation } = await paged(
    page,
    ctx,
    ({ limit, marker }) => pageOfList(matching, limit, marker),
    (arn) => ({ PolicyName: lastPart(arn), PolicyArn: arn }),
  );
  return { AttachedPolicies: items, ...truncation };
}

/** Why an entity cannot be deleted yet, as far as its policies go. */
export function checkNoPolicies(
  { attached, inline }: PolicyHolder,
  ctx: Context<"DeleteConflictException">,
): void {
  if (attached.length > 0) throw conflict("must detach all policies first", ctx);
  if (Object.keys(inline).length > 0) throw conflict("must delete policies first", ctx);
}

export function conflict(what: string, ctx: Context<"DeleteConflictException">) {
  return ctx.error("DeleteConflictException", `Cannot delete entity, ${what}.`);
}
