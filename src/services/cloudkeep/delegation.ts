import type { DelegationTemplate } from "../../kit/delegation.ts";
import { BadMarker } from "../../kit/paging.ts";
import { api, own, type ShownTemplate } from "./contract.ts";

/**
 * What AWS registers for partners that it has onboarded, so that they may make requests of temporary delegation.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation-partner-guide.html
 */

function shown({
  arn,
  name,
  partnerName,
  partnerDomain,
  accountIds,
  document,
}: DelegationTemplate): ShownTemplate {
  return {
    PolicyTemplateArn: arn,
    PartnerName: partnerName,
    PartnerDomain: partnerDomain,
    AccountIds: [...accountIds],
    TemplateName: name,
    PolicyTemplate: document,
  };
}

export const putDelegationTemplate = api.operation("PutDelegationTemplate", {
  access: own("PutDelegationTemplate"),
  handle({ PartnerName, PartnerDomain, AccountIds, TemplateName, PolicyTemplate }, ctx) {
    const template = {
      name: TemplateName,
      partnerName: PartnerName,
      partnerDomain: PartnerDomain,
      accountIds: AccountIds,
      document: PolicyTemplate,
    };
    return shown(ctx.directory.putDelegationTemplate(template, ctx));
  },
});

const defaultPageSize = 50;

export const listDelegationTemplates = api.operation("ListDelegationTemplates", {
  access: own("ListDelegationTemplates"),
  async handle({ MaxResults: limit = defaultPageSize, NextToken: marker }, ctx) {
    try {
      const { items, next } = await ctx.directory.delegationTemplates({ limit, marker }, ctx);
      return { Templates: items.map(shown), ...(next && { NextToken: next }) };
    } catch (error) {
      if (error instanceof BadMarker) throw ctx.error("ValidationException", "The token is invalid.");
      throw error;
    }
  },
});

/** Requests that were made from it stay. */
export const deleteDelegationTemplate = api.operation("DeleteDelegationTemplate", {
  access: own("DeleteDelegationTemplate"),
  async handle({ PolicyTemplateArn }, ctx) {
    if (!(await ctx.directory.deleteDelegationTemplate(PolicyTemplateArn, ctx)))
      throw ctx.error("NotFoundException", `There is no policy template ${PolicyTemplateArn}.`);
    return {};
  },
});

/** A permissions boundary for the roles that a partner makes: the same in all accounts, and never changed. */
export const putPartnerBoundary = api.operation("PutPartnerBoundary", {
  access: own("PutPartnerBoundary"),
  async handle({ PartnerDomain, PolicyName, PolicyDocument }, ctx) {
    const boundary = { partnerDomain: PartnerDomain, name: PolicyName, document: PolicyDocument };
    return { PolicyArn: await ctx.directory.putPartnerBoundary(boundary, ctx) };
  },
});
