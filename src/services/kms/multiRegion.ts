import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { callKeys, keyAccess } from "./access.ts";
import { kms } from "./contract.ts";
import { describe } from "./describe.ts";
import { customersOwn, findKeyById, usable } from "./find.ts";
import { keyArn, keyType, putKey } from "./make.ts";
import { checkPolicy, defaultPolicy } from "./policyDocument.ts";
import { endRotation, setRotation } from "./rotationTimer.ts";
import { type KeyRow, keys } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/**
 * Multi-Region keys: the same id and material in several Regions; policy, aliases, tags and grants of their own.
 * https://docs.aws.amazon.com/kms/latest/developerguide/multi-region-keys-overview.html
 */

const regionForm = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** Regions of a key, its own first. */
export function regionsOf(key: KeyRow): string[] {
  const { primaryRegion = key.region, replicaRegions = [] } = key.multiRegion ?? {};
  return [key.region, ...[primaryRegion, ...replicaRegions].filter((region) => region !== key.region)];
}

/** The rows of the same multi-Region key in other Regions. */
export async function siblings(key: KeyRow, ctx: Context): Promise<KeyRow[]> {
  const rows = await Promise.all(
    regionsOf(key)
      .slice(1)
      .map((region) => keys.get(ctx.tx, key.account, region, key.keyId)),
  );
  return rows.filter((row) => row !== undefined);
}

/** Whether a primary key still has replicas. */
export function replicasLeft(key: KeyRow): boolean {
  return key.multiRegion?.primaryRegion === key.region && key.multiRegion.replicaRegions.length > 0;
}

/** Tells its siblings that a replica is gone; the primary, if it waited for that to be deleted itself. */
export async function forgetReplica(key: KeyRow, ctx: Context): Promise<KeyRow | undefined> {
  let waiting: KeyRow | undefined;
  for (const sibling of await siblings(key, ctx)) {
    if (sibling.multiRegion === undefined) continue;
    const replicaRegions = sibling.multiRegion.replicaRegions.filter((region) => region !== key.region);
    const left = { ...sibling, multiRegion: { ...sibling.multiRegion, replicaRegions } };
    putKey(left, ctx);
    if (left.state === "PendingReplicaDeletion" && !replicasLeft(left)) waiting = left;
  }
  return waiting;
}

interface ReplicateInput {
  KeyId: string;
  ReplicaRegion: string;
  Tags?: readonly { TagKey: string; TagValue: string }[] | undefined;
}

/** ReplicateKey needs a permission on the primary key, and CreateKey (and TagResource) where the replica will be. */
async function replicateAccess(input: ReplicateInput, ctx: Context): Promise<Access[]> {
  const onPrimary = await keyAccess("ReplicateKey", input.KeyId, ctx, {
    context: { "kms:ReplicaRegion": input.ReplicaRegion },
  });
  const tagged = input.Tags?.map(({ TagKey, TagValue }) => ({ Key: TagKey, Value: TagValue }));
  const create: Access = {
    action: "kms:CreateKey",
    resource: "*",
    context: callKeys(ctx),
    requestTags: tagged,
  };
  return [onPrimary, create, ...(tagged?.length ? [{ ...create, action: "kms:TagResource" }] : [])];
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ReplicateKey.html */
export const replicateKey = kms.operation("ReplicateKey", {
  access: replicateAccess,
  async handle(
    { KeyId, ReplicaRegion, Policy, BypassPolicyLockoutSafetyCheck, Description = "", Tags = [] },
    ctx,
  ) {
    const key = customersOwn(await findKeyById(KeyId, ctx), ctx);
    if (key.multiRegion?.primaryRegion !== key.region) {
      throw ctx.error("UnsupportedOperationException", `${key.arn} is not a multi-region primary key.`);
    }
    if (key.origin === "AWS_KMS") usable(key, ctx);
    if (!regionForm.test(ReplicaRegion) || ReplicaRegion === key.region) {
      throw ctx.error(
        "UnsupportedOperationException",
        `Cannot replicate ${key.arn} to Region ${ReplicaRegion}.`,
      );
    }
    if (key.multiRegion.replicaRegions.includes(ReplicaRegion)) {
      const arn = keyArn(key.account, ReplicaRegion, key.keyId);
      throw ctx.error("AlreadyExistsException", `Replica key ${arn} already exists.`);
    }
    const policy = Policy ?? defaultPolicy(ctx.account);
    await checkPolicy(policy, BypassPolicyLockoutSafetyCheck ?? false, ctx);
    const tags = checkTags(Tags, {}, ctx);
    const multiRegion = {
      ...key.multiRegion,
      replicaRegions: [...key.multiRegion.replicaRegions, ReplicaRegion],
    };
    for (const sibling of [key, ...(await siblings(key, ctx))]) putKey({ ...sibling, multiRegion }, ctx);
    const replica = newReplica(
      { ...key, multiRegion },
      { region: ReplicaRegion, policy, tags, description: Description },
      ctx,
    );
    ctx.event.resources.push({ accountId: replica.account, type: keyType, ARN: replica.arn });
    const { CurrentKeyMaterialId: _, ...metadata } = describe(replica, ctx);
    return {
      // AWS answers before the replica is ready; here it is ready at once.
      ReplicaKeyMetadata: { ...metadata, KeyState: "Creating" as const, Enabled: false },
      ReplicaPolicy: policy,
      ...(Tags.length > 0 && { ReplicaTags: Tags }),
    };
  },
});

function newReplica(
  key: KeyRow,
  own: Pick<KeyRow, "region" | "policy" | "tags" | "description">,
  ctx: Context,
): KeyRow {
  const { account, keyId, usage, spec, origin, manager, multiRegion, currentMaterial } = key;
  // Imported material is imported into each Region anew; that it must be the same is known from its id.
  const rows = Object.values(key.materials).map((row) =>
    origin === "AWS_KMS" ? row : { ...row, secret: "" },
  );
  const replica: KeyRow = {
    ...own,
    keyId,
    account,
    arn: keyArn(account, own.region, keyId),
    createDate: ctx.clock.now(),
    usage,
    spec,
    origin,
    manager,
    state: origin === "AWS_KMS" ? "Enabled" : "PendingImport",
    aliases: [],
    grantCount: 0,
    materials: Object.fromEntries(rows.map((row) => [row.materialId, row])),
    ...(multiRegion && { multiRegion }),
    ...(currentMaterial !== undefined && { currentMaterial }),
  };
  putKey(replica, ctx);
  return replica;
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_UpdatePrimaryRegion.html */
export const updatePrimaryRegion = kms.operation("UpdatePrimaryRegion", {
  access: async ({ KeyId, PrimaryRegion }, ctx) => {
    const access = await keyAccess("UpdatePrimaryRegion", KeyId, ctx, {
      context: { "kms:PrimaryRegion": PrimaryRegion },
    });
    const replica = await keys.get(ctx.tx, ctx.account, PrimaryRegion, access.resource.split("/")[1] ?? "");
    if (replica === undefined) return access;
    return [
      access,
      {
        ...access,
        resource: replica.arn,
        resourcePolicy: { name: replica.arn, document: replica.policy, kind: "key" },
        resourceTags: replica.tags,
      },
    ];
  },
  async handle({ KeyId, PrimaryRegion }, ctx) {
    const key = usable(customersOwn(await findKeyById(KeyId, ctx), ctx), ctx);
    if (key.multiRegion?.primaryRegion !== key.region) {
      throw ctx.error("UnsupportedOperationException", `${key.arn} is not a multi-region primary key.`);
    }
    const { replicaRegions } = key.multiRegion;
    if (!replicaRegions.includes(PrimaryRegion)) {
      throw ctx.error(
        "NotFoundException",
        `Key '${keyArn(key.account, PrimaryRegion, key.keyId)}' does not exist`,
      );
    }
    const rows = [key, ...(await siblings(key, ctx))];
    const next = rows.find(({ region }) => region === PrimaryRegion) as KeyRow;
    usable(next, ctx);
    const multiRegion = {
      primaryRegion: PrimaryRegion,
      replicaRegions: [...replicaRegions.filter((region) => region !== PrimaryRegion), key.region],
    };
    for (const row of rows) {
      const moved = { ...row, multiRegion };
      if (row === next && key.rotation !== undefined) {
        putKey(setRotation(moved, key.rotation.periodDays, ctx, key.rotation.nextDate), ctx);
      } else putKey(row === key ? endRotation(moved, ctx) : moved, ctx);
    }
    return {};
  },
});
