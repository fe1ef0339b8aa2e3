import type { Context } from "../../kit/context.ts";
import { parsePolicy } from "../../policy/index.ts";
import { onOwnQueue } from "./access.ts";
import { sqs } from "./contract.ts";
import { findQueue } from "./find.ts";
import { type QueueRow, queues } from "./tables.ts";
import { invalidValue } from "./words.ts";

/** Statements of a queue's policy that are made and taken away by a label. */

const maxActions = 7;
const labelForm = /^[A-Za-z0-9_-]{1,80}$/;
const accountForm = /^\d{12}$/;
const grantable = [
  "*",
  "SendMessage",
  "ReceiveMessage",
  "DeleteMessage",
  "ChangeMessageVisibility",
  "GetQueueAttributes",
  "GetQueueUrl",
  "ListDeadLetterSourceQueues",
  "PurgeQueue",
];

interface Statement {
  Sid?: string;
  [field: string]: unknown;
}

interface Policy {
  Version: string;
  Id?: string;
  Statement: Statement[];
}

function policyOf({ arn, settings }: QueueRow): Policy {
  if (settings.policy === undefined)
    return { Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy`, Statement: [] };
  const policy = JSON.parse(settings.policy) as Omit<Policy, "Statement"> & {
    Statement: Statement | Statement[];
  };
  return { ...policy, Statement: [policy.Statement].flat() };
}

function putPolicy(queue: QueueRow, policy: Policy, ctx: Context): void {
  const { policy: _, ...settings } = queue.settings;
  const document = JSON.stringify(policy);
  if (policy.Statement.length > 0) parsePolicy(document, "resource");
  queues.put(ctx.tx, [queue.account, queue.region, queue.name], {
    ...queue,
    settings: policy.Statement.length > 0 ? { ...settings, policy: document } : settings,
    modified: ctx.clock.now(),
  });
}

/** One or many, as AWS writes them. */
function oneOrMany(values: string[]): string | string[] {
  return values.length === 1 ? (values[0] as string) : values;
}

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_AddPermission.html */
export const addPermission = sqs.operation("AddPermission", {
  access: onOwnQueue("AddPermission"),
  async handle({ QueueUrl, Label, AWSAccountIds, Actions }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    if (!labelForm.test(Label)) {
      const reason = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length.";
      throw invalidValue(Label, "Label", reason);
    }
    if (Actions.length > maxActions) {
      const message = `${Actions.length} Actions were found, maximum allowed is ${maxActions}.`;
      throw ctx.error("OverLimit", message);
    }
    for (const action of Actions) {
      if (grantable.includes(action)) continue;
      const reason = `Only the queue owner is allowed to invoke this action.`;
      throw invalidValue(`SQS:${action}`, "ActionName", reason);
    }
    for (const account of AWSAccountIds) {
      if (!accountForm.test(account)) throw invalidValue(account, "PrincipalId", "Unable to verify.");
    }
    const policy = policyOf(queue);
    if (policy.Statement.some(({ Sid }) => Sid === Label))
      throw invalidValue(Label, "Label", "Already exists.");
    const statement = {
      Sid: Label,
      Effect: "Allow",
      Principal: { AWS: oneOrMany(AWSAccountIds.map((account) => `arn:aws:iam::${account}:root`)) },
      Action: oneOrMany(Actions.map((action) => `SQS:${action}`)),
      Resource: queue.arn,
    };
    putPolicy(queue, { ...policy, Statement: [...policy.Statement, statement] }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_RemovePermission.html */
export const removePermission = sqs.operation("RemovePermission", {
  access: onOwnQueue("RemovePermission"),
  async handle({ QueueUrl, Label }, ctx) {
    const queue = await findQueue(QueueUrl, ctx);
    const policy = policyOf(queue);
    const Statement = policy.Statement.filter(({ Sid }) => Sid !== Label);
    if (Statement.length === policy.Statement.length) throw invalidValue(Label, "Label", "can't find label.");
    putPolicy(queue, { ...policy, Statement }, ctx);
    return {};
  },
});
