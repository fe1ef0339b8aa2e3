import { createHash, generateKeyPair, randomBytes } from "node:crypto";
import { promisify } from "node:util";
import type { Context } from "../../kit/context.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { customersOwn, findKeyById, notPendingDeletion } from "./find.ts";
import { importable } from "./importable.ts";
import { keyType, putKey } from "./make.ts";
import { materialIdOf, withMaterial } from "./material.ts";
import { type ImportRow, imports, type KeyRow, keys, type MaterialRow } from "./tables.ts";
import { unwrap, wrappingAlgorithms } from "./unwrap.ts";

/**
 * Keys whose material comes from outside.
 * https://docs.aws.amazon.com/kms/latest/developerguide/importing-keys.html
 */

const generate = promisify(generateKeyPair);
const dayMs = 86_400_000;
const tokenBytes = 256;

/** The import token is a secret of its holder: the table knows it by its hash. */
function tokenId(token: Buffer): string {
  return createHash("sha256").update(token).digest("hex");
}

function external(key: KeyRow, ctx: Context<"UnsupportedOperationException">): KeyRow {
  if (key.origin !== "EXTERNAL") {
    throw ctx.error(
      "UnsupportedOperationException",
      `${key.arn} origin is ${key.origin} which is not valid for this operation.`,
    );
  }
  return key;
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_GetParametersForImport.html */
export const getParametersForImport = kms.operation("GetParametersForImport", {
  access: onKey("GetParametersForImport", ({ WrappingAlgorithm, WrappingKeySpec }) => ({
    context: { "kms:WrappingAlgorithm": WrappingAlgorithm, "kms:WrappingKeySpec": WrappingKeySpec },
  })),
  async handle({ KeyId, WrappingAlgorithm, WrappingKeySpec }, ctx) {
    const key = external(notPendingDeletion(await findKeyById(KeyId, ctx), ctx), ctx);
    const bits = /^RSA_(\d{4})$/.exec(WrappingKeySpec)?.[1];
    if (bits === undefined || !wrappingAlgorithms.has(WrappingAlgorithm)) {
      throw ctx.error(
        "UnsupportedOperationException",
        `${WrappingAlgorithm} with ${WrappingKeySpec} is not supported.`,
      );
    }
    const { privateKey, publicKey } = await generate("rsa", { modulusLength: Number(bits) });
    const ImportToken = randomBytes(tokenBytes);
    const validTo = ctx.clock.now() + dayMs;
    for (const { key: at, row } of await imports.list(ctx.tx, [key.account, key.region, key.keyId])) {
      if (row.validTo <= ctx.clock.now()) imports.delete(ctx.tx, ...at);
    }
    imports.put(ctx.tx, [key.account, key.region, key.keyId, tokenId(ImportToken)], {
      keyId: key.keyId,
      algorithm: WrappingAlgorithm,
      privateKey: privateKey.export({ format: "der", type: "pkcs8" }).toString("base64"),
      validTo,
    });
    return {
      KeyId: key.arn,
      ImportToken,
      PublicKey: publicKey.export({ format: "der", type: "spki" }),
      ParametersValidTo: new Date(validTo),
    };
  },
  record: { readOnly: true },
});

/** What the token promised; tokens live for a day. */
async function parametersOf(
  token: Buffer,
  key: KeyRow,
  ctx: Context<"InvalidImportTokenException" | "ExpiredImportTokenException">,
): Promise<ImportRow> {
  const row = await imports.get(ctx.tx, key.account, key.region, key.keyId, tokenId(token));
  if (row === undefined) throw ctx.error("InvalidImportTokenException", "");
  if (row.validTo <= ctx.clock.now()) throw ctx.error("ExpiredImportTokenException", "");
  return row;
}

interface Expiration {
  ExpirationModel?: string | undefined;
  ValidTo?: Date | undefined;
}

/** ms since the epoch at which the material expires; undefined if it does not. */
function expiryOf(
  { ExpirationModel = "KEY_MATERIAL_EXPIRES", ValidTo }: Expiration,
  ctx: Context,
): number | undefined {
  if (ExpirationModel !== "KEY_MATERIAL_EXPIRES") {
    if (ValidTo === undefined) return undefined;
    throw ctx.error(
      "ValidationException",
      "A validTo date cannot be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
    );
  }
  if (ValidTo === undefined) {
    throw ctx.error(
      "ValidationException",
      "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
    );
  }
  if (ValidTo.getTime() <= ctx.clock.now() || ValidTo.getTime() > ctx.clock.now() + 365 * dayMs) {
    throw ctx.error("ValidationException", "The validTo date must be in the future, and within 365 days.");
  }
  return ValidTo.getTime();
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ImportKeyMaterial.html */
export const importKeyMaterial = kms.operation("ImportKeyMaterial", {
  access: onKey("ImportKeyMaterial", ({ ExpirationModel, ValidTo }) => ({
    context: {
      "kms:ExpirationModel": ExpirationModel ?? "KEY_MATERIAL_EXPIRES",
      "kms:ValidTo": ValidTo?.toISOString(),
    },
  })),
  async handle(input, ctx) {
    const key = external(
      notPendingDeletion(customersOwn(await findKeyById(input.KeyId, ctx), ctx), ctx),
      ctx,
    );
    const expires = expiryOf(input, ctx);
    const parameters = await parametersOf(input.ImportToken, key, ctx);
    const bytes = unwrap(parameters, input.EncryptedKeyMaterial);
    if (bytes === undefined) throw ctx.error("InvalidCiphertextException", "");
    const material = importable(key.spec, bytes);
    if (material === undefined) throw ctx.error("IncorrectKeyMaterialException", "");
    const materialId = materialIdOf(key.keyId, material.secret);
    if (input.KeyMaterialId !== undefined && input.KeyMaterialId !== materialId) {
      throw ctx.error("IncorrectKeyMaterialException", "");
    }
    const known = key.materials[materialId];
    const place = placeOf(key, materialId, known, input.ImportType, ctx);
    const row: MaterialRow = {
      ...(known ?? { materialId, createDate: ctx.clock.now() }),
      secret: material.secret.toString("base64"),
      ...(material.publicKey && { publicKey: material.publicKey.toString("base64") }),
      ...(input.KeyMaterialDescription !== undefined && { description: input.KeyMaterialDescription }),
      imported: expires === undefined ? {} : { expires },
    };
    if (expires !== undefined) {
      ctx.timers.set(`expire/${key.keyId}/${materialId}`, "expireMaterial", expires, {
        account: key.account,
        region: key.region,
        keyId: key.keyId,
        materialId,
      });
    }
    putKey(withState(withMaterial({ ...key, ...place }, row)), ctx);
    return { KeyId: key.arn, KeyMaterialId: materialId };
  },
});

/**
 * Where imported material belongs: the first becomes the key's own, further new material waits for a rotation
 * (symmetric keys only), and what the key had before is restored.
 */
function placeOf(
  key: KeyRow,
  materialId: string,
  known: MaterialRow | undefined,
  importType: string | undefined,
  ctx: Context<"IncorrectKeyMaterialException" | "KMSInvalidStateException">,
): Pick<KeyRow, "currentMaterial" | "pendingMaterial"> {
  if (known !== undefined) return {};
  if (key.currentMaterial === undefined) return { currentMaterial: materialId };
  if (importType !== "NEW_KEY_MATERIAL" || key.spec !== "SYMMETRIC_DEFAULT") {
    throw ctx.error("IncorrectKeyMaterialException", "");
  }
  if (key.pendingMaterial !== undefined) {
    throw ctx.error(
      "KMSInvalidStateException",
      `New key material (id: ${materialId}) cannot be imported into KMS key ${key.arn}, because another key material (id: ${key.pendingMaterial}) is pending rotation.`,
    );
  }
  return { pendingMaterial: materialId };
}

/** The key in the state that its materials put it in: it waits for import while any that it used is gone. */
function withState(key: KeyRow): KeyRow {
  if (key.state !== "PendingImport" && key.state !== "Enabled" && key.state !== "Disabled") return key;
  const used = Object.values(key.materials).filter((row) => row.materialId !== key.pendingMaterial);
  if (used.some((row) => row.secret === "") || key.currentMaterial === undefined)
    return { ...key, state: "PendingImport" };
  return key.state === "PendingImport" ? { ...key, state: "Enabled" } : key;
}

/** Takes material away, but not the memory of which it was: only the same may come back. */
function dropMaterial(key: KeyRow, row: MaterialRow, ctx: Context): void {
  if (row.materialId === key.pendingMaterial) {
    const { pendingMaterial: _, ...rest } = key;
    const { [row.materialId]: __, ...materials } = key.materials;
    putKey({ ...rest, materials }, ctx);
    return;
  }
  const { publicKey: _, ...kept } = row;
  putKey(withState(withMaterial(key, { ...kept, secret: "", imported: {} })), ctx);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_DeleteImportedKeyMaterial.html */
export const deleteImportedKeyMaterial = kms.operation("DeleteImportedKeyMaterial", {
  access: onKey("DeleteImportedKeyMaterial"),
  async handle({ KeyId, KeyMaterialId }, ctx) {
    const key = external(notPendingDeletion(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx), ctx);
    const materialId = KeyMaterialId ?? key.currentMaterial;
    const row = materialId === undefined ? undefined : key.materials[materialId];
    if (KeyMaterialId !== undefined && row === undefined) {
      throw ctx.error("NotFoundException", `Key material ${KeyMaterialId} does not exist`);
    }
    if (row !== undefined) dropMaterial(key, row, ctx);
    return { KeyId: key.arn, ...(materialId !== undefined && { KeyMaterialId: materialId }) };
  },
});

interface ExpiryPayload {
  account: string;
  region: string;
  keyId: string;
  materialId: string;
}

/** The clock has reached the end of imported material. */
export async function expireMaterial(
  { account, region, keyId, materialId }: ExpiryPayload,
  ctx: Context,
): Promise<void> {
  const key = await keys.get(ctx.tx, account, region, keyId);
  const row = key?.materials[materialId];
  const expires = row?.imported?.expires;
  if (key === undefined || row === undefined || expires === undefined || expires > ctx.clock.now()) return;
  dropMaterial(key, row, ctx);
  ctx.serviceEvent("DeleteExpiredKeyMaterial", {
    account,
    resources: [{ accountId: account, type: keyType, ARN: key.arn }],
    serviceEventDetails: { keyId, keyMaterialId: materialId },
  });
}
