import type { Context } from "../../kit/context.ts";
import type { Delegations, DelegationTemplate } from "../../kit/delegation.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { delegationTemplates as templates } from "./delegationTables.ts";
import { BadTemplate, statementsOf } from "./policyTemplates.ts";
import { policies } from "./tables.ts";

/** What AWS registers for partners that it has onboarded, and here the operator. */

const arnForm = /^arn:aws:iam::partner:delegation-template\/([^/]+)\/([^/]+)$/;

export async function findTemplate(arn: string, ctx: Context): Promise<DelegationTemplate | undefined> {
  const [, domain = "", name = ""] = arnForm.exec(arn) ?? [];
  return await templates.get(ctx.tx, domain, name);
}

export const putDelegationTemplate: Delegations["putDelegationTemplate"] = (template, ctx) => {
  const { partnerDomain, name, document } = template;
  try {
    statementsOf(document);
  } catch (error) {
    if (error instanceof BadTemplate) throw ctx.error("ValidationException", error.message);
    throw error;
  }
  const row = { ...template, arn: `arn:aws:iam::partner:delegation-template/${partnerDomain}/${name}` };
  templates.put(ctx.tx, [partnerDomain, name], row);
  return row;
};

export const listDelegationTemplates: Delegations["delegationTemplates"] = (page, ctx) =>
  pageOf(templates, ctx.tx, [], page);

export const deleteDelegationTemplate: Delegations["deleteDelegationTemplate"] = async (arn, ctx) => {
  const row = await findTemplate(arn, ctx);
  if (row === undefined) return false;
  templates.delete(ctx.tx, row.partnerDomain, row.name);
  return true;
};

/** Once registered, a boundary stays as it is: roles in all accounts may have it. */
export const putPartnerBoundary: Delegations["putPartnerBoundary"] = async (
  { partnerDomain, name, document },
  ctx,
) => {
  try {
    parsePolicy(document, "boundary");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("ValidationException", error.message);
    throw error;
  }
  const now = ctx.clock.now();
  const policyName = `${name}_${new Date(now).toISOString().slice(0, 10).replaceAll("-", "")}`;
  const path = `/permission_boundary/${partnerDomain}/`;
  const key = ["partner", policyName.toLowerCase()] as const;
  if ((await policies.get(ctx.tx, ...key)) !== undefined)
    throw ctx.error("ValidationException", `There is a permissions boundary ${policyName} already.`);
  const arn = `arn:aws:iam::partner:policy${path}${policyName}`;
  policies.put(ctx.tx, [...key], {
    policyName,
    policyId: uniqueId("ANPA"),
    path,
    arn,
    createDate: now,
    updateDate: now,
    defaultVersion: "v1",
    versions: { v1: { document, createDate: now } },
    nextVersion: 2,
    tags: {},
  });
  return arn;
};
