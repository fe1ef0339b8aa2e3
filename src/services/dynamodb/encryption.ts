import type { Caller } from "../../kit/caller.ts";
import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { EncryptionRow, TableRow } from "./tables.ts";
import { invalidParameter, validation } from "./words.ts";

/**
 * A table's KMS key. Who sets it must be allowed to use the key; the service then works by a grant.
 * https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */

export interface GivenEncryption {
  Enabled?: boolean | undefined;
  SSEType?: string | undefined;
  KMSMasterKeyId?: string | undefined;
}

const principal = "dynamodb.amazonaws.com";
/** The AWS managed key, which KMS makes when it is first asked for. */
const managedKey = "alias/aws/dynamodb";

/** The caller, passed on to the services that DynamoDB uses for him. */
export function throughDynamodb(caller: Caller): Caller {
  return { ...caller, calledVia: [...(caller.calledVia ?? []), principal] };
}

async function callKms(operation: string, input: Record<string, unknown>, region: string, ctx: Context) {
  try {
    return await ctx.call("kms", operation, input, {
      as: throughDynamodb(ctx.caller),
      account: ctx.account,
      region,
    });
  } catch (error) {
    if (!(error instanceof AwsError) || error.code.startsWith("AccessDenied")) throw error;
    throw validation(`KMS validation error: ${error.message}`);
  }
}

export function encryptionContext({ account, name }: Pick<TableRow, "account" | "name">) {
  return { "aws:dynamodb:tableName": name, "aws:dynamodb:subscriberId": account };
}

/** The encryption of a table that is asked for; undefined where the store's own sealing is all that is. */
export async function newEncryption(
  table: TableRow,
  given: GivenEncryption | undefined,
  ctx: Context,
): Promise<EncryptionRow | undefined> {
  if (given === undefined) return undefined;
  const { Enabled: enabled, SSEType: type, KMSMasterKeyId: keyId } = given;
  if (!enabled) {
    if (keyId !== undefined || type !== undefined)
      throw invalidParameter(
        "SSEType and KMSMasterKeyId can only be specified when SSESpecification is enabled",
      );
    return undefined;
  }
  if (type !== undefined && type !== "KMS") throw invalidParameter(`SSEType ${type} is not supported`);
  return await encryptedUnder(table, keyId ?? managedKey, ctx);
}

/** What is written from now on is sealed under a fresh data key; older data keys stay, for what is there. */
export async function encryptedUnder(table: TableRow, keyId: string, ctx: Context): Promise<EncryptionRow> {
  const EncryptionContext = encryptionContext(table);
  const made = await callKms(
    "GenerateDataKey",
    { KeyId: keyId, KeySpec: "AES_256", EncryptionContext },
    table.region,
    ctx,
  );
  const kmsKeyArn = made.KeyId as string;
  const grant = await callKms(
    "CreateGrant",
    {
      KeyId: kmsKeyArn,
      GranteePrincipal: principal,
      RetiringPrincipal: principal,
      Operations: ["Decrypt", "Encrypt", "GenerateDataKey", "DescribeKey", "RetireGrant"],
      Constraints: { EncryptionContextSubset: EncryptionContext },
    },
    table.region,
    ctx,
  );
  const held = table.encryption;
  const numbers = Object.keys(held?.dataKeys ?? {}).map(Number);
  const current = Math.max(0, ...numbers) + 1;
  const blob = Buffer.from(made.CiphertextBlob as Uint8Array).toString("base64");
  return {
    kmsKeyArn,
    current,
    dataKeys: { ...held?.dataKeys, [current]: blob },
    grants: [...(held?.grants ?? []), { keyArn: kmsKeyArn, grantId: grant.GrantId as string }],
  };
}

/** Whether AWS made the table's key: the account's own for DynamoDB, and no customer's. */
export async function isAwsManaged(
  { kmsKeyArn }: EncryptionRow,
  region: string,
  ctx: Context,
): Promise<boolean> {
  const { KeyMetadata } = await callKms("DescribeKey", { KeyId: kmsKeyArn }, region, ctx);
  return (KeyMetadata as { KeyManager?: string }).KeyManager === "AWS";
}

/** The table is gone: the service gives back what it was granted. */
export async function retireGrants(table: TableRow, ctx: Context): Promise<void> {
  const as = servicePrincipal(principal, { sourceArn: table.arn, sourceAccount: table.account });
  for (const { keyArn, grantId } of table.encryption?.grants ?? []) {
    try {
      await ctx.call(
        "kms",
        "RetireGrant",
        { KeyId: keyArn, GrantId: grantId },
        { as, account: table.account, region: table.region },
      );
    } catch (error) {
      // The key, or the grant, may be gone already; the table is deleted all the same.
      if (!(error instanceof AwsError)) throw error;
    }
  }
}
