import type { PlatformApplication } from "@aws-sdk/client-sns";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { keyedPageOf } from "../../kit/paging.ts";
import { passRole } from "../../kit/passRole.ts";
import { tokenHash } from "./appEndpoints.ts";
import { type AppName, appArn, appKey, appOfArn, existingApp, platforms } from "./appNames.ts";
import { sns } from "./contract.ts";
import { tokenPage } from "./pages.ts";
import { type AppEndpointRow, type ApplicationRow, appEndpoints, applications, byToken } from "./tables.ts";

/** Mobile apps, as the push services of their platforms know them. https://docs.aws.amazon.com/sns/latest/dg/mobile-push-send-register.html */

const pageSize = 100;
const maxNameCharacters = 256;
const secret = new Set(["PlatformCredential", "PlatformPrincipal"]);
const roles = ["SuccessFeedbackRoleArn", "FailureFeedbackRoleArn"];

export const appEvents = [
  "EventEndpointCreated",
  "EventEndpointDeleted",
  "EventEndpointUpdated",
  "EventDeliveryFailure",
] as const;

const attributeNames = new Set<string>([
  ...secret,
  ...appEvents,
  ...roles,
  "SuccessFeedbackSampleRate",
  "ApplePlatformTeamID",
  "ApplePlatformBundleID",
  "Enabled",
]);

type Invalid = Context<"InvalidParameterException">;

function invalid(reason: string, ctx: Invalid): Error {
  return ctx.error("InvalidParameterException", `Invalid parameter: ${reason}`);
}

function checkName(name: string, ctx: Invalid): void {
  if (name === "") throw invalid(`${name} Reason: cannot be empty`, ctx);
  if (name.length > maxNameCharacters)
    throw invalid(`${name} Reason: must be at most ${maxNameCharacters} characters long`, ctx);
  if (!/^[a-zA-Z0-9_.-]+$/.test(name)) {
    throw invalid(
      `${name} Reason: must contain only characters 'a'-'z', 'A'-'Z', '0'-'9', '_', '-', and '.'`,
      ctx,
    );
  }
}

/** Checks attributes that are given; `all` are those that will stand. */
async function checkAttributes(
  platform: string,
  given: Readonly<Record<string, string>>,
  all: Readonly<Record<string, string>>,
  ctx: Invalid,
): Promise<void> {
  const refused = (reason: string) => invalid(`Attributes Reason: ${reason}`, ctx);
  for (const [name, value] of Object.entries(given)) {
    if (!attributeNames.has(name)) throw refused(`Invalid attribute name: ${name}`);
    if (name === "Enabled" && !/^(?:true|false)$/i.test(value))
      throw refused("Invalid value for attribute: Enabled: must be true or false");
    if (name === "SuccessFeedbackSampleRate" && !/^(?:100|[1-9]?\d)$/.test(value))
      throw refused("Invalid value for attribute: SuccessFeedbackSampleRate: must be from 0 to 100");
    const isTopic = name.startsWith("Event") && value !== "";
    if (isTopic && !/^arn:aws:sns:[a-z0-9-]+:\d{12}:[\w-]+$/.test(value))
      throw refused(`Invalid value for attribute: ${name}: must be the ARN of a topic`);
  }
  if (all.PlatformPrincipal !== undefined && all.PlatformCredential === undefined)
    throw refused("PlatformPrincipal attribute provided without PlatformCredential");
  // Firebase has a key and nothing beside it.
  if (platform !== "GCM" && all.PlatformCredential !== undefined && all.PlatformPrincipal === undefined)
    throw refused("PlatformCredential attribute provided without PlatformPrincipal");
  if (all.PlatformCredential === undefined) throw refused("PlatformCredential attribute is required");
  for (const role of roles) if (given[role]) await passRole(ctx as Context, given[role], "sns.amazonaws.com");
}

/** https://docs.aws.amazon.com/sns/latest/api/API_CreatePlatformApplication.html */
export const createPlatformApplication = sns.operation("CreatePlatformApplication", {
  access: () => ({ action: "sns:CreatePlatformApplication", resource: "*" }),
  async handle({ Name, Platform, Attributes }, ctx) {
    checkName(Name, ctx);
    if (!platforms.has(Platform)) throw invalid(`Platform Reason: ${Platform} is not supported`, ctx);
    const attributes = Attributes as Record<string, string>;
    await checkAttributes(Platform, attributes, attributes, ctx);
    const app: AppName = { account: ctx.account, region: ctx.region, platform: Platform, name: Name };
    const known = await applications.get(ctx.tx, ...appKey(app));
    if (known !== undefined && Object.entries(attributes).some(([n, value]) => known.attributes[n] !== value))
      throw invalid("Attributes Reason: Platform application already exists with different attributes", ctx);
    if (known === undefined) {
      const row = { id: uuid(), attributes: { Enabled: "true", ...attributes }, createdAt: ctx.clock.now() };
      applications.put(ctx.tx, appKey(app), row);
    }
    return { PlatformApplicationArn: appArn(app) };
  },
  record: { request: withoutCredentials },
});

/** Keys of the platforms' services stand in no record. */
function withoutCredentials(recorded: Record<string, unknown>): Record<string, unknown> {
  const attributes = Object.entries((recorded.attributes ?? {}) as Record<string, unknown>);
  return {
    ...recorded,
    attributes: Object.fromEntries(
      attributes.map(([name, value]) => [name, secret.has(name) ? "***" : value]),
    ),
  };
}

function shown({ attributes }: ApplicationRow): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).filter(([name]) => !secret.has(name)));
}

/** https://docs.aws.amazon.com/sns/latest/api/API_GetPlatformApplicationAttributes.html */
export const getPlatformApplicationAttributes = sns.operation("GetPlatformApplicationAttributes", {
  access: () => ({ action: "sns:GetPlatformApplicationAttributes", resource: "*" }),
  async handle({ PlatformApplicationArn }, ctx) {
    const { row } = await existingApp(PlatformApplicationArn, ctx);
    return { Attributes: shown(row) };
  },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_SetPlatformApplicationAttributes.html */
export const setPlatformApplicationAttributes = sns.operation("SetPlatformApplicationAttributes", {
  access: () => ({ action: "sns:SetPlatformApplicationAttributes", resource: "*" }),
  async handle({ PlatformApplicationArn, Attributes }, ctx) {
    const { app, row } = await existingApp(PlatformApplicationArn, ctx);
    const given = Attributes as Record<string, string>;
    const all = { ...row.attributes, ...given };
    await checkAttributes(app.platform, given, all, ctx);
    const attributes = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ""));
    applications.put(ctx.tx, appKey(app), { ...row, attributes });
    return {};
  },
  record: { request: withoutCredentials },
});

/** https://docs.aws.amazon.com/sns/latest/api/API_ListPlatformApplications.html */
export const listPlatformApplications = sns.operation("ListPlatformApplications", {
  access: () => ({ action: "sns:ListPlatformApplications", resource: "*" }),
  async handle({ NextToken }, ctx) {
    const parts = [ctx.account, ctx.region];
    const options = { limit: pageSize, marker: NextToken };
    const { items, next } = await tokenPage(() => keyedPageOf(applications, ctx.tx, parts, options), ctx);
    const PlatformApplications: PlatformApplication[] = items.map(({ key, row }) => {
      const [account, region, platform, name] = key;
      return {
        PlatformApplicationArn: appArn({ account, region, platform, name }),
        Attributes: shown(row),
      };
    });
    return { PlatformApplications, ...(next && { NextToken: next }) };
  },
});

/** Its endpoints go with it. https://docs.aws.amazon.com/sns/latest/api/API_DeletePlatformApplication.html */
export const deletePlatformApplication = sns.operation("DeletePlatformApplication", {
  access: () => ({ action: "sns:DeletePlatformApplication", resource: "*" }),
  async handle({ PlatformApplicationArn }, ctx) {
    const app = appOfArn(PlatformApplicationArn, ctx);
    const row = app.account === ctx.account ? await applications.get(ctx.tx, ...appKey(app)) : undefined;
    if (row === undefined) return {};
    applications.delete(ctx.tx, ...appKey(app));
    ctx.outbox.put("dropEndpoints", { app, appId: row.id });
    return {};
  },
});

/** Rows that one piece of work goes through. */
const droppedAtOnce = 500;

/** Deletes the endpoints of an application that is gone. */
export const dropEndpoints = {
  async settle(
    { app, appId, after }: { app: AppName; appId: string; after?: string },
    ctx: Context,
  ): Promise<void> {
    const rows = await appEndpoints.list(ctx.tx, appKey(app), {
      limit: droppedAtOnce,
      ...(after !== undefined && { after: [after] }),
    });
    for (const { key, row } of rows) if (row.appId === appId) await drop(app, key[4], row, ctx);
    const last = rows.at(-1)?.key[4];
    if (rows.length === droppedAtOnce && last !== undefined)
      ctx.outbox.put("dropEndpoints", { app, appId, after: last });
  },
};

export async function drop(app: AppName, id: string, row: AppEndpointRow, ctx: Context): Promise<void> {
  appEndpoints.delete(ctx.tx, ...appKey(app), id);
  const token = await byToken.get(ctx.tx, ...appKey(app), tokenHash(row.token));
  if (token?.id === id) byToken.delete(ctx.tx, ...appKey(app), tokenHash(row.token));
}
