import { iam } from "./contract.ts";
import { findProfile, profileAccess, saveProfile } from "./instanceProfiles.ts";
import { overQuota, quotas } from "./quotas.ts";
import { findModifiableRole, roleAccess } from "./roles.ts";
import { onProfile, onRole } from "./shared.ts";
import { roleProfiles } from "./tables.ts";
import { listedTags, tagKeys, withoutTags, withTags } from "./tags.ts";

/** The role in an instance profile, and the profile's tags. */

/**
 * Whoever puts a role into an instance profile hands it on to instances: that takes iam:PassRole as well.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddRoleToInstanceProfile.html
 */
export const addRoleToInstanceProfile = iam.operation("AddRoleToInstanceProfile", {
  async access({ InstanceProfileName, RoleName }, ctx) {
    const { shownAs: _, ...passed } = await roleAccess("PassRole", RoleName, ctx);
    return [
      await profileAccess("AddRoleToInstanceProfile", InstanceProfileName, ctx),
      {
        ...passed,
        context: { ...passed.context, "iam:PassedToService": "ec2.amazonaws.com" },
      },
    ];
  },
  async handle({ InstanceProfileName, RoleName }, ctx) {
    const profile = await findProfile(InstanceProfileName, ctx);
    const role = (await findModifiableRole(RoleName, ctx)).roleName.toLowerCase();
    if (profile.role !== undefined) {
      throw overQuota("InstanceSessionsPerInstanceProfile", quotas.RolesPerInstanceProfile, ctx);
    }
    saveProfile({ ...profile, role }, ctx);
    const name = profile.profileName.toLowerCase();
    roleProfiles.put(ctx.tx, [ctx.account, role, name], { profile: name });
    return {};
  },
  record: { resources: (input) => [...onProfile(input), ...onRole(input)] },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveRoleFromInstanceProfile.html */
export const removeRoleFromInstanceProfile = iam.operation("RemoveRoleFromInstanceProfile", {
  access: ({ InstanceProfileName }, ctx) =>
    profileAccess("RemoveRoleFromInstanceProfile", InstanceProfileName, ctx),
  async handle({ InstanceProfileName, RoleName }, ctx) {
    const { role, ...profile } = await findProfile(InstanceProfileName, ctx);
    const name = (await findModifiableRole(RoleName, ctx)).roleName.toLowerCase();
    if (role !== name) {
      throw ctx.error(
        "NoSuchEntityException",
        `Role ${RoleName} in profile ${InstanceProfileName} cannot be found.`,
      );
    }
    saveProfile(profile, ctx);
    roleProfiles.delete(ctx.tx, ctx.account, name, profile.profileName.toLowerCase());
    return {};
  },
  record: { resources: (input) => [...onProfile(input), ...onRole(input)] },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagInstanceProfile.html */
export const tagInstanceProfile = iam.operation("TagInstanceProfile", {
  access: async ({ InstanceProfileName, Tags }, ctx) => ({
    ...(await profileAccess("TagInstanceProfile", InstanceProfileName, ctx)),
    requestTags: Tags,
  }),
  async handle({ InstanceProfileName, Tags }, ctx) {
    const profile = await findProfile(InstanceProfileName, ctx);
    saveProfile({ ...profile, tags: withTags(profile.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
  record: { resources: onProfile },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagInstanceProfile.html */
export const untagInstanceProfile = iam.operation("UntagInstanceProfile", {
  access: async ({ InstanceProfileName, TagKeys }, ctx) => ({
    ...(await profileAccess("UntagInstanceProfile", InstanceProfileName, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ InstanceProfileName, TagKeys }, ctx) {
    const profile = await findProfile(InstanceProfileName, ctx);
    saveProfile({ ...profile, tags: withoutTags(profile.tags, TagKeys, "exact") }, ctx);
    return {};
  },
  record: { resources: onProfile },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListInstanceProfileTags.html */
export const listInstanceProfileTags = iam.operation("ListInstanceProfileTags", {
  access: ({ InstanceProfileName }, ctx) =>
    profileAccess("ListInstanceProfileTags", InstanceProfileName, ctx),
  handle: async ({ InstanceProfileName, ...page }, ctx) =>
    listedTags((await findProfile(InstanceProfileName, ctx)).tags, page, ctx),
});
