import type { Context } from "../../kit/context.ts";
import { serviceApi } from "../../kit/service.ts";

interface Operations {
  GetStatus: { input: object; output: Status; errors: never };
  ExplainRequest: {
    input: { RequestId: string };
    output: { EventJson?: string; DecisionsJson?: string; RefusalJson?: string };
    errors: "NotFoundException";
  };
  ListRecord: {
    input: { After?: string; MaxResults?: number; Newest?: boolean };
    output: { EventJsons: string[]; Next?: string };
    errors: never;
  };
  AdvanceClock: { input: { Seconds: number }; output: { Now: Date }; errors: never };
  ResetState: { input: object; output: object; errors: never };
  DeliverMail: { input: MailInput; output: { MailId: string }; errors: never };
  ListMail: {
    input: { To?: string; MaxResults?: number; NextToken?: string };
    output: { Mails: Mail[]; NextToken?: string };
    errors: never;
  };
  GetMail: { input: { MailId: string }; output: Mail; errors: "NotFoundException" };
  PutDelegationTemplate: { input: TemplateInput; output: ShownTemplate; errors: never };
  ListDelegationTemplates: {
    input: { MaxResults?: number; NextToken?: string };
    output: { Templates: ShownTemplate[]; NextToken?: string };
    errors: never;
  };
  DeleteDelegationTemplate: {
    input: { PolicyTemplateArn: string };
    output: object;
    errors: "NotFoundException";
  };
  PutPartnerBoundary: {
    input: { PartnerDomain: string; PolicyName: string; PolicyDocument: string };
    output: { PolicyArn: string };
    errors: never;
  };
  DeleteMail: { input: { MailId: string }; output: object; errors: "NotFoundException" };
}

export interface Status {
  Version: string;
  Account: string;
  Region: string;
  Now: Date;
  Services: string[];
  StoreJson: string;
  /** What services say of what they run: the sandbox of functions. */
  RuntimesJson: string;
}

export const api = serviceApi<Operations>("cloudkeep");

export interface TemplateInput {
  PartnerName: string;
  PartnerDomain: string;
  AccountIds: string[];
  TemplateName: string;
  PolicyTemplate: string;
}

export interface ShownTemplate extends TemplateInput {
  PolicyTemplateArn: string;
}

export interface MailInput {
  Channel: "email" | "sms" | "push";
  To: string;
  From: string;
  Subject?: string;
  Body: string;
}

export interface Mail extends MailInput {
  MailId: string;
  ReceivedAt: Date;
}

/** The record, the clock and the mailbox belong to the home account: another account's administrator has no say in them. */
export function own(action: string) {
  return (_input: unknown, ctx: Context) => ({
    action: `cloudkeep:${action}`,
    resource: "*",
    resourceAccount: homeAccount(ctx),
  });
}

function homeAccount(ctx: Context): string {
  return String(ctx.host.status().account);
}
