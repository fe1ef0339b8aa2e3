import type { ReplicationRule } from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { aclsInForce, ownerGrant } from "./aclGrants.ts";
import { lockOf } from "./lockRules.ts";
import { type BucketRow, type EncryptionRow, manifests, type ObjectRow } from "./tables.ts";
import { partsOf } from "./versions.ts";

/** What a replica is made of: the version's own bytes, not moved, and what was said of it. */

type Rule = Pick<ReplicationRule, "Destination">;

interface Keys {
  under: Buffer | undefined;
  newUnder: Buffer | undefined;
}

/** The bytes of a version once more, for another bucket. */
export async function sharedContent(
  source: BucketRow,
  row: ObjectRow,
  target: BucketRow,
  { under, newUnder }: Keys,
  ctx: Context,
): Promise<Pick<ObjectRow, "body" | "manifest">> {
  if (row.body !== undefined) return { body: await ctx.bytes.share(row.body, under, newUnder) };
  if (row.manifest === undefined) return {};
  const manifest = uuid();
  const parts = [];
  for (const part of await partsOf(source.name, row, ctx))
    parts.push({ ...part, body: await ctx.bytes.share(part.body, under, newUnder) });
  manifests.put(ctx.tx, [target.name, manifest], { parts });
  return { manifest };
}

function ownerOf(owner: string, { Destination }: Rule, target: BucketRow): string {
  const changes = Destination?.AccessControlTranslation?.Owner === "Destination";
  return changes || !aclsInForce(target) ? target.account : owner;
}

type Lock = Pick<ObjectRow, "retention" | "legalHold">;

/** Tags, grants and lock: what changes of a version, and follows to its replicas. `lock` is what it has of its own. */
export function settingsOf(
  row: ObjectRow,
  owner: string,
  rule: Rule,
  target: BucketRow,
  lock: Lock,
): Pick<ObjectRow, "tags" | "grants" | "retention" | "legalHold"> {
  const { tags, retention, legalHold } = row;
  const isOwnersOwn = ownerOf(row.owner, rule, target) === row.owner;
  const grants = isOwnersOwn && row.grants ? row.grants : [ownerGrant(owner)];
  return {
    ...(tags && { tags }),
    ...(aclsInForce(target) && { grants }),
    ...lock,
    ...(retention && { retention }),
    ...(legalHold !== undefined && { legalHold }),
  };
}

export function replicaOf(
  row: ObjectRow,
  content: Pick<ObjectRow, "body" | "manifest"> & { encryption: EncryptionRow },
  rule: Rule,
  target: BucketRow,
  ctx: Context,
): ObjectRow {
  const owner = ownerOf(row.owner, rule, target);
  const { body: _, manifest: __, uploadId: ___, restore: ____, ...kept } = row;
  const { tags: _t, grants: _g, retention: _r, legalHold: _l, ...described } = kept;
  const storageClass = rule.Destination?.StorageClass ?? row.storageClass;
  return {
    ...described,
    ...content,
    owner,
    storageClass: row.deleteMarker ? row.storageClass : storageClass,
    ...(!row.deleteMarker && settingsOf(row, owner, rule, target, lockOf({}, target, ctx.clock.now()))),
    replication: "REPLICA",
  };
}
