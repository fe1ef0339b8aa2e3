import type { Context } from "../../kit/context.ts";
import { BadMarker, keyedPageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { newTags } from "./alarms/configure.ts";
import { cloudwatch } from "./contract.ts";
import { checkBody } from "./dashboardBody.ts";
import { type DashboardRow, dashboards } from "./tables.ts";

const maxNameCharacters = 255;
const maxBodyBytes = 1_048_576;
const pageSize = 1_000;

function dashboardArn(name: string, { account }: { account: string }): string {
  return `arn:aws:cloudwatch::${account}:dashboard/${name}`;
}

export function findDashboard(name: string, ctx: Context) {
  return dashboards.get(ctx.tx, ctx.account, name);
}

export function putDashboardRow(name: string, row: DashboardRow, ctx: Context): void {
  dashboards.put(ctx.tx, [ctx.account, name], row);
}

async function dashboardAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const row = await findDashboard(name, ctx);
  return {
    action: `cloudwatch:${action}`,
    resource: dashboardArn(name, ctx),
    ...(row && { resourceTags: row.tags }),
  };
}

function notFound(name: string, ctx: Context<"DashboardNotFoundError">) {
  return ctx.error("DashboardNotFoundError", `Dashboard ${name} does not exist`);
}

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutDashboard.html */
export const putDashboard = cloudwatch.operation("PutDashboard", {
  access: async ({ DashboardName, Tags }, ctx) => ({
    ...(await dashboardAccess("PutDashboard", DashboardName, ctx)),
    requestTags: Tags,
  }),
  async handle({ DashboardName: name, DashboardBody: body, Tags }, ctx) {
    if (!/^[\w-]+$/.test(name)) {
      throw ctx.error(
        "InvalidParameterValue",
        "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, dash (-) and underscore (_).\n",
      );
    }
    if (name.length > maxNameCharacters)
      throw ctx.error(
        "InvalidParameterValue",
        `The field DashboardName has at most ${maxNameCharacters} characters.\n`,
      );
    const { errors, warnings } = checkBody(body);
    if (Buffer.byteLength(body) > maxBodyBytes)
      errors.push({ Message: `The dashboard body has at most ${maxBodyBytes} bytes.` });
    if (errors.length > 0) {
      throw ctx.error("DashboardInvalidInputError", "The dashboard body is invalid.", {
        dashboardValidationMessages: errors,
      });
    }
    const held = await findDashboard(name, ctx);
    const tags = held?.tags ?? newTags(Tags, ctx as Context);
    putDashboardRow(name, { body, modifiedAt: ctx.clock.now(), tags }, ctx);
    return { DashboardValidationMessages: warnings };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetDashboard.html */
export const getDashboard = cloudwatch.operation("GetDashboard", {
  access: ({ DashboardName }, ctx) => dashboardAccess("GetDashboard", DashboardName, ctx),
  async handle({ DashboardName: name }, ctx) {
    const row = await findDashboard(name, ctx as Context);
    if (row === undefined) throw notFound(name, ctx);
    return { DashboardArn: dashboardArn(name, ctx), DashboardBody: row.body, DashboardName: name };
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_ListDashboards.html */
export const listDashboards = cloudwatch.operation("ListDashboards", {
  access: () => ({ action: "cloudwatch:ListDashboards", resource: "*" }),
  async handle({ DashboardNamePrefix, NextToken }, ctx) {
    try {
      const { items, next } = await keyedPageOf(dashboards, ctx.tx, [ctx.account], {
        limit: pageSize,
        marker: NextToken,
        startsWith: DashboardNamePrefix,
      });
      return {
        DashboardEntries: items.map(({ key: [, name], row }) => ({
          DashboardName: name,
          DashboardArn: dashboardArn(name, ctx),
          LastModified: new Date(row.modifiedAt),
          Size: Buffer.byteLength(row.body),
        })),
        ...(next !== undefined && { NextToken: next }),
      };
    } catch (error) {
      if (error instanceof BadMarker)
        throw ctx.error("InvalidParameterValueException", "The value for parameter NextToken is invalid.");
      throw error;
    }
  },
});

/** https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_DeleteDashboards.html */
export const deleteDashboards = cloudwatch.operation("DeleteDashboards", {
  access: ({ DashboardNames }, ctx) =>
    Promise.all(
      (DashboardNames.length === 0 ? ["*"] : DashboardNames).map((name) =>
        dashboardAccess("DeleteDashboards", name, ctx),
      ),
    ),
  async handle({ DashboardNames }, ctx) {
    for (const name of DashboardNames) {
      if ((await findDashboard(name, ctx as Context)) === undefined)
        throw ctx.error(
          "DashboardNotFoundError" as "InternalServiceFault",
          `Dashboard ${name} does not exist`,
        );
      dashboards.delete(ctx.tx, ctx.account, name);
    }
    return {};
  },
});
