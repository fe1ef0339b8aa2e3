import type { AddPermissionRequest } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { lambda } from "./contract.ts";
import { checkExists } from "./find.ts";
import {
  arnOf,
  documentOf,
  type FunctionName,
  findFunction,
  functionAccess,
  functionArn,
  latest,
  nameOf,
} from "./names.ts";
import { checkRevision, conflict, invalid, notFound } from "./refusals.ts";
import { type PolicyRow, policies, type StatementRow } from "./tables.ts";

/** What lets others use a function, version or alias. */

/** https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
const maxPolicyBytes = 20_480;

export function principalOf(principal: string): StatementRow["Principal"] {
  if (principal === "*") return "*";
  if (/^\d{12}$/.test(principal)) return { AWS: `arn:aws:iam::${principal}:root` };
  if (/^arn:aws[a-z-]*:(?:iam|sts)::\d{12}:/.test(principal)) return { AWS: principal };
  if (/^[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com$|^[a-z0-9-]+\.(?:alexa|amazon)\.[a-z.]+$/.test(principal))
    return { Service: principal };
  throw invalid("The provided principal was invalid. Please check the principal and try again.");
}

function conditionOf(input: Omit<AddPermissionRequest, "FunctionName">): StatementRow["Condition"] {
  const equal: Record<string, string> = {};
  if (input.SourceAccount !== undefined) equal["AWS:SourceAccount"] = input.SourceAccount;
  if (input.EventSourceToken !== undefined) equal["lambda:EventSourceToken"] = input.EventSourceToken;
  if (input.FunctionUrlAuthType !== undefined)
    equal["lambda:FunctionUrlAuthType"] = input.FunctionUrlAuthType;
  if (input.PrincipalOrgID !== undefined) equal["aws:PrincipalOrgID"] = input.PrincipalOrgID;
  const condition: NonNullable<StatementRow["Condition"]> = {};
  if (Object.keys(equal).length > 0) condition.StringEquals = equal;
  if (input.InvokedViaFunctionUrl !== undefined)
    condition.Bool = { "lambda:InvokedViaFunctionUrl": String(input.InvokedViaFunctionUrl) };
  if (input.SourceArn !== undefined) condition.ArnLike = { "AWS:SourceArn": input.SourceArn };
  return Object.keys(condition).length === 0 ? undefined : condition;
}

function keyOf({ account, region, name, qualifier }: FunctionName): [string, string, string, string] {
  return [account, region, name, qualifier ?? ""];
}

function qualified(text: string, qualifier: string | undefined, ctx: Context): FunctionName {
  return nameOf(text, ctx, qualifier);
}

const statementConflict = (id: string): AwsError =>
  conflict(
    `The statement id (${id}) provided already exists. Please provide a new statement id, or remove the existing statement.`,
  );

/** Adds a statement to a policy, or AWS's error for one that cannot be added. */
export function withStatement(present: PolicyRow | undefined, statement: StatementRow): PolicyRow {
  const statements = [...(present?.statements ?? [])];
  if (statements.some(({ Sid }) => Sid === statement.Sid)) throw statementConflict(statement.Sid);
  statements.push(statement);
  const document = documentOf({ statements });
  if (Buffer.byteLength(document) > maxPolicyBytes) {
    throw new AwsError(
      "PolicyLengthExceededException",
      `The final policy size (${Buffer.byteLength(document)}) is bigger than the limit (${maxPolicyBytes}).`,
      { members: { Type: "User" } },
    );
  }
  try {
    parsePolicy(document, "resource");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw invalid("The provided principal was invalid. Please check the principal and try again.");
  }
  return { statements, revisionId: uuid() };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html */
export const addPermission = lambda.operation("AddPermission", {
  access: ({ FunctionName, Qualifier, Principal, FunctionUrlAuthType }, ctx) =>
    functionAccess("AddPermission", FunctionName, ctx, {
      qualifier: Qualifier,
      context: { "lambda:Principal": Principal, "lambda:FunctionUrlAuthType": FunctionUrlAuthType },
    }),
  async handle(input, ctx) {
    const named = qualified(input.FunctionName, input.Qualifier, ctx);
    if (named.qualifier === latest) throw invalid("We currently do not support adding policies for $LATEST.");
    const Principal = principalOf(input.Principal);
    await checkExists(named, ctx);
    const present = await policies.get(ctx.tx, ...keyOf(named));
    if (input.RevisionId !== undefined)
      checkRevision(input.RevisionId, present?.revisionId ?? "", "GetPolicy");
    const Condition = conditionOf(input);
    const statement: StatementRow = {
      Sid: input.StatementId,
      Effect: "Allow",
      Principal,
      Action: input.Action,
      Resource: functionArn(named, named.qualifier),
      ...(Condition && { Condition }),
    };
    policies.put(ctx.tx, keyOf(named), withStatement(present, statement));
    return { Statement: JSON.stringify(statement) };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_RemovePermission.html */
export const removePermission = lambda.operation("RemovePermission", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("RemovePermission", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, StatementId, Qualifier, RevisionId }, ctx) {
    const named = qualified(FunctionName, Qualifier, ctx);
    if ((await findFunction(named, ctx)) === undefined)
      throw notFound(`No policy found for: ${arnOf(named)}`);
    await checkExists(named, ctx);
    const present = await policies.get(ctx.tx, ...keyOf(named));
    if (present === undefined) throw notFound("No policy is associated with the given resource.");
    const statements = present.statements.filter(({ Sid }) => Sid !== StatementId);
    if (statements.length === present.statements.length)
      throw notFound(`Statement ${StatementId} is not found in resource policy.`);
    checkRevision(RevisionId, present.revisionId, "GetPolicy");
    if (statements.length === 0) policies.delete(ctx.tx, ...keyOf(named));
    else policies.put(ctx.tx, keyOf(named), { statements, revisionId: uuid() });
    return {};
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetPolicy.html */
export const getPolicy = lambda.operation("GetPolicy", {
  access: ({ FunctionName, Qualifier }, ctx) =>
    functionAccess("GetPolicy", FunctionName, ctx, { qualifier: Qualifier }),
  async handle({ FunctionName, Qualifier }, ctx) {
    const named = qualified(FunctionName, Qualifier, ctx);
    const present = await policies.get(ctx.tx, ...keyOf(named));
    if (present === undefined) throw notFound("The resource you requested does not exist.");
    return { Policy: documentOf(present), RevisionId: present.revisionId };
  },
});
