import type { InstanceProfile } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { type Page, pageOf } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { conflict } from "./holders.ts";
import { countOneLess, countOneMore } from "./quotas.ts";
import { findRole, listedRole, roleAccess } from "./roles.ts";
import { onProfile, paged, seconds } from "./shared.ts";
import { type InstanceProfileRow, instanceProfiles, roleProfiles, roles } from "./tables.ts";
import { shownTags, taggedResource, withTags } from "./tags.ts";

function profileArn(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:instance-profile${path}${name}`;
}

/** What a call on an instance profile must be allowed to do. Of one that does not exist it says the same. */
export async function profileAccess(action: string, name: string, ctx: Context): Promise<Access> {
  const profile = await instanceProfiles.get(ctx.tx, ctx.account, name.toLowerCase());
  return {
    action: `iam:${action}`,
    resource: profile?.arn ?? profileArn(ctx.account, "/", name),
    shownAs: `instance profile ${name}`,
    ...(profile && taggedResource(profile.tags)),
  };
}

export async function findProfile(
  name: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<InstanceProfileRow> {
  const profile = await instanceProfiles.get(ctx.tx, ctx.account, name.toLowerCase());
  if (profile === undefined)
    throw ctx.error("NoSuchEntityException", `Instance Profile ${name} cannot be found.`);
  return profile;
}

export function saveProfile(profile: InstanceProfileRow, ctx: Context): void {
  instanceProfiles.put(ctx.tx, [ctx.account, profile.profileName.toLowerCase()], profile);
}

/** Listings leave out tags. */
export async function listedProfile(profile: InstanceProfileRow, ctx: Context) {
  const role = profile.role === undefined ? undefined : await roles.get(ctx.tx, ctx.account, profile.role);
  return {
    Path: profile.path,
    InstanceProfileName: profile.profileName,
    InstanceProfileId: profile.profileId,
    Arn: profile.arn,
    CreateDate: seconds(profile.createDate),
    Roles: role === undefined ? [] : [await listedRole(role, ctx)],
  } satisfies InstanceProfile;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateInstanceProfile.html */
export const createInstanceProfile = iam.operation("CreateInstanceProfile", {
  access: ({ InstanceProfileName, Path = "/", Tags }, ctx) => ({
    action: "iam:CreateInstanceProfile",
    resource: profileArn(ctx.account, Path, InstanceProfileName),
    requestTags: Tags,
  }),
  async handle({ InstanceProfileName, Path = "/", Tags = [] }, ctx) {
    const name = InstanceProfileName.toLowerCase();
    if ((await instanceProfiles.get(ctx.tx, ctx.account, name)) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        `Instance Profile ${InstanceProfileName} already exists.`,
      );
    }
    await countOneMore("instanceProfiles", ctx);
    const profile: InstanceProfileRow = {
      profileName: InstanceProfileName,
      profileId: uniqueId("AIPA"),
      path: Path,
      arn: profileArn(ctx.account, Path, InstanceProfileName),
      createDate: ctx.clock.now(),
      tags: withTags({}, Tags, "exact", ctx),
    };
    saveProfile(profile, ctx);
    const shown = await listedProfile(profile, ctx);
    return { InstanceProfile: { ...shown, ...(Tags.length > 0 && { Tags: shownTags(profile.tags) }) } };
  },
  record: { resources: onProfile },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetInstanceProfile.html */
export const getInstanceProfile = iam.operation("GetInstanceProfile", {
  access: ({ InstanceProfileName }, ctx) => profileAccess("GetInstanceProfile", InstanceProfileName, ctx),
  async handle({ InstanceProfileName }, ctx) {
    const profile = await findProfile(InstanceProfileName, ctx);
    return { InstanceProfile: { ...(await listedProfile(profile, ctx)), Tags: shownTags(profile.tags) } };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfiles.html */
export const listInstanceProfiles = iam.operation("ListInstanceProfiles", {
  access: ({ PathPrefix = "/" }, ctx) => ({
    action: "iam:ListInstanceProfiles",
    resource: profileArn(ctx.account, PathPrefix, ""),
  }),
  async handle({ PathPrefix = "/", ...page }, ctx) {
    const where = ({ path }: InstanceProfileRow) => path.startsWith(PathPrefix);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOf(instanceProfiles, ctx.tx, [ctx.account], { ...part, where }),
      (profile) => listedProfile(profile, ctx),
    );
    return { InstanceProfiles: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfilesForRole.html */
export const listInstanceProfilesForRole = iam.operation("ListInstanceProfilesForRole", {
  access: ({ RoleName }, ctx) => roleAccess("ListInstanceProfilesForRole", RoleName, ctx),
  async handle({ RoleName, ...page }, ctx) {
    await findRole(RoleName, ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      (part) => pageOfProfiles(RoleName.toLowerCase(), part, ctx),
      (profile) => listedProfile(profile, ctx),
    );
    return { InstanceProfiles: items, ...truncation };
  },
});

async function pageOfProfiles(
  role: string,
  part: { limit: number; marker?: string | undefined },
  { tx, account }: Context,
): Promise<Page<InstanceProfileRow>> {
  const page = await pageOf(roleProfiles, tx, [account, role], part);
  const found = await Promise.all(
    page.items.map(({ profile }) => instanceProfiles.get(tx, account, profile)),
  );
  return { ...page, items: found.filter((profile) => profile !== undefined) };
}

/** Deletes an instance profile without a role. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteInstanceProfile.html */
export const deleteInstanceProfile = iam.operation("DeleteInstanceProfile", {
  access: ({ InstanceProfileName }, ctx) => profileAccess("DeleteInstanceProfile", InstanceProfileName, ctx),
  async handle({ InstanceProfileName }, ctx) {
    const profile = await findProfile(InstanceProfileName, ctx);
    if (profile.role !== undefined) throw conflict("must remove roles from instance profile first", ctx);
    instanceProfiles.delete(ctx.tx, ctx.account, InstanceProfileName.toLowerCase());
    await countOneLess("instanceProfiles", ctx);
    return {};
  },
  record: { resources: onProfile },
});
