import type { Event, EventBridgeConfiguration, NotificationConfigurationFilter } from "@aws-sdk/client-s3";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { deliver, isRetriable, retryDelayMs } from "../../kit/targets.ts";
import { uriEncoded } from "./encodeKey.ts";
import { bucketArn, canonicalId } from "./names.ts";
import type { BucketRow, ObjectRow } from "./tables.ts";

/**
 * Tells those that a bucket's configuration names of what happened to an object.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/ev-events.html
 */

const maxAttempts = 10;

/** One target of a configuration: `arn` of its queue, topic or function. */
export interface Destination {
  kind: "Queue" | "Topic" | "CloudFunction";
  arn: string;
  id: string;
  events: readonly string[];
  filter: NotificationConfigurationFilter | undefined;
}

export function destinationsOf({ notifications = {} }: Pick<BucketRow, "notifications">): Destination[] {
  const {
    QueueConfigurations = [],
    TopicConfigurations = [],
    LambdaFunctionConfigurations = [],
  } = notifications;
  const made = (
    kind: Destination["kind"],
    arn: string | undefined,
    {
      Id,
      Events,
      Filter,
    }: {
      Id?: string | undefined;
      Events: Event[] | undefined;
      Filter?: NotificationConfigurationFilter | undefined;
    },
  ) => ({
    kind,
    arn: arn ?? "",
    id: Id ?? "",
    events: Events ?? [],
    filter: Filter,
  });
  return [
    ...QueueConfigurations.map((one) => made("Queue", one.QueueArn, one)),
    ...TopicConfigurations.map((one) => made("Topic", one.TopicArn, one)),
    ...LambdaFunctionConfigurations.map((one) => made("CloudFunction", one.LambdaFunctionArn, one)),
  ];
}

/** `what`: "ObjectCreated:Put", as configurations name it behind "s3:". */
export function announce(
  bucket: BucketRow,
  what: string,
  key: string,
  row: ObjectRow,
  ctx: Context,
  more: object = {},
): void {
  if (bucket.notifications === undefined) return;
  const bridge: EventBridgeConfiguration | undefined = bucket.notifications.EventBridgeConfiguration;
  if (bridge !== undefined) toBridge(bucket, what, key, row, ctx);
  for (const { arn, id, events, filter } of destinationsOf(bucket)) {
    if (!events.some((event) => fits(event, what)) || !passes(filter, key)) continue;
    const record = { ...recordOf(bucket, what, key, row, id, ctx), ...more };
    const payload = {
      arn,
      body: JSON.stringify({ Records: [record] }),
      bucket: bucket.name,
      account: bucket.account,
    };
    ctx.outbox.put("notify", payload, { account: bucket.account, region: bucket.region });
  }
}

function fits(event: string, what: string): boolean {
  const named = event.replace(/^s3:/, "");
  return named.endsWith("*") ? what.startsWith(named.slice(0, -1)) : named === what;
}

function passes(filter: NotificationConfigurationFilter | undefined, key: string): boolean {
  return (filter?.Key?.FilterRules ?? []).every(({ Name, Value = "" }) =>
    Name?.toLowerCase() === "prefix" ? key.startsWith(Value) : key.endsWith(Value),
  );
}

function recordOf(
  bucket: BucketRow,
  what: string,
  key: string,
  row: ObjectRow,
  id: string,
  ctx: Context,
): object {
  return {
    eventVersion: versionOf(what),
    eventSource: "aws:s3",
    awsRegion: bucket.region,
    eventTime: new Date(ctx.clock.now()).toISOString(),
    eventName: what,
    userIdentity: { principalId: principalId(bucket, ctx) },
    // What S3 does of its own accord comes from this machine.
    requestParameters: { sourceIPAddress: ctx.request.sourceIp || "127.0.0.1" },
    responseElements: { "x-amz-request-id": ctx.requestId, "x-amz-id-2": ctx.requestId },
    s3: {
      s3SchemaVersion: "1.0",
      configurationId: id,
      bucket: {
        name: bucket.name,
        ownerIdentity: { principalId: canonicalId(bucket.account) },
        arn: bucketArn(bucket.name),
      },
      object: {
        key: uriEncoded(key),
        ...(!isRemoval(what) && { eTag: row.etag }),
        ...(!isRemoval(what) && !isOfSetting(what) && { size: row.size }),
        ...(what.endsWith("DeleteMarkerCreated") && { eTag: "d41d8cd98f00b204e9800998ecf8427e" }),
        ...(bucket.versioning !== undefined && row.versionId !== "null" && { versionId: row.versionId }),
        ...(!isOfSetting(what) && { sequencer: sequencerOf(row) }),
      },
    },
    ...(what === "ObjectRestore:Completed" && {
      glacierEventData: {
        restoreEventData: {
          lifecycleRestorationExpiryTime: restoredUntil(row),
          lifecycleRestoreStorageClass: row.storageClass,
        },
      },
    }),
  };
}

/** https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
function versionOf(what: string): string {
  if (isOfSetting(what)) return "2.3";
  return what.startsWith("Replication") ? "2.2" : "2.1";
}

/** What S3 does of its own accord is done by the bucket's owner. */
function principalId(bucket: BucketRow, { caller }: Context): string {
  const { kind, userId } = caller.principal;
  return kind === "service"
    ? `AmazonCustomer:${canonicalId(bucket.account)}`
    : `AWS:${userId || "ANONYMOUS"}`;
}

function restoredUntil({ restore }: ObjectRow): string {
  return new Date(restore?.untilMs ?? 0).toISOString();
}

function isRemoval(what: string): boolean {
  return what.startsWith("ObjectRemoved") || what.startsWith("LifecycleExpiration");
}

/** Of tags and grants: nothing about the order of versions, nor the size. */
function isOfSetting(what: string): boolean {
  return what.startsWith("ObjectTagging") || what.startsWith("ObjectAcl");
}

/** Of where an object is stored, not of its versions. */
function isOfStorage(what: string): boolean {
  return what.startsWith("ObjectRestore") || what === "LifecycleTransition";
}

/** Orders the events of one key: later versions have larger sequencers. */
function sequencerOf({ order }: ObjectRow): string {
  return (9_000_000_000_000_000 - Number(order)).toString(16).toUpperCase().padStart(18, "0");
}

/** How events are named for EventBridge, and the reason in their detail. */
const bridgeNames: [prefix: string, detailType: string, reason?: string][] = [
  ["ObjectCreated:Put", "Object Created", "PutObject"],
  ["ObjectCreated:Post", "Object Created", "POST Object"],
  ["ObjectCreated:Copy", "Object Created", "CopyObject"],
  ["ObjectCreated:CompleteMultipartUpload", "Object Created", "CompleteMultipartUpload"],
  ["ObjectRemoved:", "Object Deleted", "DeleteObject"],
  ["LifecycleExpiration:", "Object Deleted", "Lifecycle Expiration"],
  ["ObjectTagging:Put", "Object Tags Added"],
  ["ObjectTagging:Delete", "Object Tags Deleted"],
  ["ObjectAcl:Put", "Object ACL Updated"],
  ["ObjectRestore:Post", "Object Restore Initiated"],
  ["ObjectRestore:Completed", "Object Restore Completed"],
  ["ObjectRestore:Delete", "Object Restore Expired"],
  ["LifecycleTransition", "Object Storage Class Changed"],
];

function toBridge(bucket: BucketRow, what: string, key: string, row: ObjectRow, ctx: Context): void {
  const [, detailType, reason] = bridgeNames.find(([prefix]) => what.startsWith(prefix)) ?? [];
  if (detailType === undefined) return;
  const isDeletion = detailType === "Object Deleted";
  const { account } = ctx.caller.principal;
  ctx.emit({
    source: "aws.s3",
    detailType,
    resources: [bucketArn(bucket.name)],
    account: bucket.account,
    region: bucket.region,
    detail: {
      version: "0",
      bucket: { name: bucket.name },
      object: {
        key,
        ...(!isDeletion && !isOfSetting(what) && { size: row.size }),
        ...(!isDeletion && { etag: row.etag }),
        ...(bucket.versioning !== undefined && row.versionId !== "null" && { "version-id": row.versionId }),
        ...(!isOfSetting(what) && !isOfStorage(what) && { sequencer: sequencerOf(row) }),
      },
      "request-id": ctx.requestId,
      requester: account || "s3.amazonaws.com",
      ...(ctx.caller.principal.kind !== "service" && { "source-ip-address": ctx.request.sourceIp }),
      ...(what.startsWith("ObjectRestore") && { "source-storage-class": row.storageClass }),
      ...(what === "ObjectRestore:Completed" && {
        "restore-expiry-time": restoredUntil(row).replace(".000Z", "Z"),
      }),
      ...(what === "LifecycleTransition" && { "destination-storage-class": row.storageClass }),
      ...(reason !== undefined && { reason }),
      ...(isDeletion && {
        "deletion-type": what.endsWith("DeleteMarkerCreated")
          ? "Delete Marker Created"
          : "Permanently Deleted",
      }),
    },
  });
}

interface Delivery {
  arn: string;
  body: string;
  bucket: string;
  account: string;
  attempts?: number;
}

/** Hands a record to its target, as S3 itself; the target's own policy decides. */
export async function notify(payload: Delivery, ctx: Context): Promise<void> {
  const { arn, body, bucket, account, attempts = 1 } = payload;
  const as = servicePrincipal("s3.amazonaws.com", { sourceArn: bucketArn(bucket), sourceAccount: account });
  try {
    await deliver(ctx, { arn, subject: "Amazon S3 Notification" }, body, as);
  } catch (error) {
    // What the target refuses it will refuse again: the record of the refused call tells.
    if (!(error instanceof AwsError) || !isRetriable(error) || attempts >= maxAttempts) {
      if (error instanceof AwsError) return;
      throw error;
    }
    ctx.outbox.put("notify", { ...payload, attempts: attempts + 1 }, { delayMs: retryDelayMs(attempts) });
  }
}
