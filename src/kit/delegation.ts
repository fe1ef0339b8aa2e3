import type { Caller } from "./caller.ts";
import type { Context } from "./context.ts";
import type { Page } from "./paging.ts";

/** What IAM keeps of partners and of what they were delegated, for the operator's operations and for STS. */

/** A partner's policy with parameters (`@{name}`), for requests of temporary delegation. */
export interface DelegationTemplate {
  arn: string;
  name: string;
  /** Shown to customers. */
  partnerName: string;
  /** "example.com" */
  partnerDomain: string;
  /** Accounts of the partner: they may make requests, and own the topics that are told. */
  accountIds: readonly string[];
  document: string;
}

export interface Delegations {
  /** Registers a template, or replaces it: requests keep what they were made from. Throws ValidationException. */
  putDelegationTemplate(template: Omit<DelegationTemplate, "arn">, ctx: Context): DelegationTemplate;
  /** Throws BadMarker. */
  delegationTemplates(
    page: { limit: number; marker?: string | undefined },
    ctx: Context,
  ): Promise<Page<DelegationTemplate>>;
  /** False if there is none. */
  deleteDelegationTemplate(arn: string, ctx: Context): Promise<boolean>;
  /** Registers a permissions boundary for the roles that a partner makes; its ARN. Throws ValidationException. */
  putPartnerBoundary(
    boundary: { partnerDomain: string; name: string; document: string },
    ctx: Context,
  ): Promise<string>;
  /** Whom a partner's exchange token lets the caller's account act as, with the session that it gets. */
  redeemDelegation(token: string, ctx: Context): Promise<Caller | "invalid" | "expired">;
}
