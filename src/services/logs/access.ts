import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { type GroupRow, groups, policies } from "./tables.ts";

/**
 * Access to groups and streams. A group's own actions are asked for on "…:log-group:name:log-stream:", as AWS's
 * denials show: policies name groups as "…:log-group:name:*", which that matches.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/iam-access-control-overview-cwl.html
 */

/** Account and Region of whoever owns what is asked for. */
export interface Owner {
  account: string;
  region: string;
}

export function groupArn({ account, region }: Owner, name: string): string {
  return `arn:aws:logs:${region}:${account}:log-group:${name}`;
}

/** A group by name or ARN: "name", "arn:…:log-group:name", "arn:…:log-group:name:*". */
export interface NamedGroup extends Owner {
  name: string;
  arn: string;
}

const arnForm = /^arn:aws:logs:([a-z0-9-]+):(\d{12}):log-group:([^:*]+)(?::\*)?$/;

/** Undefined where an ARN is none of a log group. */
export function namedGroup(identifier: string, owner: Owner): NamedGroup | undefined {
  if (!identifier.startsWith("arn:")) {
    return { ...pick(owner), name: identifier, arn: groupArn(owner, identifier) };
  }
  const [, region = "", account = "", name = ""] = arnForm.exec(identifier) ?? [];
  return name === "" ? undefined : { account, region, name, arn: groupArn({ account, region }, name) };
}

function pick({ account, region }: Owner): Owner {
  return { account, region };
}

/** The group that an operation names by one of two members. */
export function groupOf(
  input: { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined },
  ctx: Owner,
): NamedGroup | undefined {
  const identifier = input.logGroupName ?? input.logGroupIdentifier;
  return identifier === undefined ? undefined : namedGroup(identifier, ctx);
}

export function findGroup({ account, region, name }: NamedGroup, ctx: Context) {
  return groups.get(ctx.tx, account, region, name);
}

interface GroupAccessOptions {
  requestTags?: Access["requestTags"];
  context?: Access["context"];
}

/** Access to a group, by any of its names; one that is missing or malformed is asked for all the same. */
export async function groupAccess(
  action: string,
  group: NamedGroup | undefined,
  ctx: Context,
  options: GroupAccessOptions = {},
): Promise<Access> {
  const named = group ?? { ...pick(ctx), name: "", arn: groupArn(ctx, "") };
  return accessTo(action, named, `${named.arn}:log-stream:`, ctx, options);
}

/** Access to a stream. */
export async function streamAccess(
  action: string,
  group: NamedGroup | undefined,
  stream: string,
  ctx: Context,
): Promise<Access> {
  const named = group ?? { ...pick(ctx), name: "", arn: groupArn(ctx, "") };
  return accessTo(action, named, `${named.arn}:log-stream:${stream}`, ctx, {});
}

async function accessTo(
  action: string,
  group: NamedGroup,
  resource: string,
  ctx: Context,
  options: GroupAccessOptions,
): Promise<Access> {
  const row = group.name === "" ? undefined : await findGroup(group, ctx);
  return {
    action: `logs:${action}`,
    resource,
    resourceAccount: group.account,
    resourceType: "AWS::Logs::LogGroup",
    resourcePolicy: await policyOn(row, group, ctx),
    ...(row && { resourceTags: row.tags }),
    ...options,
  };
}

async function policyOn(row: GroupRow | undefined, { account, region, arn }: NamedGroup, ctx: Context) {
  if (row?.policy !== undefined)
    return { name: arn, document: row.policy.document, kind: "resource" as const };
  const held = await policies.get(ctx.tx, account, region);
  if (held === undefined || held.merged === "") return undefined;
  return { name: `resource policies of ${account}`, document: held.merged, kind: "resource" as const };
}

/** `aws:RequestTag/…` of tags as this service's operations take them. */
export function requestTags(tags: Readonly<Record<string, string>> | undefined): Access["requestTags"] {
  return tags && Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
}

export const missingGroup = "The specified log group does not exist.";
export const missingStream = "The specified log stream does not exist.";

/** The group, or ResourceNotFoundException. */
export async function existingGroup(
  group: NamedGroup | undefined,
  ctx: Context<"ResourceNotFoundException" | "InvalidParameterException">,
): Promise<GroupRow> {
  if (group === undefined) throw ctx.error("InvalidParameterException", "Invalid log group identifier.");
  const row = await findGroup(group, ctx);
  if (row === undefined) throw ctx.error("ResourceNotFoundException", missingGroup);
  return row;
}

/** For operations that take a group's name or its identifier: one of them, not both. */
export function checkOneName(
  {
    logGroupName,
    logGroupIdentifier,
  }: { logGroupName?: string | undefined; logGroupIdentifier?: string | undefined },
  ctx: Context<"InvalidParameterException">,
): void {
  if (logGroupName !== undefined && logGroupIdentifier !== undefined) {
    // Recorded from AWS with this code, which its model does not list for these operations.
    throw ctx.error(
      "ValidationException",
      "LogGroup name and LogGroup ARN are mutually exclusive parameters.",
    );
  }
  if (logGroupName === undefined && logGroupIdentifier === undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "Either logGroupName or logGroupIdentifier must be specified.",
    );
  }
}
