import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { locate, locateArn, type Named } from "./find.ts";

/**
 * Access to a queue: by identity policies, and by its own policy.
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
 */

export const queueType = "AWS::SQS::Queue";

export interface QueueAccessOptions {
  requestTags?: Access["requestTags"];
  context?: Access["context"];
  /** The queue's policy opens it to other accounts, too: not so for what changes the queue itself. */
  crossAccount?: boolean;
}

export function accessTo(
  action: string,
  { arn, account, queue }: Named,
  ctx: Context,
  { crossAccount = true, ...options }: QueueAccessOptions = {},
): Access {
  const policy =
    crossAccount || ctx.caller.principal.account === account ? queue?.settings.policy : undefined;
  return {
    action: `sqs:${action}`,
    resource: arn,
    resourceAccount: account,
    resourceType: queueType,
    resourcePolicy: policy === undefined ? undefined : { name: arn, document: policy, kind: "resource" },
    resourceTags: queue?.tags,
    ...options,
  };
}

/** Declares the access of an operation on the queue that its `QueueUrl` names. */
export function onQueue<Input extends { QueueUrl: string }>(
  action: string,
  options: (input: Input) => QueueAccessOptions = () => ({}),
) {
  return async (input: Input, ctx: Context) =>
    accessTo(action, await locate(input.QueueUrl, ctx), ctx, options(input));
}

/** For operations that cross-account permissions do not apply to. */
export function onOwnQueue<Input extends { QueueUrl: string }>(
  action: string,
  options: (input: Input) => QueueAccessOptions = () => ({}),
) {
  return onQueue<Input>(action, (input) => ({ ...options(input), crossAccount: false }));
}

export async function accessByArn(
  action: string,
  arn: string,
  ctx: Context,
  options: QueueAccessOptions = {},
): Promise<Access> {
  return accessTo(action, await locateArn(arn, ctx), ctx, options);
}
