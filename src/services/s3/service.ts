import { defineService, operationsIn } from "../../kit/service.ts";
import { deliverAccessLogs, noteAccess } from "./accessLogs.ts";
import * as acl from "./acl.ts";
import * as attributes from "./attributes.ts";
import * as bucketEncryption from "./bucketEncryption.ts";
import * as bucketPolicy from "./bucketPolicy.ts";
import * as buckets from "./buckets.ts";
import * as complete from "./complete.ts";
import * as copy from "./copy.ts";
import * as cors from "./cors.ts";
import * as remove from "./delete.ts";
import { refusesInput } from "./errors.ts";
import { eventNames } from "./eventNames.ts";
import * as get from "./get.ts";
import { runInventory } from "./inventory.ts";
import * as lifecycle from "./lifecycle.ts";
import { runLifecycle } from "./lifecycleRun.ts";
import * as listedConfigurations from "./listedConfigurations.ts";
import * as listObjects from "./listObjects.ts";
import * as listVersions from "./listVersions.ts";
import { missing } from "./missing.ts";
import * as notifications from "./notifications.ts";
import { notify } from "./notify.ts";
import * as objectLock from "./objectLock.ts";
import * as ownership from "./ownership.ts";
import * as parts from "./parts.ts";
import { postObject } from "./postObject.ts";
import * as publicAccess from "./publicAccess.ts";
import * as put from "./put.ts";
import * as reencrypt from "./reencrypt.ts";
import { replicate } from "./replicate.ts";
import * as replication from "./replication.ts";
import * as restore from "./restore.ts";
import * as settings from "./settings.ts";
import * as tagging from "./tagging.ts";
import * as uploads from "./uploads.ts";
import * as versioning from "./versioning.ts";
import { website } from "./website.ts";

/** Simple Storage Service: buckets, and the objects in them. */
export default defineService({
  name: "s3",
  eventSource: "s3.amazonaws.com",
  operations: [
    buckets,
    put,
    get,
    remove,
    copy,
    attributes,
    listObjects,
    listVersions,
    uploads,
    parts,
    complete,
    tagging,
    acl,
    versioning,
    bucketPolicy,
    publicAccess,
    ownership,
    objectLock,
    bucketEncryption,
    reencrypt,
    settings,
    listedConfigurations,
    replication,
    cors,
    lifecycle,
    restore,
    notifications,
  ].flatMap(operationsIn),
  eventNames,
  missing,
  refusesInput,
  endpoint: website,
  crossOrigin: cors.crossOrigin,
  formUpload: postObject,
  noted: noteAccess,
  timers: {
    deliverAccessLogs,
    inventory: runInventory,
    lifecycle: runLifecycle,
    restored: restore.restored,
    restoreOver: restore.restoreOver,
  },
  deliveries: { notify: { settle: notify }, replicate: { settle: replicate } },
});
