import { defineService, operationsIn } from "../../kit/service.ts";
import * as agreement from "./agreement.ts";
import * as aliases from "./aliases.ts";
import * as dataKeys from "./dataKeys.ts";
import * as deletion from "./deletion.ts";
import * as encryption from "./encryption.ts";
import * as grants from "./grants.ts";
import * as imported from "./imported.ts";
import * as keys from "./keys.ts";
import * as lastUsage from "./lastUsage.ts";
import * as macs from "./macs.ts";
import { missing } from "./missing.ts";
import * as multiRegion from "./multiRegion.ts";
import * as policies from "./policies.ts";
import * as rotation from "./rotation.ts";
import * as signing from "./signing.ts";
import * as states from "./states.ts";
import * as tags from "./tags.ts";

/** Key Management Service: keys that never leave it, and what may be done with them. */
export default defineService({
  name: "kms",
  eventSource: "kms.amazonaws.com",
  operations: [
    keys,
    states,
    tags,
    policies,
    aliases,
    deletion,
    encryption,
    dataKeys,
    signing,
    macs,
    agreement,
    grants,
    rotation,
    imported,
    multiRegion,
    lastUsage,
  ].flatMap(operationsIn),
  missing,
  timers: {
    deleteKey: deletion.deleteKey,
    rotateKey: rotation.rotateKey,
    expireMaterial: imported.expireMaterial,
  },
});
