import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { parseArn } from "../../kit/targets.ts";
import { findMuteRule, putMuteRuleRow } from "./alarms/muteRules.ts";
import { findAlarm, putAlarmRow } from "./alarms/names.ts";
import { cloudwatch } from "./contract.ts";
import { findDashboard, putDashboardRow } from "./dashboards.ts";
import { findInsightRule, putInsightRuleRow } from "./insightRules/rules.ts";
import { maxTagsPerResource } from "./limits.ts";
import { findMetricStream, putMetricStreamRow } from "./streams/metricStreams.ts";

/** Tags of alarms, their mute rules, dashboards, metric streams and insight rules. */

type Tags = Readonly<Record<string, string>>;

interface Tagged {
  tags: Tags;
  put(tags: Record<string, string>): void;
}

async function findTagged(arn: string, ctx: Context): Promise<Tagged | undefined> {
  const parsed = parseArn(arn);
  if (parsed?.service !== "cloudwatch" || parsed.account !== ctx.account) return undefined;
  const { resource } = parsed;
  if (resource.startsWith("alarm:") && parsed.region === ctx.region) {
    const row = await findAlarm(resource.slice("alarm:".length), ctx);
    return row && { tags: row.tags, put: (tags) => putAlarmRow({ ...row, tags }, ctx) };
  }
  if (parsed.region === ctx.region) {
    const found = await findOther(resource, ctx);
    if (found !== undefined) return found;
  }
  if (!resource.startsWith("dashboard/")) return undefined;
  const name = resource.slice("dashboard/".length);
  const row = await findDashboard(name, ctx);
  return row && { tags: row.tags, put: (tags) => putDashboardRow(name, { ...row, tags }, ctx) };
}

/** Mute rules, metric streams, insight rules. */
async function findOther(resource: string, ctx: Context): Promise<Tagged | undefined> {
  const [, kind, name = ""] = /^(alarm-mute-rule|metric-stream|insight-rule)[:/](.+)$/.exec(resource) ?? [];
  if (kind === "alarm-mute-rule") {
    const row = await findMuteRule(name, ctx);
    return row && { tags: row.tags, put: (tags) => putMuteRuleRow({ ...row, tags }, ctx) };
  }
  if (kind === "metric-stream") {
    const row = await findMetricStream(name, ctx);
    return row && { tags: row.tags, put: (tags) => putMetricStreamRow({ ...row, tags }, ctx) };
  }
  if (kind !== "insight-rule") return undefined;
  const row = await findInsightRule(name, ctx);
  return row && { tags: row.tags, put: (tags) => putInsightRuleRow(name, { ...row, tags }, ctx) };
}

async function tagAccess(action: string, arn: string, ctx: Context): Promise<Access> {
  const found = await findTagged(arn, ctx);
  return { action: `cloudwatch:${action}`, resource: arn, ...(found && { resourceTags: found.tags }) };
}

type Codes = "InvalidParameterValueException" | "ResourceNotFoundException";

async function existing(arn: string, ctx: Context<Codes>): Promise<Tagged> {
  if (parseArn(arn)?.service !== "cloudwatch")
    throw ctx.error(
      "InvalidParameterValueException",
      `The value ${arn} for parameter ResourceARN is invalid.`,
    );
  const found = await findTagged(arn, ctx as Context);
  if (found === undefined) {
    const ResourceId = parseArn(arn)?.resource.replace(/^\w+[:/]/, "");
    throw ctx.error("ResourceNotFoundException", `Unknown: ${arn}`, { ResourceId, ResourceType: "Alarm" });
  }
  return found;
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_TagResource.html */
export const tagResource = cloudwatch.operation("TagResource", {
  access: async ({ ResourceARN, Tags }, ctx) => ({
    ...(await tagAccess("TagResource", ResourceARN, ctx)),
    requestTags: Tags,
  }),
  async handle({ ResourceARN, Tags }, ctx) {
    const found = await existing(ResourceARN, ctx);
    const tags = { ...found.tags };
    for (const { Key = "", Value = "" } of Tags) {
      if (Key.toLowerCase().startsWith("aws:"))
        throw ctx.error(
          "InvalidParameterValueException",
          "Tag keys starting with aws: are reserved for system use.",
        );
      tags[Key] = Value;
    }
    if (Object.keys(tags).length > maxTagsPerResource)
      throw ctx.error(
        "InvalidParameterValueException",
        `A resource can have at most ${maxTagsPerResource} tags.`,
      );
    found.put(tags);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_UntagResource.html */
export const untagResource = cloudwatch.operation("UntagResource", {
  access: async ({ ResourceARN, TagKeys }, ctx) => ({
    ...(await tagAccess("UntagResource", ResourceARN, ctx)),
    context: { "aws:TagKeys": TagKeys },
  }),
  async handle({ ResourceARN, TagKeys }, ctx) {
    const found = await existing(ResourceARN, ctx);
    const tags = { ...found.tags };
    for (const key of TagKeys) delete tags[key];
    found.put(tags);
    return {};
  },
});

/** Of what does not exist, there are none: recorded from AWS. https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListTagsForResource.html */
export const listTagsForResource = cloudwatch.operation("ListTagsForResource", {
  access: ({ ResourceARN }, ctx) => tagAccess("ListTagsForResource", ResourceARN, ctx),
  async handle({ ResourceARN }, ctx) {
    const found = await findTagged(ResourceARN, ctx as Context);
    return { Tags: Object.entries(found?.tags ?? {}).map(([Key, Value]) => ({ Key, Value })) };
  },
});
