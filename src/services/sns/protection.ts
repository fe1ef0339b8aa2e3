import type { Context } from "../../kit/context.ts";
import { type Finding, find, identifierPrefix, withoutFindings } from "../../kit/dataIdentifiers.ts";
import { draw } from "../../kit/ids.ts";
import { leaveAudit } from "./audit.ts";
import { sns } from "./contract.ts";
import type { Published } from "./fanout.ts";
import {
  existingTopic,
  type SubscriptionName,
  subscriptionArn,
  type TopicName,
  topicAccess,
  topicArn,
} from "./names.ts";
import { BadProtection, type ProtectionStatement, parseProtection } from "./protectionPolicy.ts";
import { type TopicRow, topics } from "./tables.ts";

/** Sensitive data in messages: found, written down, hidden, or refused. https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-operations.html */

/** A policy that may be kept, or AWS's error. */
export async function checkProtection(
  text: string,
  ctx: Context<"InvalidParameterException">,
): Promise<void> {
  try {
    await parseProtection(text);
  } catch (error) {
    if (!(error instanceof BadProtection)) throw error;
    throw ctx.error(
      "InvalidParameterException",
      `Invalid parameter: DataProtectionPolicy Reason: ${error.message}`,
    );
  }
}

/** Without a policy, what stands goes. https://docs.aws.amazon.com/sns/latest/api/API_PutDataProtectionPolicy.html */
export const putDataProtectionPolicy = sns.operation("PutDataProtectionPolicy", {
  access: ({ ResourceArn }, ctx) => topicAccess("PutDataProtectionPolicy", ResourceArn, ctx),
  async handle({ ResourceArn, DataProtectionPolicy: protection }, ctx) {
    const { topic, row } = await existingTopic(ResourceArn, ctx);
    if (protection !== "") await checkProtection(protection, ctx);
    const { protection: _, ...others } = row;
    const key: [string, string, string] = [topic.account, topic.region, topic.name];
    topics.put(ctx.tx, key, { ...others, ...(protection !== "" && { protection }) });
    return {};
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_GetDataProtectionPolicy.html */
export const getDataProtectionPolicy = sns.operation("GetDataProtectionPolicy", {
  access: ({ ResourceArn }, ctx) => topicAccess("GetDataProtectionPolicy", ResourceArn, ctx),
  async handle({ ResourceArn }, ctx) {
    const { row } = await existingTopic(ResourceArn, ctx);
    return { DataProtectionPolicy: row.protection ?? "" };
  },
});

/** Policies that are kept as they were understood. */
const maxKept = 500;
const kept = new Map<string, ProtectionStatement[]>();

async function statementsOf(text: string): Promise<ProtectionStatement[]> {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const statements = await parseProtection(text);
  if (kept.size >= maxKept) kept.delete(kept.keys().next().value as string);
  kept.set(text, statements);
  return statements;
}

/** A session of a role is named by the role. */
function namesOf(arn: string): string[] {
  const [, account, role] = /^arn:aws:sts::(\d{12}):assumed-role\/([^/]+)\//.exec(arn) ?? [];
  return role === undefined ? [arn] : [arn, `arn:aws:iam::${account}:role/${role}`];
}

function concerns({ principals, except }: ProtectionStatement, names: readonly string[]): boolean {
  const named = principals.includes("*") || names.some((name) => principals.includes(name));
  return named !== except;
}

type Texts = Pick<Published, "body" | "byProtocol">;

function findingsOf({ body, byProtocol = {} }: Texts, { identifiers }: ProtectionStatement): Finding[] {
  return [body, ...Object.values(byProtocol)].flatMap((text) => find(text, identifiers));
}

function hidden(text: string, { identifiers, operation }: ProtectionStatement): string {
  return withoutFindings(text, find(text, identifiers), operation.kind === "mask" ? operation.character : "");
}

function deidentified(texts: Texts, statements: readonly ProtectionStatement[]): Texts {
  const hide = (text: string) => statements.reduce(hidden, text);
  return {
    body: hide(texts.body),
    ...(texts.byProtocol !== undefined && {
      byProtocol: Object.fromEntries(
        Object.entries(texts.byProtocol).map(([name, text]) => [name, hide(text)]),
      ),
    }),
  };
}

function isDeidentification({ operation }: ProtectionStatement): boolean {
  return operation.kind === "mask" || operation.kind === "redact";
}

type InboundErrors = "InvalidParameterException" | "AuthorizationErrorException";

/** What a topic takes of a message: audited, and without what its policy hides. Refuses what the policy denies. */
export async function inbound<T extends Texts & { messageId: string }>(
  topic: TopicName,
  row: TopicRow,
  message: T,
  ctx: Context<InboundErrors>,
): Promise<T> {
  if (row.protection === undefined) return message;
  const { principal } = ctx.caller;
  // Services publish for an account's resources: they have no ARN.
  const caller = principal.arn || (principal.service ?? "");
  const names = [caller, ...(principal.roleArn === undefined ? [] : [principal.roleArn])];
  const statements = (await statementsOf(row.protection)).filter(
    (statement) => statement.inbound && concerns(statement, names),
  );
  const denied = statements.some(
    (one) => one.operation.kind === "deny" && findingsOf(message, one).length > 0,
  );
  const audited = statements.find(({ operation }) => operation.kind === "audit");
  if (audited !== undefined) {
    const report = async (own: Context) => audit(topic, audited, message, caller, own);
    // What a refused call wrote is taken back; what was found in it is told all the same.
    if (denied)
      ctx
        .apart(report)
        .catch((problem: unknown) => ctx.host.note("error", { err: problem }, "An audit is lost."));
    else await report(ctx as Context);
  }
  if (denied) {
    throw ctx.error(
      "AuthorizationErrorException",
      `The topic's data protection policy prohibits this message from being published to ${topicArn(topic)}`,
    );
  }
  const shown = deidentified(message, statements.filter(isDeidentification));
  if (shown.body === "") throw ctx.error("InvalidParameterException", "Invalid parameter: Empty message");
  return { ...message, ...shown };
}

function audit(
  topic: TopicName,
  statement: ProtectionStatement,
  message: Texts & { messageId: string },
  callerPrincipal: string,
  ctx: Context,
): void {
  const { operation } = statement;
  if (operation.kind !== "audit" || draw(1).readUInt8() % 100 >= operation.samplePercent) return;
  const byName = new Map<string, Finding[]>();
  for (const finding of findingsOf(message, statement)) {
    const name = finding.identifier.replace(identifierPrefix, "");
    byName.set(name, [...(byName.get(name) ?? []), finding]);
  }
  const isFound = byName.size > 0;
  const report = {
    messageId: message.messageId,
    auditTimestamp: new Date(ctx.clock.now()).toISOString(),
    callerPrincipal,
    resourceArn: topicArn(topic),
    dataIdentifiers: [...byName].map(([name, found]) => ({
      name,
      count: found.length,
      detections: found.map(({ start, end }) => ({ start, end })),
    })),
  };
  leaveAudit(topic, isFound ? operation.findings : operation.noFindings, report, ctx);
  const { account, region } = topic;
  const name = isFound ? "MessagesWithFindings" : "MessagesWithNoFindings";
  ctx.metric({
    namespace: "AWS/SNS",
    name,
    dimensions: { TopicName: topic.name },
    value: 1,
    account,
    region,
  });
}

/** What a subscriber gets of a message; a reason, where the topic's policy denies it. */
export async function outbound<T extends Texts>(
  subscription: SubscriptionName,
  principalArn: string,
  message: T,
  ctx: Context,
): Promise<{ message: T; refused?: string }> {
  const { account, region, name, id } = subscription;
  const topic = await topics.get(ctx.tx, account, region, name);
  if (topic?.protection === undefined) return { message };
  const statements = (await statementsOf(topic.protection)).filter(
    (statement) => !statement.inbound && concerns(statement, namesOf(principalArn)),
  );
  const denied = statements.some(
    (one) => one.operation.kind === "deny" && findingsOf(message, one).length > 0,
  );
  if (denied) {
    const arn = subscriptionArn(subscription, id);
    const refused = `The topic's data protection policy prohibits this message from being delivered to ${arn}`;
    return { message, refused };
  }
  return { message: { ...message, ...deidentified(message, statements.filter(isDeidentification)) } };
}
