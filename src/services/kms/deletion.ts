import type { Context } from "../../kit/context.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPendingDeletion } from "./find.ts";
import { keyType, putKey } from "./make.ts";
import { forgetReplica, replicasLeft } from "./multiRegion.ts";
import { aliases, grants, imports, type KeyRow, keys, retirable } from "./tables.ts";

const dayMs = 86_400_000;
const defaultWindowDays = 30;

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ScheduleKeyDeletion.html */
export const scheduleKeyDeletion = kms.operation("ScheduleKeyDeletion", {
  access: onKey("ScheduleKeyDeletion", ({ PendingWindowInDays = defaultWindowDays }) => ({
    context: { "kms:ScheduleKeyDeletionPendingWindowInDays": String(PendingWindowInDays) },
  })),
  async handle({ KeyId, PendingWindowInDays = defaultWindowDays }, ctx) {
    const key = notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    if (PendingWindowInDays < 7 || PendingWindowInDays > 30) {
      throw ctx.error("ValidationException", "PendingWindowInDays must be between 7 and 30 (inclusive).");
    }
    // A primary key outlives its replicas: its window opens when the last of them is gone.
    if (replicasLeft(key)) {
      putKey({ ...key, state: "PendingReplicaDeletion", pendingWindowDays: PendingWindowInDays }, ctx);
      return { KeyId: key.arn, KeyState: "PendingReplicaDeletion" as const, PendingWindowInDays };
    }
    const deletionDate = startWindow(key, PendingWindowInDays, ctx);
    return {
      KeyId: key.arn,
      DeletionDate: new Date(deletionDate),
      KeyState: "PendingDeletion" as const,
      PendingWindowInDays,
    };
  },
});

/** Opens the waiting period of a key; when it ends. */
export function startWindow(key: KeyRow, days: number, ctx: Context): number {
  const deletionDate = ctx.clock.now() + days * dayMs;
  putKey({ ...key, state: "PendingDeletion", deletionDate, pendingWindowDays: days }, ctx);
  ctx.timers.set(key.keyId, "deleteKey", deletionDate, {
    account: key.account,
    region: key.region,
    keyId: key.keyId,
  });
  return deletionDate;
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CancelKeyDeletion.html */
export const cancelKeyDeletion = kms.operation("CancelKeyDeletion", {
  access: onKey("CancelKeyDeletion"),
  async handle({ KeyId }, ctx) {
    const key = await findKeyById(KeyId, ctx);
    if (key.state !== "PendingDeletion" && key.state !== "PendingReplicaDeletion") {
      throw ctx.error("KMSInvalidStateException", `${key.arn} is not pending deletion.`);
    }
    const { deletionDate, pendingWindowDays: _, ...rest } = key;
    if (deletionDate !== undefined) ctx.timers.cancel(key.keyId, deletionDate);
    const hasMaterial = key.currentMaterial !== undefined;
    putKey({ ...rest, state: hasMaterial ? "Disabled" : "PendingImport" }, ctx);
    return { KeyId: key.arn };
  },
});

interface DeletePayload {
  account: string;
  region: string;
  keyId: string;
}

/** The waiting period has ended: the key goes, with its material, aliases and grants. */
export async function deleteKey({ account, region, keyId }: DeletePayload, ctx: Context): Promise<void> {
  const key = await keys.get(ctx.tx, account, region, keyId);
  if (key?.state !== "PendingDeletion" || (key.deletionDate ?? 0) > ctx.clock.now()) return;
  for (const { key: row } of await imports.list(ctx.tx, [account, region, keyId]))
    imports.delete(ctx.tx, ...row);
  for (const { key: row, row: grant } of await grants.list(ctx.tx, [account, region, keyId])) {
    grants.delete(ctx.tx, ...row);
    retirable.delete(ctx.tx, account, region, grant.retiring ?? grant.grantee, grant.grantId);
  }
  for (const name of key.aliases) aliases.delete(ctx.tx, account, region, name);
  keys.delete(ctx.tx, account, region, keyId);
  const waiting = await forgetReplica(key, ctx);
  if (waiting !== undefined) startWindow(waiting, waiting.pendingWindowDays ?? defaultWindowDays, ctx);
  ctx.serviceEvent("DeleteKey", {
    account,
    resources: [{ accountId: account, type: keyType, ARN: key.arn }],
    serviceEventDetails: { keyId },
  });
}
