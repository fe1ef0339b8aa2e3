import { iam } from "./contract.ts";
import { deviceAccess, findDevice, saveDevice } from "./mfaDevices.ts";
import { listedTags, tagKeys, withoutTags, withTags } from "./tags.ts";

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagMFADevice.html */
export const tagMFADevice = iam.operation("TagMFADevice", {
  access: async ({ SerialNumber, Tags }, ctx) => ({
    ...(await deviceAccess("TagMFADevice", SerialNumber, ctx)),
    requestTags: Tags,
  }),
  async handle({ SerialNumber, Tags }, ctx) {
    const row = await findDevice(SerialNumber, ctx);
    saveDevice({ ...row, tags: withTags(row.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagMFADevice.html */
export const untagMFADevice = iam.operation("UntagMFADevice", {
  access: async ({ SerialNumber, TagKeys }, ctx) => ({
    ...(await deviceAccess("UntagMFADevice", SerialNumber, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ SerialNumber, TagKeys }, ctx) {
    const row = await findDevice(SerialNumber, ctx);
    saveDevice({ ...row, tags: withoutTags(row.tags, TagKeys, "exact") }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADeviceTags.html */
export const listMFADeviceTags = iam.operation("ListMFADeviceTags", {
  access: ({ SerialNumber }, ctx) => deviceAccess("ListMFADeviceTags", SerialNumber, ctx),
  async handle({ SerialNumber, ...page }, ctx) {
    return listedTags((await findDevice(SerialNumber, ctx)).tags, page, ctx);
  },
});
