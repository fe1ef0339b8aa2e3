import type { Trail } from "@aws-sdk/client-cloudtrail";
import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { parseArn } from "../../kit/targets.ts";
import { cloudtrail } from "./contract.ts";
import { checkDestinations } from "./destinations.ts";
import { stop } from "./logging.ts";
import {
  checkHome,
  checkName,
  existingTrail,
  findTrail,
  type TrailName,
  trailAccess,
  trailArn,
} from "./names.ts";
import { type TrailRow, trails } from "./tables.ts";
import { checkTags } from "./tags.ts";

/** AWS's quota, shadows of multi-Region trails included. */
const maxTrailsPerRegion = 5;

interface Settings {
  S3BucketName?: string | undefined;
  S3KeyPrefix?: string | undefined;
  SnsTopicName?: string | undefined;
  IncludeGlobalServiceEvents?: boolean | undefined;
  IsMultiRegionTrail?: boolean | undefined;
  EnableLogFileValidation?: boolean | undefined;
  CloudWatchLogsLogGroupArn?: string | undefined;
  CloudWatchLogsRoleArn?: string | undefined;
  KmsKeyId?: string | undefined;
  IsOrganizationTrail?: boolean | undefined;
}

type SettingErrors =
  | "InvalidParameterCombinationException"
  | "InvalidS3PrefixException"
  | "UnsupportedOperationException"
  | "InvalidCloudWatchLogsLogGroupArnException"
  | "InvalidCloudWatchLogsRoleArnException";

/** A row with the settings of a call over those that it had. An empty text takes a setting away. */
async function changed(
  known: TrailRow,
  settings: Settings,
  trail: TrailName,
  ctx: Context<SettingErrors>,
): Promise<TrailRow> {
  if (settings.IsOrganizationTrail)
    throw ctx.error("UnsupportedOperationException", "Organization trails are not built.");
  const { prefix, topicArn, logGroupArn, logsRoleArn, kmsKeyId, ...rest } = known;
  const kept = (asked: string | undefined, before: string | undefined) =>
    asked === undefined ? before : asked || undefined;
  const next = {
    prefix: kept(settings.S3KeyPrefix, prefix),
    topicArn: topicOf(kept(settings.SnsTopicName, topicArn), trail),
    logGroupArn: kept(settings.CloudWatchLogsLogGroupArn, logGroupArn),
    logsRoleArn: kept(settings.CloudWatchLogsRoleArn, logsRoleArn),
    kmsKeyId: kept(settings.KmsKeyId, kmsKeyId),
  };
  const row: TrailRow = {
    ...rest,
    bucket: settings.S3BucketName ?? known.bucket,
    includeGlobal: settings.IncludeGlobalServiceEvents ?? known.includeGlobal,
    multiRegion: settings.IsMultiRegionTrail ?? known.multiRegion,
    validation: settings.EnableLogFileValidation ?? known.validation,
    ...(Object.fromEntries(Object.entries(next).filter(([, value]) => value !== undefined)) as typeof next),
  } as TrailRow;
  checkCombinations(row, ctx);
  if (settings.CloudWatchLogsRoleArn)
    await passRole(ctx, settings.CloudWatchLogsRoleArn, "cloudtrail.amazonaws.com");
  return row;
}

function checkCombinations(row: TrailRow, ctx: Context<SettingErrors>): void {
  if (row.multiRegion && !row.includeGlobal) {
    throw ctx.error(
      "InvalidParameterCombinationException",
      "Multi-Region trail must include global service events.",
    );
  }
  if ((row.prefix?.length ?? 0) > 200)
    throw ctx.error("InvalidS3PrefixException", "S3 prefix is longer than 200 characters.");
  if (row.logGroupArn !== undefined && parseArn(row.logGroupArn)?.service !== "logs") {
    throw ctx.error(
      "InvalidCloudWatchLogsLogGroupArnException",
      "CloudTrail cannot validate the specified log group ARN.",
    );
  }
  if ((row.logGroupArn === undefined) !== (row.logsRoleArn === undefined)) {
    throw ctx.error(
      "InvalidCloudWatchLogsRoleArnException",
      "You must specify both a log group ARN and a role ARN, or neither.",
    );
  }
}

/** A topic is given by its name, in the trail's own account and Region, or by its ARN. */
function topicOf(nameOrArn: string | undefined, { account, region }: TrailName): string | undefined {
  if (nameOrArn === undefined || nameOrArn.startsWith("arn:")) return nameOrArn;
  return `arn:aws:sns:${region}:${account}:${nameOrArn}`;
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html */
export const createTrail = cloudtrail.operation("CreateTrail", {
  access: async ({ Name, TagsList = [] }, ctx) => [
    {
      ...(await trailAccess("CreateTrail", Name, ctx)),
      requestTags: TagsList.map(({ Key, Value }) => ({ Key, Value })),
    },
  ],
  async handle({ Name, TagsList = [], ...settings }, ctx) {
    checkName(Name, ctx as Context<never>);
    const trail = { account: ctx.account, region: ctx.region, name: Name };
    const all = await trails.list(ctx.tx, [ctx.account]);
    const here = all.filter(({ key, row }) => key[1] === ctx.region || row.multiRegion);
    if (here.some(({ key }) => key[2] === Name)) {
      throw ctx.error(
        "TrailAlreadyExistsException",
        `Trail ${Name} already exists for customer: ${ctx.account}`,
      );
    }
    if (here.length >= maxTrailsPerRegion) {
      throw ctx.error(
        "MaximumNumberOfTrailsExceededException",
        `User: ${ctx.account} already has ${maxTrailsPerRegion} trails in ${ctx.region}.`,
      );
    }
    const fresh: TrailRow = {
      bucket: settings.S3BucketName,
      includeGlobal: true,
      multiRegion: false,
      validation: false,
      tags: checkTags(TagsList, {}, ctx),
    };
    const row = await changed(fresh, settings, trail, ctx);
    await checkDestinations(trail, row, ctx);
    trails.put(ctx.tx, [trail.account, trail.region, trail.name], row);
    return answered(trail, row);
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_UpdateTrail.html */
export const updateTrail = cloudtrail.operation("UpdateTrail", {
  access: ({ Name }, ctx) => trailAccess("UpdateTrail", Name, ctx),
  async handle({ Name, ...settings }, ctx) {
    const { trail, row: known } = await existingTrail(Name, ctx);
    checkHome(trail, ctx);
    const row = await changed(known, settings, trail, ctx);
    await checkDestinations(trail, row, ctx);
    trails.put(ctx.tx, [trail.account, trail.region, trail.name], row);
    return answered(trail, row);
  },
});

function answered(trail: TrailName, row: TrailRow) {
  const { HomeRegion: _, HasCustomEventSelectors, HasInsightSelectors, ...rest } = shown(trail, row);
  return rest;
}

function shown(trail: TrailName, row: TrailRow): Trail {
  return {
    Name: trail.name,
    S3BucketName: row.bucket,
    ...(row.prefix !== undefined && { S3KeyPrefix: row.prefix }),
    ...(row.topicArn !== undefined && { SnsTopicName: row.topicArn, SnsTopicARN: row.topicArn }),
    IncludeGlobalServiceEvents: row.includeGlobal,
    IsMultiRegionTrail: row.multiRegion,
    HomeRegion: trail.region,
    TrailARN: trailArn(trail),
    LogFileValidationEnabled: row.validation,
    ...(row.logGroupArn !== undefined && { CloudWatchLogsLogGroupArn: row.logGroupArn }),
    ...(row.logsRoleArn !== undefined && { CloudWatchLogsRoleArn: row.logsRoleArn }),
    ...(row.kmsKeyId !== undefined && { KmsKeyId: row.kmsKeyId }),
    HasCustomEventSelectors: row.selectors !== undefined || row.advancedSelectors !== undefined,
    HasInsightSelectors: row.insights !== undefined,
    IsOrganizationTrail: false,
  };
}

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DeleteTrail.html */
export const deleteTrail = cloudtrail.operation("DeleteTrail", {
  access: ({ Name }, ctx) => trailAccess("DeleteTrail", Name, ctx),
  async handle({ Name }, ctx) {
    const { trail } = await existingTrail(Name, ctx);
    checkHome(trail, ctx);
    await stop(trail, ctx);
    trails.delete(ctx.tx, trail.account, trail.region, trail.name);
    return {};
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_GetTrail.html */
export const getTrail = cloudtrail.operation("GetTrail", {
  access: ({ Name }, ctx) => trailAccess("GetTrail", Name, ctx),
  async handle({ Name }, ctx) {
    const { trail, row } = await existingTrail(Name, ctx);
    return { Trail: shown(trail, row) };
  },
});

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_DescribeTrails.html */
export const describeTrails = cloudtrail.operation("DescribeTrails", {
  access: () => ({ action: "cloudtrail:DescribeTrails", resource: "*" }),
  async handle({ trailNameList = [], includeShadowTrails = true }, ctx) {
    if (trailNameList.length > 0) {
      const found = await Promise.all(
        trailNameList.map((name) => {
          checkName(name, ctx as Context<never>);
          return findTrail(name, ctx);
        }),
      );
      const own = found.filter((one) => one !== undefined && one.trail.account === ctx.account);
      return { trailList: own.map((one) => shown(one?.trail as TrailName, one?.row as TrailRow)) };
    }
    const all = await trails.list(ctx.tx, [ctx.account]);
    const here = all.filter(
      ({ key, row }) => key[1] === ctx.region || (includeShadowTrails && row.multiRegion),
    );
    return {
      trailList: here.map(({ key, row }) => shown({ account: key[0], region: key[1], name: key[2] }, row)),
    };
  },
});

const listPageSize = 1_000;

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_ListTrails.html */
export const listTrails = cloudtrail.operation("ListTrails", {
  access: () => ({ action: "cloudtrail:ListTrails", resource: "*" }),
  async handle(_, ctx) {
    const all = await trails.list(ctx.tx, [ctx.account]);
    const { items } = pageOfList(all, listPageSize, undefined);
    return {
      Trails: items.map(({ key: [account, region, name] }) => ({
        TrailARN: trailArn({ account, region, name }),
        Name: name,
        HomeRegion: region,
      })),
    };
  },
});
