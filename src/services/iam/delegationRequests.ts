import type { DelegationRequest } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { delegationAccess, findDelegation } from "./delegationAccess.ts";
import { permissionCheck } from "./delegationCheck.ts";
import { delegation, enter, hashed, requestArn } from "./delegationStates.ts";
import {
  type DelegationRow,
  delegationWorkflows,
  ownedDelegations,
  type Parameter,
} from "./delegationTables.ts";
import { findTemplate } from "./delegationTemplates.ts";
import { BadTemplate, rendered, roleBoundaries } from "./policyTemplates.ts";
import { paged, seconds } from "./shared.ts";

/** What partners ask for. https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies-temporary-delegation.html */

type Invalid = Context<"InvalidInputException">;

function filledIn(document: string, parameters: readonly Parameter[], ctx: Invalid) {
  try {
    const policy = rendered(document, parameters);
    return { policy, boundaries: roleBoundaries(policy) };
  } catch (error) {
    if (error instanceof BadTemplate) throw ctx.error("InvalidInputException", error.message);
    throw error;
  }
}

/** Partners alone make requests. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateDelegationRequest.html */
export const createDelegationRequest = iam.operation("CreateDelegationRequest", {
  access: ({ Permissions, NotificationChannel, SessionDuration }, ctx) => ({
    action: "iam:CreateDelegationRequest",
    resource: requestArn(ctx.account, "*"),
    context: {
      "iam:TemplateArn": Permissions.PolicyTemplateArn,
      "iam:NotificationChannel": NotificationChannel,
      "iam:DelegationDuration": String(SessionDuration),
    },
  }),
  async handle(input, ctx) {
    const { PolicyTemplateArn = "", Parameters = [] } = input.Permissions;
    const template = await findTemplate(PolicyTemplateArn, ctx);
    if (template === undefined || !template.accountIds.includes(ctx.account)) {
      throw ctx.error(
        "InvalidInputException",
        `The policy template ${PolicyTemplateArn} is not registered for account ${ctx.account}.`,
      );
    }
    const channel = /^arn:aws:sns:[a-z0-9-]+:(\d{12}):[\w-]+(?:\.fifo)?$/.exec(input.NotificationChannel);
    if (channel === null || !template.accountIds.includes(channel[1] as string))
      throw ctx.error("InvalidInputException", "NotificationChannel must be an SNS topic of the partner.");
    const workflow = hashed(input.RequestorWorkflowId);
    if ((await delegationWorkflows.get(ctx.tx, ctx.account, workflow)) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `A delegation request with workflow id ${input.RequestorWorkflowId} already exists.`,
      );
    }
    const parameters = Parameters.map(({ Name = "", Values = [], Type = "string" }) => ({
      Name,
      Values: [...Values],
      Type,
    }));
    const id = uuid();
    enter(
      {
        id,
        requestorAccount: ctx.account,
        requestorName: template.partnerName,
        workflowId: input.RequestorWorkflowId,
        description: input.Description,
        ...(input.RequestMessage !== undefined && { requestMessage: input.RequestMessage }),
        ...(input.RedirectUrl !== undefined && { redirectUrl: input.RedirectUrl }),
        ...(input.OwnerAccountId !== undefined && { ownerAccount: input.OwnerAccountId }),
        templateArn: template.arn,
        parameters,
        ...filledIn(template.document, parameters, ctx),
        channel: input.NotificationChannel,
        sessionSeconds: input.SessionDuration,
        onlySendByOwner: input.OnlySendByOwner ?? false,
        state: "UNASSIGNED",
        createDate: ctx.clock.now(),
      },
      ctx,
    );
    delegationWorkflows.put(ctx.tx, [ctx.account, workflow], { id });
    return { DelegationRequestId: id, ConsoleDeepLink: `${ctx.host.endpoint()}/signin?delegation=${id}` };
  },
});

function describe(row: DelegationRow): DelegationRequest {
  const { approver, owner } = row;
  return {
    DelegationRequestId: row.id,
    OwnerAccountId: row.ownerAccount,
    Description: row.description,
    RequestMessage: row.requestMessage,
    Permissions: { PolicyTemplateArn: row.templateArn, Parameters: row.parameters },
    PermissionPolicy: row.policy,
    ...(row.boundaries.length > 0 && { RolePermissionRestrictionArns: row.boundaries }),
    OwnerId: owner?.arn,
    ApproverId: approver?.principal.arn,
    State: row.state,
    ExpirationTime: seconds(row.expiresMs),
    RequestorId: row.requestorAccount,
    RequestorName: row.requestorName,
    CreateDate: seconds(row.createDate),
    SessionDuration: row.sessionSeconds,
    RedirectUrl: row.redirectUrl,
    Notes: row.notes,
    RejectionReason: row.rejectionReason,
    OnlySendByOwner: row.onlySendByOwner,
    UpdatedTime: seconds(row.updatedMs),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetDelegationRequest.html */
export const getDelegationRequest = iam.operation("GetDelegationRequest", {
  access: ({ DelegationRequestId }, ctx) =>
    delegationAccess("GetDelegationRequest", DelegationRequestId, "finder", ctx),
  async handle({ DelegationRequestId, DelegationPermissionCheck }, ctx) {
    const row = await findDelegation(DelegationRequestId, ctx);
    return {
      DelegationRequest: describe(row),
      ...(DelegationPermissionCheck && {
        PermissionCheckStatus: "COMPLETE" as const,
        PermissionCheckResult: await permissionCheck(row.policy, ctx),
      }),
    };
  },
});

/** Those that somebody of the account has taken on. https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListDelegationRequests.html */
export const listDelegationRequests = iam.operation("ListDelegationRequests", {
  access: ({ OwnerId }, ctx) => ({
    action: "iam:ListDelegationRequests",
    resource: "*",
    context: { "iam:DelegationRequestOwner": OwnerId },
    ...(OwnerId === ctx.caller.principal.arn && {
      extraAllow: { kind: "service" as const, name: "the requests' owner" },
    }),
  }),
  async handle({ OwnerId, ...page }, ctx) {
    const where = ({ owner }: { owner: string }) => OwnerId === undefined || owner === OwnerId;
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => keyedPageOf(ownedDelegations, ctx.tx, [ctx.account], { ...part, where }),
      async ({ key }) => await delegation(key[1], ctx),
    );
    const { IsTruncated: isTruncated, ...marker } = truncation;
    return {
      DelegationRequests: items.filter((row) => row !== undefined).map(describe),
      isTruncated,
      ...marker,
    };
  },
});
