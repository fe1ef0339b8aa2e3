import { pageOfList } from "../../kit/paging.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPendingDeletion } from "./find.ts";
import { putKey } from "./make.ts";
import { kmsPage } from "./pages.ts";
import { checkTags } from "./tagRules.ts";

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_TagResource.html */
export const tagResource = kms.operation("TagResource", {
  access: onKey("TagResource", ({ Tags }) => ({
    requestTags: Tags.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue })),
  })),
  async handle({ KeyId, Tags }, ctx) {
    const key = notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    putKey({ ...key, tags: checkTags(Tags, key.tags, ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UntagResource.html */
export const untagResource = kms.operation("UntagResource", {
  access: onKey("UntagResource", ({ TagKeys }) => ({ context: { "aws:TagKeys": TagKeys } })),
  async handle({ KeyId, TagKeys }, ctx) {
    const key = notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    const tags = { ...key.tags };
    for (const name of TagKeys) delete tags[name];
    putKey({ ...key, tags }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListResourceTags.html */
export const listResourceTags = kms.operation("ListResourceTags", {
  access: onKey("ListResourceTags"),
  async handle({ KeyId, Limit = 50, Marker }, ctx) {
    const { tags } = await findKeyById(KeyId, ctx);
    const { items, end } = await kmsPage(ctx, () => pageOfList(Object.entries(tags), Limit, Marker));
    return { Tags: items.map(([TagKey, TagValue]) => ({ TagKey, TagValue })), ...end };
  },
});
