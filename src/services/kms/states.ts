import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPending } from "./find.ts";
import { putKey } from "./make.ts";
import { rotateIfDue } from "./rotation.ts";
import type { KeyRow } from "./tables.ts";

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKey.html */
export const enableKey = kms.operation("EnableKey", {
  access: onKey("EnableKey"),
  async handle({ KeyId }, ctx) {
    const key = notPending(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    const enabled: KeyRow = { ...key, state: "Enabled" };
    putKey(enabled, ctx);
    await rotateIfDue(enabled, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKey.html */
export const disableKey = kms.operation("DisableKey", {
  access: onKey("DisableKey"),
  async handle({ KeyId }, ctx) {
    const key = notPending(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    putKey({ ...key, state: "Disabled" }, ctx);
    return {};
  },
});
