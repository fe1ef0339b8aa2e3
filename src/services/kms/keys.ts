import { randomBytes } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOf } from "../../kit/paging.ts";
import { callKeys, onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { describe } from "./describe.ts";
import { customersOwn, existing, findKeyById, locate, notPendingDeletion } from "./find.ts";
import { keyType, newKey, putKey } from "./make.ts";
import { kmsPage } from "./pages.ts";
import { checkPolicy, defaultPolicy } from "./policyDocument.ts";
import { type KeySpec, type KeyUsage, specFacts } from "./specs.ts";
import { keys } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** The usage of a new key: implied for symmetric keys, for the others asked for. */
function usageFor(spec: KeySpec, asked: string | undefined, ctx: Context): KeyUsage {
  const { usages, family } = specFacts(spec) ?? { usages: [] as readonly KeyUsage[], family: "" };
  if (asked === undefined) {
    if (family === "symmetric") return "ENCRYPT_DECRYPT";
    throw ctx.error(
      "ValidationException",
      "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
    );
  }
  const usage = usages.find((one) => one === asked);
  if (usage === undefined)
    throw ctx.error("ValidationException", `KeyUsage ${asked} is not compatible with KeySpec ${spec}`);
  return usage;
}

/** Makes a key. https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateKey.html */
export const createKey = kms.operation("CreateKey", {
  access: (input, ctx) => {
    const access = {
      action: "kms:CreateKey",
      resource: "*",
      requestTags: input.Tags?.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue })),
      context: {
        ...callKeys(ctx),
        "kms:KeySpec": input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT",
        "kms:KeyUsage": input.KeyUsage ?? "ENCRYPT_DECRYPT",
        "kms:KeyOrigin": input.Origin ?? "AWS_KMS",
        "kms:MultiRegion": String(input.MultiRegion ?? false),
        "kms:MultiRegionKeyType": input.MultiRegion ? "PRIMARY" : undefined,
        "kms:BypassPolicyLockoutSafetyCheck": String(input.BypassPolicyLockoutSafetyCheck ?? false),
      },
    };
    return input.Tags?.length ? [access, { ...access, action: "kms:TagResource" }] : access;
  },
  async handle(input, ctx) {
    const { Description = "", Origin = "AWS_KMS", Tags = [], MultiRegion = false } = input;
    if (input.KeySpec !== undefined && input.CustomerMasterKeySpec !== undefined) {
      throw ctx.error(
        "ValidationException",
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
      );
    }
    const spec = (input.KeySpec ?? input.CustomerMasterKeySpec ?? "SYMMETRIC_DEFAULT") as KeySpec;
    if (specFacts(spec) === undefined)
      throw ctx.error("UnsupportedOperationException", `KeySpec ${spec} is not supported in this Region.`);
    if (Origin !== "AWS_KMS" && Origin !== "EXTERNAL") {
      throw ctx.error(
        "UnsupportedOperationException",
        `Origin ${Origin} needs a custom key store, which is not supported.`,
      );
    }
    const usage = usageFor(spec, input.KeyUsage, ctx);
    const tags = checkTags(Tags, {}, ctx);
    const policy = input.Policy ?? defaultPolicy(ctx.account);
    await checkPolicy(policy, input.BypassPolicyLockoutSafetyCheck ?? false, ctx);
    const keyId = MultiRegion ? `mrk-${randomBytes(16).toString("hex")}` : uuid();
    const key = await newKey(
      {
        keyId,
        spec,
        usage,
        origin: Origin,
        description: Description,
        tags,
        policy,
        multiRegion: MultiRegion,
      },
      ctx,
    );
    ctx.event.resources.push({ accountId: key.account, type: keyType, ARN: key.arn });
    return { KeyMetadata: describe(key, ctx) };
  },
});

/** What stands about a key. https://docs.aws.amazon.com/kms/latest/APIReference/API_DescribeKey.html */
export const describeKey = kms.operation("DescribeKey", {
  access: onKey("DescribeKey", () => ({
    grantOperation: "DescribeKey",
  })),
  async handle({ KeyId }, ctx) {
    return { KeyMetadata: describe(existing(await locate(KeyId, ctx), ctx), ctx) };
  },
});

/** All keys of the account and Region. https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeys.html */
export const listKeys = kms.operation("ListKeys", {
  access: (_input, ctx) => ({ action: "kms:ListKeys", resource: "*", context: callKeys(ctx) }),
  async handle({ Limit = 100, Marker }, ctx) {
    const { items, end } = await kmsPage(ctx, () =>
      pageOf(keys, ctx.tx, [ctx.account, ctx.region], { limit: Limit, marker: Marker }),
    );
    return { Keys: items.map(({ keyId, arn }) => ({ KeyId: keyId, KeyArn: arn })), ...end };
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdateKeyDescription.html */
export const updateKeyDescription = kms.operation("UpdateKeyDescription", {
  access: onKey("UpdateKeyDescription"),
  async handle({ KeyId, Description }, ctx) {
    const key = notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    putKey({ ...key, description: Description }, ctx);
    return {};
  },
});
