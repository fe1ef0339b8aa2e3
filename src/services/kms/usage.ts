import type { Context } from "../../kit/context.ts";
import { existing, locate, usable } from "./find.ts";
import { algorithmsOf, type KeyUsage } from "./specs.ts";
import type { KeyRow } from "./tables.ts";

/** What every cryptographic operation checks of its key, in AWS's order and words. */

type UsageErrors =
  | "NotFoundException"
  | "DisabledException"
  | "KMSInvalidStateException"
  | "InvalidKeyUsageException"
  | "DryRunOperationException";

export async function keyFor(
  name: string,
  usage: KeyUsage,
  operation: string,
  ctx: Context<UsageErrors>,
): Promise<KeyRow> {
  return checkUsage(usable(existing(await locate(name, ctx), ctx), ctx), usage, operation, ctx);
}

export function checkUsage(
  key: KeyRow,
  usage: KeyUsage,
  operation: string,
  ctx: Context<UsageErrors>,
): KeyRow {
  if (key.usage !== usage) {
    throw ctx.error(
      "InvalidKeyUsageException",
      `${key.arn} key usage is ${key.usage} which is not valid for ${operation}.`,
    );
  }
  return key;
}

export function checkAlgorithm(key: KeyRow, algorithm: string, ctx: Context<UsageErrors>): void {
  if (!algorithmsOf(key.spec, key.usage).includes(algorithm)) {
    throw ctx.error(
      "InvalidKeyUsageException",
      `Algorithm ${algorithm} is incompatible with key spec ${key.spec}.`,
    );
  }
}

/** A dry run ends here, when everything else is in order. */
export function endDryRun(dryRun: boolean | undefined, ctx: Context<"DryRunOperationException">): void {
  if (dryRun)
    throw ctx.error(
      "DryRunOperationException",
      "The request would have succeeded, but the DryRun option is set.",
    );
}
