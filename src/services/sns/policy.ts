import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { sns } from "./contract.ts";
import { existingTopic, type TopicName, topicAccess, topicArn } from "./names.ts";
import { type TopicRow, topics } from "./tables.ts";

/** What lets others use a topic. */

const ownersActions = [
  "GetTopicAttributes",
  "SetTopicAttributes",
  "AddPermission",
  "RemovePermission",
  "DeleteTopic",
  "Subscribe",
  "ListSubscriptionsByTopic",
  "Publish",
];

/** The policy of a topic whose owner gave none. */
export function defaultPolicy(topic: TopicName): string {
  return JSON.stringify({
    Version: "2008-10-17",
    Id: "__default_policy_ID",
    Statement: [
      {
        Sid: "__default_statement_ID",
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: ownersActions.map((action) => `SNS:${action}`),
        Resource: topicArn(topic),
        Condition: { StringEquals: { "AWS:SourceOwner": topic.account } },
      },
    ],
  });
}

interface Statement {
  Sid?: string;
  [member: string]: unknown;
}

interface Document {
  Version: string;
  Id?: string;
  Statement: Statement[];
}

function documentOf(topic: TopicName, row: TopicRow): Document {
  const parsed = JSON.parse(row.policy ?? defaultPolicy(topic)) as Document & {
    Statement: Statement | Statement[];
  };
  return { ...parsed, Statement: [parsed.Statement].flat() };
}

/** A policy, or AWS's error for a text that is none. */
export function checkPolicy(text: string, ctx: Context<"InvalidParameterException">): void {
  try {
    parsePolicy(text, "resource");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw ctx.error("InvalidParameterException", `Invalid parameter: Policy Error: ${error.message}`);
  }
}

/** https://docs.aws.amazon.com/sns/latest/api/API_AddPermission.html */
export const addPermission = sns.operation("AddPermission", {
  access: ({ TopicArn }, ctx) => topicAccess("AddPermission", TopicArn, ctx),
  async handle({ TopicArn, Label, AWSAccountId, ActionName }, ctx) {
    const { topic, row } = await existingTopic(TopicArn, ctx);
    const invalid = (message: string) =>
      ctx.error("InvalidParameterException", `Invalid parameter: ${message}`);
    const document = documentOf(topic, row);
    if (document.Statement.some(({ Sid }) => Sid === Label)) throw invalid("Statement already exists");
    if (ActionName.some((action) => action !== "*" && !ownersActions.includes(action)))
      throw invalid("Policy statement action out of service scope!");
    const principals = AWSAccountId.map((account) => `arn:aws:iam::${account}:root`);
    const actions = ActionName.map((action) => `SNS:${action}`);
    document.Statement.push({
      Sid: Label,
      Effect: "Allow",
      Principal: { AWS: principals.length === 1 ? principals[0] : principals },
      Action: actions.length === 1 ? actions[0] : actions,
      Resource: topicArn(topic),
    });
    const policy = JSON.stringify(document);
    checkPolicy(policy, ctx);
    topics.put(ctx.tx, [topic.account, topic.region, topic.name], { ...row, policy });
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_RemovePermission.html */
export const removePermission = sns.operation("RemovePermission", {
  access: ({ TopicArn }, ctx) => topicAccess("RemovePermission", TopicArn, ctx),
  async handle({ TopicArn, Label }, ctx) {
    const { topic, row } = await existingTopic(TopicArn, ctx);
    const document = documentOf(topic, row);
    const Statement = document.Statement.filter(({ Sid }) => Sid !== Label);
    const policy = JSON.stringify({ ...document, Statement });
    topics.put(ctx.tx, [topic.account, topic.region, topic.name], { ...row, policy });
    return {};
  },
});
