import type { Context } from "../../kit/context.ts";
import type { Access, ConditionValues } from "../../kit/service.ts";
import { locate, type Named } from "./find.ts";
import { grantFor } from "./grantMatch.ts";

/**
 * Access to a key: its policy first, then identity policies where it lets them, or a grant.
 * Condition keys: https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html
 */

export interface KeyAccessOptions {
  encryptionContext?: Record<string, string> | undefined;
  /** Further keys of this operation: `kms:EncryptionAlgorithm`, `kms:SigningAlgorithm` … */
  context?: ConditionValues;
  requestTags?: Access["requestTags"];
  /** The name of the operation as grants list it, where a grant can allow it at all. */
  grantOperation?: string;
}

export async function keyAccess(
  action: string,
  keyName: string,
  ctx: Context,
  options: KeyAccessOptions = {},
): Promise<Access> {
  return accessTo(action, await locate(keyName, ctx), ctx, options);
}

export async function accessTo(
  action: string,
  named: Named,
  ctx: Context,
  options: KeyAccessOptions = {},
): Promise<Access> {
  const { key, arn, account } = named;
  const { encryptionContext, grantOperation } = options;
  const grant =
    key !== undefined && grantOperation !== undefined
      ? await grantFor(key, grantOperation, encryptionContext, ctx)
      : undefined;
  return {
    action: `kms:${action}`,
    resource: arn,
    resourceAccount: account,
    resourceType: "AWS::KMS::Key",
    context: () => ({
      ...callKeys(ctx),
      ...contextKeys(encryptionContext),
      ...nameKeys(named),
      ...options.context,
    }),
    resourcePolicy: key && { name: arn, document: key.policy, kind: "key" },
    resourceTags: key?.tags,
    requestTags: options.requestTags,
    extraAllow: grant && { kind: "kms-grant", name: grant.grantId },
  };
}

/** Keys about the caller: its account, and the service through which it comes. */
export function callKeys({ caller, region }: Context): ConditionValues {
  const via = caller.calledVia?.at(-1)?.replace(/\.amazonaws\.com$/, `.${region}.amazonaws.com`);
  return { "kms:CallerAccount": caller.principal.account || caller.sourceAccount, "kms:ViaService": via };
}

function contextKeys(encryptionContext: Record<string, string> | undefined): ConditionValues {
  if (encryptionContext === undefined) return {};
  const names = Object.keys(encryptionContext);
  if (names.length === 0) return {};
  const keys: Record<string, string | readonly string[]> = { "kms:EncryptionContextKeys": names };
  for (const name of names) keys[`kms:EncryptionContext:${name}`] = encryptionContext[name] as string;
  return keys;
}

function nameKeys({ key, alias }: Named): ConditionValues {
  return {
    "kms:RequestAlias": alias,
    ...(key && {
      "kms:KeySpec": key.spec,
      "kms:KeyUsage": key.usage,
      "kms:KeyOrigin": key.origin,
      "kms:MultiRegion": String(key.multiRegion !== undefined),
      "kms:MultiRegionKeyType":
        key.multiRegion && (key.multiRegion.primaryRegion === key.region ? "PRIMARY" : "REPLICA"),
      "kms:PrimaryRegion": key.multiRegion?.primaryRegion,
      "kms:ResourceAliases": key.aliases.length > 0 ? key.aliases : undefined,
    }),
  };
}

/** Declares the access of an operation on the key that its `KeyId` names. */
export function onKey<Input extends { KeyId: string }>(
  action: string,
  options: (input: Input) => KeyAccessOptions = () => ({}),
) {
  return (input: Input, ctx: Context) => keyAccess(action, input.KeyId, ctx, options(input));
}
