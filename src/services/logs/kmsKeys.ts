import type { Context } from "../../kit/context.ts";
import { existingGroup, groupAccess, type NamedGroup, namedGroup } from "./access.ts";
import { logs } from "./contract.ts";
import { associated, ownerOf } from "./encryption.ts";
import { putGroup } from "./groups.ts";

/** Which KMS key protects a group's lines. https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/encrypt-log-data-kms.html */

interface Target {
  logGroupName?: string | undefined;
  resourceIdentifier?: string | undefined;
}

function targetOf({ logGroupName, resourceIdentifier }: Target, ctx: Context): NamedGroup | undefined {
  const identifier = logGroupName ?? resourceIdentifier;
  return identifier === undefined ? undefined : namedGroup(identifier, ctx);
}

function checkTarget(
  { logGroupName, resourceIdentifier }: Target,
  ctx: Context<"InvalidParameterException">,
): void {
  if ((logGroupName === undefined) === (resourceIdentifier === undefined)) {
    throw ctx.error(
      "InvalidParameterException",
      "Exactly one of logGroupName and resourceIdentifier must be specified.",
    );
  }
  if (resourceIdentifier?.includes(":query-result:")) {
    throw ctx.error("InvalidParameterException", "Query results cannot be associated with a KMS key here.");
  }
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_AssociateKmsKey.html */
export const associateKmsKey = logs.operation("AssociateKmsKey", {
  access: (input, ctx) => groupAccess("AssociateKmsKey", targetOf(input, ctx as Context), ctx as Context),
  async handle(input, ctx) {
    checkTarget(input, ctx);
    const group = await existingGroup(targetOf(input, ctx), ctx);
    const encryption = await associated(group.encryption, input.kmsKeyId, group.name, ownerOf(group), ctx);
    putGroup({ ...group, encryption }, ctx);
    return {};
  },
});

/** Lines that are sealed already stay so, and need the key. https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DisassociateKmsKey.html */
export const disassociateKmsKey = logs.operation("DisassociateKmsKey", {
  access: (input, ctx) => groupAccess("DisassociateKmsKey", targetOf(input, ctx as Context), ctx as Context),
  async handle(input, ctx) {
    checkTarget(input, ctx);
    const group = await existingGroup(targetOf(input, ctx), ctx);
    if (group.encryption !== undefined) {
      putGroup({ ...group, encryption: { dataKeys: group.encryption.dataKeys } }, ctx);
    }
    return {};
  },
});
