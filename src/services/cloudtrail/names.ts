import type { Context } from "../../kit/context.ts";
import { parseArn } from "../../kit/targets.ts";
import { type TrailRow, trails } from "./tables.ts";

/** A trail, and where it is at home. */
export interface TrailName {
  account: string;
  region: string;
  name: string;
}

export function trailArn({ account, region, name }: TrailName): string {
  return `arn:aws:cloudtrail:${region}:${account}:trail/${name}`;
}

type NameErrors = "InvalidTrailNameException" | "CloudTrailARNInvalidException" | "TrailNotFoundException";

/** The trail that a name or ARN means; a name means one of this Region, or a multi-Region trail from elsewhere. */
export async function findTrail(
  nameOrArn: string,
  ctx: Context,
): Promise<{ trail: TrailName; row: TrailRow } | undefined> {
  const arn = parseArn(nameOrArn);
  if (arn !== undefined) {
    const trail = { account: arn.account, region: arn.region, name: arn.resource.replace(/^trail\//, "") };
    const row = await trails.get(ctx.tx, trail.account, trail.region, trail.name);
    return row && { trail, row };
  }
  const all = await trails.list(ctx.tx, [ctx.account]);
  const named = all.filter(
    ({ key, row }) => key[2] === nameOrArn && (row.multiRegion || key[1] === ctx.region),
  );
  const best = named.find(({ key }) => key[1] === ctx.region) ?? named[0];
  return best && { trail: { account: ctx.account, region: best.key[1], name: best.key[2] }, row: best.row };
}

const nameShape = /^(?!.*[-._]{2})(?!\d+\.\d+\.\d+\.\d+$)[a-zA-Z0-9][a-zA-Z0-9._-]{1,126}[a-zA-Z0-9]$/;

/** https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_CreateTrail.html */
export function checkName(nameOrArn: string, ctx: Context<NameErrors>): void {
  if (nameOrArn.startsWith("arn:")) {
    const arn = parseArn(nameOrArn);
    if (arn?.service === "cloudtrail" && arn.resource.startsWith("trail/")) return;
    throw ctx.error(
      "CloudTrailARNInvalidException",
      `The trail ARN ${nameOrArn} is not valid: it must have the format arn:aws:cloudtrail:region:account:trail/name.`,
    );
  }
  if (nameOrArn.length < 3)
    throw ctx.error(
      "InvalidTrailNameException",
      "Trail name too short. Minimum allowed length: 3 characters.",
    );
  if (nameOrArn.length > 128)
    throw ctx.error(
      "InvalidTrailNameException",
      "Trail name too long. Maximum allowed length: 128 characters.",
    );
  if (!nameShape.test(nameOrArn)) {
    throw ctx.error(
      "InvalidTrailNameException",
      "Trail name or ARN can only contain uppercase letters, lowercase letters, numbers, periods (.), hyphens (-), and underscores (_).",
    );
  }
}

export async function existingTrail(
  nameOrArn: string,
  ctx: Context<NameErrors>,
): Promise<{ trail: TrailName; row: TrailRow }> {
  checkName(nameOrArn, ctx);
  const found = await findTrail(nameOrArn, ctx);
  if (found !== undefined && found.trail.account === ctx.account) return found;
  const arn = nameOrArn.startsWith("arn:")
    ? nameOrArn
    : trailArn({ account: ctx.account, region: ctx.region, name: nameOrArn });
  throw ctx.error("TrailNotFoundException", `Unknown trail: ${arn} for the user: ${ctx.account}`);
}

/** Changes are made where the trail is at home. */
export function checkHome(trail: TrailName, ctx: Context<"InvalidHomeRegionException">): void {
  if (trail.region === ctx.region) return;
  throw ctx.error(
    "InvalidHomeRegionException",
    `Trail ${trail.name} was created in ${trail.region}: this operation must be called from there.`,
  );
}

/** The trail as a resource of an access declaration; one that does not exist is named as it would be here. */
export async function trailAccess(action: string, nameOrArn: string, ctx: Context) {
  const found = await findTrail(nameOrArn, ctx);
  const named = nameOrArn.startsWith("arn:")
    ? nameOrArn
    : trailArn({ account: ctx.account, region: ctx.region, name: nameOrArn });
  return {
    action: `cloudtrail:${action}`,
    resource: found ? trailArn(found.trail) : named,
    resourceType: "AWS::CloudTrail::Trail",
    resourceTags: found?.row.tags ?? {},
  };
}
