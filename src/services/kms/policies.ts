import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPendingDeletion } from "./find.ts";
import { putKey } from "./make.ts";
import { checkPolicy } from "./policyDocument.ts";

/** Every key has one policy, and it is called "default". */
const policyName = "default";

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyPolicy.html */
export const getKeyPolicy = kms.operation("GetKeyPolicy", {
  access: onKey("GetKeyPolicy"),
  async handle({ KeyId, PolicyName = policyName }, ctx) {
    const key = await findKeyById(KeyId, ctx);
    if (PolicyName !== policyName) throw ctx.error("NotFoundException", `No such policy exists`);
    return { Policy: key.policy, PolicyName };
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_PutKeyPolicy.html */
export const putKeyPolicy = kms.operation("PutKeyPolicy", {
  access: onKey("PutKeyPolicy", ({ BypassPolicyLockoutSafetyCheck = false }) => ({
    context: { "kms:BypassPolicyLockoutSafetyCheck": String(BypassPolicyLockoutSafetyCheck) },
  })),
  async handle({ KeyId, PolicyName = policyName, Policy, BypassPolicyLockoutSafetyCheck = false }, ctx) {
    const key = notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    if (PolicyName !== policyName) throw ctx.error("NotFoundException", `No such policy exists`);
    await checkPolicy(Policy, BypassPolicyLockoutSafetyCheck, ctx, key);
    putKey({ ...key, policy: Policy }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyPolicies.html */
export const listKeyPolicies = kms.operation("ListKeyPolicies", {
  access: onKey("ListKeyPolicies"),
  async handle({ KeyId }, ctx) {
    await findKeyById(KeyId, ctx);
    return { PolicyNames: [policyName], Truncated: false };
  },
});
