import type { KeyMetadata } from "@aws-sdk/client-kms";
import type { Context } from "../../kit/context.ts";
import { keyArn } from "./make.ts";
import { materialOf } from "./material.ts";
import { algorithmsOf } from "./specs.ts";
import type { KeyRow } from "./tables.ts";

/** A key as DescribeKey shows it. */
export function describe(key: KeyRow, ctx: Context): KeyMetadata {
  const algorithms = [...algorithmsOf(key.spec, key.usage)];
  const material = key.currentMaterial === undefined ? undefined : materialOf(key, key.currentMaterial, ctx);
  return {
    AWSAccountId: key.account,
    KeyId: key.keyId,
    Arn: key.arn,
    CreationDate: new Date(key.createDate),
    Enabled: key.state === "Enabled",
    Description: key.description,
    KeyUsage: key.usage,
    KeyState: key.state,
    Origin: key.origin,
    KeyManager: key.manager,
    CustomerMasterKeySpec: key.spec as KeyMetadata["CustomerMasterKeySpec"],
    KeySpec: key.spec,
    MultiRegion: key.multiRegion !== undefined,
    ...(key.deletionDate !== undefined &&
      key.state === "PendingDeletion" && { DeletionDate: new Date(key.deletionDate) }),
    ...(key.state === "PendingReplicaDeletion" && { PendingDeletionWindowInDays: key.pendingWindowDays }),
    ...(key.usage === "ENCRYPT_DECRYPT" && {
      EncryptionAlgorithms: algorithms as KeyMetadata["EncryptionAlgorithms"],
    }),
    ...(key.usage === "SIGN_VERIFY" && { SigningAlgorithms: algorithms as KeyMetadata["SigningAlgorithms"] }),
    ...(key.usage === "GENERATE_VERIFY_MAC" && { MacAlgorithms: algorithms as KeyMetadata["MacAlgorithms"] }),
    ...(key.usage === "KEY_AGREEMENT" && {
      KeyAgreementAlgorithms: algorithms as KeyMetadata["KeyAgreementAlgorithms"],
    }),
    ...(key.multiRegion && { MultiRegionConfiguration: multiRegionOf(key, key.multiRegion) }),
    ...(material?.imported && expirationOf(material.imported.expires)),
    ...(key.spec === "SYMMETRIC_DEFAULT" &&
      key.currentMaterial !== undefined && { CurrentKeyMaterialId: key.currentMaterial }),
  };
}

function multiRegionOf(key: KeyRow, { primaryRegion, replicaRegions }: NonNullable<KeyRow["multiRegion"]>) {
  const at = (Region: string) => ({ Arn: keyArn(key.account, Region, key.keyId), Region });
  return {
    MultiRegionKeyType: primaryRegion === key.region ? ("PRIMARY" as const) : ("REPLICA" as const),
    PrimaryKey: at(primaryRegion),
    ReplicaKeys: replicaRegions.map(at),
  };
}

function expirationOf(expires: number | undefined) {
  return expires === undefined
    ? { ExpirationModel: "KEY_MATERIAL_DOES_NOT_EXPIRE" as const }
    : { ExpirationModel: "KEY_MATERIAL_EXPIRES" as const, ValidTo: new Date(expires) };
}
