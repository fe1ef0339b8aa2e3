import { table } from "../../kit/table.ts";
import type { KeySpec, KeyUsage } from "./specs.ts";

/** KMS's tables, by account and Region. Rows are sealed like all others, key material with them. */

export interface KeyRow {
  keyId: string;
  arn: string;
  account: string;
  region: string;
  /** ms since the epoch, as all times in rows. */
  createDate: number;
  description: string;
  usage: KeyUsage;
  spec: KeySpec;
  origin: "AWS_KMS" | "EXTERNAL";
  manager: "CUSTOMER" | "AWS";
  state: "Enabled" | "Disabled" | "PendingDeletion" | "PendingImport" | "PendingReplicaDeletion";
  deletionDate?: number;
  pendingWindowDays?: number;
  policy: string;
  tags: Record<string, string>;
  multiRegion?: { primaryRegion: string; replicaRegions: string[] };
  /** All its material, by id: with the key, as every use of a key needs some. */
  materials: Readonly<Record<string, MaterialRow>>;
  /** Material that encrypts and signs now; undefined until the first import. */
  currentMaterial?: string;
  /** Imported, and waiting for RotateKeyOnDemand. */
  pendingMaterial?: string;
  rotation?: { periodDays: number; nextDate: number };
  onDemandRotations?: number;
  aliases: string[];
  /** How many grants the key has: a call looks for one only if there are any. */
  grantCount: number;
}

export interface MaterialRow {
  materialId: string;
  /** Secret bytes, or the private key as PKCS #8 DER (ML-DSA: the seed), in base64; "" once deleted or expired. */
  secret: string;
  /** Public key as SPKI DER, in base64. */
  publicKey?: string;
  createDate: number;
  rotationType?: "AUTOMATIC" | "ON_DEMAND";
  rotationDate?: number;
  description?: string;
  imported?: { expires?: number };
}

export interface AliasRow {
  aliasName: string;
  keyId: string;
  createDate: number;
  updateDate: number;
}

export interface GrantRow {
  grantId: string;
  keyId: string;
  keyArn: string;
  grantee: string;
  retiring?: string;
  issuingAccount: string;
  operations: string[];
  constraints?: { equals?: Record<string, string>; subset?: Record<string, string>; sourceArn?: string };
  name?: string;
  createDate: number;
}

/** What GetParametersForImport promised: the private half of the wrapping key, until it expires. */
export interface ImportRow {
  keyId: string;
  algorithm: string;
  /** PKCS #8 DER in base64. */
  privateKey: string;
  validTo: number;
}

type Scope = [account: string, region: string];

export const keys = table<KeyRow, [...Scope, keyId: string]>("kms", "keys");
export const aliases = table<AliasRow, [...Scope, aliasName: string]>("kms", "aliases");
export const grants = table<GrantRow, [...Scope, keyId: string, grantId: string]>("kms", "grants");
/** Grants by the principal that may retire them. */
export const retirable = table<{ keyId: string }, [...Scope, principal: string, grantId: string]>(
  "kms",
  "retirable",
);
export const imports = table<ImportRow, [...Scope, keyId: string, token: string]>("kms", "imports");
