import type { LifecycleRule, StorageClass } from "@aws-sdk/client-s3";
import { afterDays, covers, type Lifecycle } from "./lifecycleRules.ts";
import type { ObjectRow } from "./tables.ts";

/**
 * Where lifecycle rules move objects: only ever down this list.
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/lifecycle-transition-general-considerations.html
 */
const classes: readonly StorageClass[] = [
  "STANDARD",
  "REDUCED_REDUNDANCY",
  "STANDARD_IA",
  "INTELLIGENT_TIERING",
  "ONEZONE_IA",
  "GLACIER_IR",
  "GLACIER",
  "DEEP_ARCHIVE",
];

/** Smaller objects are moved only by rules that speak of sizes. */
const minimumBytes = 128 * 1024;

function isLargeEnough(
  rule: LifecycleRule,
  to: StorageClass,
  size: number,
  { minimumSize }: Lifecycle,
): boolean {
  const { Filter } = rule;
  const sizes = [
    Filter?.ObjectSizeGreaterThan,
    Filter?.ObjectSizeLessThan,
    Filter?.And?.ObjectSizeGreaterThan,
    Filter?.And?.ObjectSizeLessThan,
  ];
  if (size >= minimumBytes || sizes.some((one) => one !== undefined)) return true;
  return minimumSize === "varies_by_storage_class" && (to === "GLACIER" || to === "DEEP_ARCHIVE");
}

type Due = (rule: LifecycleRule) => (StorageClass | undefined)[];

function coldest(lifecycle: Lifecycle, key: string, row: ObjectRow, due: Due): StorageClass | undefined {
  let found = classes.indexOf(row.storageClass);
  for (const rule of lifecycle.rules) {
    if (row.deleteMarker || !covers(rule, key, row)) continue;
    for (const to of due(rule)) {
      if (to !== undefined && isLargeEnough(rule, to, row.size, lifecycle))
        found = Math.max(found, classes.indexOf(to));
    }
  }
  const target = classes[found];
  return target === row.storageClass ? undefined : target;
}

/** Where the newest version of a key is to be moved by now. */
export function transitionOf(
  lifecycle: Lifecycle,
  key: string,
  row: ObjectRow,
  now: number,
): StorageClass | undefined {
  return coldest(lifecycle, key, row, ({ Transitions = [] }) =>
    Transitions.filter(({ Date: at, Days = 0 }) => {
      const time = at === undefined ? afterDays(row.lastModified, Days) : new Date(at).getTime();
      return time <= now;
    }).map(({ StorageClass: to }) => to),
  );
}

/** Where an older version is to be moved, that stopped to be the newest at `since`, with so many in front of it. */
export function noncurrentTransitionOf(
  lifecycle: Lifecycle,
  key: string,
  row: ObjectRow,
  { since, newer }: { since: number; newer: number },
  now: number,
): StorageClass | undefined {
  return coldest(lifecycle, key, row, ({ NoncurrentVersionTransitions = [] }) =>
    NoncurrentVersionTransitions.filter(
      ({ NoncurrentDays = 0, NewerNoncurrentVersions: kept = 0 }) =>
        afterDays(since, NoncurrentDays) <= now && newer - 1 >= kept,
    ).map(({ StorageClass: to }) => to),
  );
}
