import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { type AppEndpointRow, type ApplicationRow, appEndpoints, applications } from "./tables.ts";

/** Platform applications and their endpoints, by their ARNs. */

export interface AppName {
  account: string;
  region: string;
  platform: string;
  name: string;
}

export interface AppEndpointName extends AppName {
  id: string;
}

type Invalid = Context<"InvalidParameterException">;
type Missing = Context<"InvalidParameterException" | "NotFoundException">;

export const platforms: ReadonlySet<string> = new Set([
  "ADM",
  "APNS",
  "APNS_SANDBOX",
  "APNS_VOIP",
  "APNS_VOIP_SANDBOX",
  "BAIDU",
  "GCM",
  "MACOS",
  "MACOS_SANDBOX",
  "MPNS",
  "WNS",
]);

export function appArn({ account, region, platform, name }: AppName): string {
  return `arn:aws:sns:${region}:${account}:app/${platform}/${name}`;
}

export function appEndpointArn({ account, region, platform, name, id }: AppEndpointName): string {
  return `arn:aws:sns:${region}:${account}:endpoint/${platform}/${name}/${id}`;
}

/** The parts behind the kind ("app", "endpoint") that an ARN of this account and Region names, in AWS's words if it is none. */
function partsOf(arn: string, kind: string, count: number, parameter: string, ctx: Invalid) {
  const invalid = (reason: string) =>
    ctx.error("InvalidParameterException", `Invalid parameter: ${parameter} Reason: ${reason}`);
  const elements = arn.split(":").length;
  if (elements < 6) throw invalid(`An ARN must have at least 6 elements, not ${elements}`);
  const parsed = parseArn(arn);
  if (parsed?.service !== "sns") throw invalid("An ARN must name a resource of SNS");
  const parts = parsed.resource.split("/");
  if (parts.length !== count) throw invalid("Wrong number of slashes in relative portion of the ARN.");
  if (parts[0] !== kind) throw invalid(`The relative portion of the ARN must begin with ${kind}/`);
  if (parsed.region !== ctx.region) throw invalid(`The Region of the ARN is not ${ctx.region}`);
  return { account: parsed.account, region: parsed.region, parts };
}

export function appOfArn(arn: string, ctx: Invalid): AppName {
  const { account, region, parts } = partsOf(arn, "app", 3, "PlatformApplicationArn", ctx);
  const [, platform = "", name = ""] = parts;
  return { account, region, platform, name };
}

export function endpointOfArn(arn: string, ctx: Invalid, parameter = "EndpointArn"): AppEndpointName {
  const { account, region, parts } = partsOf(arn, "endpoint", 4, parameter, ctx);
  const [, platform = "", name = "", id = ""] = parts;
  return { account, region, platform, name, id };
}

export function appKey({ account, region, platform, name }: AppName): [string, string, string, string] {
  return [account, region, platform, name];
}

export function endpointKey(endpoint: AppEndpointName): [string, string, string, string, string] {
  return [...appKey(endpoint), endpoint.id];
}

/** An application of the caller's own account: no policy lets others use one. */
export async function existingApp(arn: string, ctx: Missing): Promise<{ app: AppName; row: ApplicationRow }> {
  const app = appOfArn(arn, ctx);
  const row = app.account === ctx.account ? await applications.get(ctx.tx, ...appKey(app)) : undefined;
  if (row === undefined) throw ctx.error("NotFoundException", "PlatformApplication does not exist");
  return { app, row };
}

export interface FoundEndpoint {
  endpoint: AppEndpointName;
  row: AppEndpointRow;
  app: ApplicationRow;
}

/** An endpoint goes with its application, though its row may stay a while. */
export async function findEndpoint(
  endpoint: AppEndpointName,
  ctx: Context,
): Promise<FoundEndpoint | undefined> {
  const app = await applications.get(ctx.tx, ...appKey(endpoint));
  const row = app && (await appEndpoints.get(ctx.tx, ...endpointKey(endpoint)));
  if (app === undefined || row === undefined || row.appId !== app.id) return undefined;
  return { endpoint, row, app };
}

export async function existingEndpoint(arn: string, ctx: Missing): Promise<FoundEndpoint> {
  const endpoint = endpointOfArn(arn, ctx);
  const found = endpoint.account === ctx.account ? await findEndpoint(endpoint, ctx) : undefined;
  if (found === undefined) throw ctx.error("NotFoundException", "Endpoint does not exist");
  return found;
}

/** The platform of the endpoint that an application subscription names. */
export function platformOf(endpointArn: string): string {
  return parseArn(endpointArn)?.resource.split("/")[1] ?? "";
}
