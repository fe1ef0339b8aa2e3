import type { Context } from "../../kit/context.ts";
import { pageOfList } from "../../kit/paging.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPendingDeletion, usable } from "./find.ts";
import { keyType, putKey } from "./make.ts";
import { materialOf, newMaterial, withMaterial } from "./material.ts";
import { regionsOf, siblings } from "./multiRegion.ts";
import { kmsPage } from "./pages.ts";
import { endRotation, setRotation } from "./rotationTimer.ts";
import { type KeyRow, keys, type MaterialRow } from "./tables.ts";

/** Rotation: new material for new ciphertext, the old kept for what it encrypted. */

const defaultPeriodDays = 365;
const maxOnDemandRotations = 10;

type RotationErrors = "UnsupportedOperationException" | "KMSInvalidStateException" | "DisabledException";

/** Symmetric encryption keys rotate; of a multi-Region key, the primary does, and takes its replicas along. */
function rotatable(key: KeyRow, ctx: Context<"UnsupportedOperationException">): KeyRow {
  if (key.spec !== "SYMMETRIC_DEFAULT") throw ctx.error("UnsupportedOperationException", "");
  if (key.multiRegion !== undefined && key.multiRegion.primaryRegion !== key.region) {
    throw ctx.error("UnsupportedOperationException", `${key.arn} is not a multi-region primary key.`);
  }
  return key;
}

/** Keys whose material KMS makes itself. */
function ownMaterial(key: KeyRow, ctx: Context<"UnsupportedOperationException">): KeyRow {
  if (key.origin === "EXTERNAL") {
    throw ctx.error(
      "UnsupportedOperationException",
      `${key.arn} origin is EXTERNAL which is not valid for this operation.`,
    );
  }
  return rotatable(key, ctx);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_EnableKeyRotation.html */
export const enableKeyRotation = kms.operation("EnableKeyRotation", {
  access: onKey("EnableKeyRotation", ({ RotationPeriodInDays = defaultPeriodDays }) => ({
    context: { "kms:RotationPeriodInDays": String(RotationPeriodInDays) },
  })),
  async handle({ KeyId, RotationPeriodInDays = defaultPeriodDays }, ctx) {
    const key = ownMaterial(usable(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx), ctx);
    putKey(setRotation(key, RotationPeriodInDays, ctx), ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DisableKeyRotation.html */
export const disableKeyRotation = kms.operation("DisableKeyRotation", {
  access: onKey("DisableKeyRotation"),
  async handle({ KeyId }, ctx) {
    const key = ownMaterial(usable(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx), ctx);
    putKey(endRotation(key, ctx), ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyRotationStatus.html */
export const getKeyRotationStatus = kms.operation("GetKeyRotationStatus", {
  access: onKey("GetKeyRotationStatus"),
  async handle({ KeyId }, ctx) {
    const key = notPendingDeletion(await findKeyById(KeyId, ctx), ctx);
    if (key.spec !== "SYMMETRIC_DEFAULT") throw ctx.error("UnsupportedOperationException", "");
    const primary =
      key.multiRegion && (await keys.get(ctx.tx, key.account, key.multiRegion.primaryRegion, key.keyId));
    const { rotation } = primary ?? key;
    return {
      KeyId: key.arn,
      KeyRotationEnabled: rotation !== undefined,
      ...(rotation && {
        RotationPeriodInDays: rotation.periodDays,
        NextRotationDate: new Date(rotation.nextDate),
      }),
    };
  },
});

/** Makes `material` the current material of a key and of its replicas. */
async function rotate(
  key: KeyRow,
  material: MaterialRow,
  type: "AUTOMATIC" | "ON_DEMAND",
  ctx: Context,
): Promise<void> {
  const { materialId } = material;
  for (const sibling of [key, ...(await siblings(key, ctx))]) {
    const { pendingMaterial: _, ...rest } = sibling;
    // Imported material has its own expiry in each Region.
    const own = sibling.materials[materialId] ?? material;
    const rotated: MaterialRow = { ...own, rotationType: type, rotationDate: ctx.clock.now() };
    putKey(withMaterial({ ...rest, currentMaterial: materialId }, rotated), ctx);
  }
  ctx.serviceEvent("RotateKey", {
    account: key.account,
    resources: regionsOf(key).map((region) => ({
      accountId: key.account,
      type: keyType,
      ARN: key.arn.replace(`:${key.region}:`, `:${region}:`),
    })),
    serviceEventDetails: {
      keyId: key.keyId,
      rotationType: type,
      keyOrigin: key.origin,
      currentKeyMaterialId: materialId,
    },
  });
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_RotateKeyOnDemand.html */
export const rotateKeyOnDemand = kms.operation("RotateKeyOnDemand", {
  access: onKey("RotateKeyOnDemand"),
  async handle({ KeyId }, ctx) {
    const key = rotatable(usable(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx), ctx);
    const onDemandRotations = (key.onDemandRotations ?? 0) + 1;
    if (onDemandRotations > maxOnDemandRotations) {
      throw ctx.error(
        "LimitExceededException",
        `The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: ${key.arn}`,
      );
    }
    const material = key.origin === "EXTERNAL" ? await pendingOf(key, ctx) : await newMaterial(key, ctx);
    await rotate({ ...key, onDemandRotations }, material, "ON_DEMAND", ctx);
    return { KeyId: key.arn };
  },
});

/** Imported material that waits for its turn, here and with every replica. */
async function pendingOf(key: KeyRow, ctx: Context<RotationErrors>): Promise<MaterialRow> {
  const { pendingMaterial } = key;
  const material = pendingMaterial === undefined ? undefined : materialOf(key, pendingMaterial, ctx);
  const everywhere = (await siblings(key, ctx)).every(
    (sibling) => sibling.pendingMaterial === pendingMaterial,
  );
  if (material === undefined || !everywhere) {
    throw ctx.error(
      "KMSInvalidStateException",
      `No available key material pending rotation for the key: ${key.arn}.`,
    );
  }
  return material;
}

interface RotationPayload {
  account: string;
  region: string;
  keyId: string;
}

/** A key's rotation is due. One that is not enabled waits until it is. */
export async function rotateKey({ account, region, keyId }: RotationPayload, ctx: Context): Promise<void> {
  const key = await keys.get(ctx.tx, account, region, keyId);
  if (key !== undefined) await rotateIfDue(key, ctx);
}

export async function rotateIfDue(key: KeyRow, ctx: Context): Promise<void> {
  if (key.rotation === undefined || key.state !== "Enabled" || key.rotation.nextDate > ctx.clock.now())
    return;
  const next = setRotation(key, key.rotation.periodDays, ctx);
  await rotate(next, await newMaterial(key, ctx), "AUTOMATIC", ctx);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListKeyRotations.html */
export const listKeyRotations = kms.operation("ListKeyRotations", {
  access: onKey("ListKeyRotations"),
  async handle({ KeyId, IncludeKeyMaterial = "ROTATIONS_ONLY", Limit = 100, Marker }, ctx) {
    const key = await findKeyById(KeyId, ctx);
    if (key.spec !== "SYMMETRIC_DEFAULT") throw ctx.error("UnsupportedOperationException", "");
    const rows = Object.values(key.materials)
      .filter((row) => IncludeKeyMaterial === "ALL_KEY_MATERIAL" || row.rotationDate !== undefined)
      .sort((a, b) => (a.rotationDate ?? a.createDate) - (b.rotationDate ?? b.createDate));
    const { items, end } = await kmsPage(ctx, () => pageOfList(rows, Limit, Marker));
    return { Rotations: items.map((row) => describe(key, row, ctx)), ...end };
  },
});

function describe(key: KeyRow, row: MaterialRow, ctx: Context) {
  const expires = row.imported?.expires;
  const gone = row.secret === "" || (expires !== undefined && expires <= ctx.clock.now());
  return {
    KeyId: key.arn,
    KeyMaterialId: row.materialId,
    KeyMaterialState:
      row.materialId === key.currentMaterial
        ? ("CURRENT" as const)
        : row.materialId === key.pendingMaterial
          ? ("PENDING_ROTATION" as const)
          : ("NON_CURRENT" as const),
    ...(row.description !== undefined && { KeyMaterialDescription: row.description }),
    ...(row.imported && {
      ImportState: gone ? ("PENDING_IMPORT" as const) : ("IMPORTED" as const),
      ...(!gone && {
        ExpirationModel:
          expires === undefined
            ? ("KEY_MATERIAL_DOES_NOT_EXPIRE" as const)
            : ("KEY_MATERIAL_EXPIRES" as const),
        ...(expires !== undefined && { ValidTo: new Date(expires) }),
      }),
    }),
    ...(row.rotationDate !== undefined && {
      RotationDate: new Date(row.rotationDate),
      RotationType: row.rotationType,
    }),
  };
}
