import { defineService } from "../../kit/service.ts";
import { deriveSharedSecret } from "./agreement.ts";
import { createAlias, deleteAlias, listAliases, updateAlias } from "./aliases.ts";
import {
  generateDataKey,
  generateDataKeyPair,
  generateDataKeyPairWithoutPlaintext,
  generateDataKeyWithoutPlaintext,
  generateRandom,
} from "./dataKeys.ts";
import { cancelKeyDeletion, deleteKey, scheduleKeyDeletion } from "./deletion.ts";
import { decrypt, encrypt, reEncrypt } from "./encryption.ts";
import { createGrant, listGrants, listRetirableGrants, retireGrant, revokeGrant } from "./grants.ts";
import {
  deleteImportedKeyMaterial,
  expireMaterial,
  getParametersForImport,
  importKeyMaterial,
} from "./imported.ts";
import { createKey, describeKey, listKeys, updateKeyDescription } from "./keys.ts";
import { getKeyLastUsage } from "./lastUsage.ts";
import { generateMac, verifyMac } from "./macs.ts";
import { missing } from "./missing.ts";
import { replicateKey, updatePrimaryRegion } from "./multiRegion.ts";
import { getKeyPolicy, listKeyPolicies, putKeyPolicy } from "./policies.ts";
import {
  disableKeyRotation,
  enableKeyRotation,
  getKeyRotationStatus,
  listKeyRotations,
  rotateKey,
  rotateKeyOnDemand,
} from "./rotation.ts";
import { getPublicKey, sign, verify } from "./signing.ts";
import { disableKey, enableKey } from "./states.ts";
import { listResourceTags, tagResource, untagResource } from "./tags.ts";

/** Key Management Service: keys that never leave it, and what may be done with them. */
export default defineService({
  name: "kms",
  eventSource: "kms.amazonaws.com",
  operations: [
    createKey,
    describeKey,
    listKeys,
    updateKeyDescription,

    enableKey,
    disableKey,

    tagResource,
    untagResource,
    listResourceTags,

    getKeyPolicy,
    putKeyPolicy,
    listKeyPolicies,

    createAlias,
    updateAlias,
    deleteAlias,
    listAliases,

    scheduleKeyDeletion,
    cancelKeyDeletion,

    encrypt,
    decrypt,
    reEncrypt,

    generateDataKey,
    generateDataKeyWithoutPlaintext,
    generateDataKeyPair,
    generateDataKeyPairWithoutPlaintext,
    generateRandom,

    sign,
    verify,
    getPublicKey,

    generateMac,
    verifyMac,

    deriveSharedSecret,

    createGrant,
    listGrants,
    listRetirableGrants,
    revokeGrant,
    retireGrant,

    enableKeyRotation,
    disableKeyRotation,
    getKeyRotationStatus,
    rotateKeyOnDemand,
    listKeyRotations,

    getParametersForImport,
    importKeyMaterial,
    deleteImportedKeyMaterial,

    replicateKey,
    updatePrimaryRegion,

    getKeyLastUsage,
  ],
  missing,
  timers: { deleteKey, rotateKey, expireMaterial },
});
