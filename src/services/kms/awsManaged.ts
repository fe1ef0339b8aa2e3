import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { newKey, putKey } from "./make.ts";
import { setRotation } from "./rotationTimer.ts";
import { aliases, type KeyRow } from "./tables.ts";

/**
 * AWS managed keys: `alias/aws/<service>`, made when that service first uses one in an account and Region.
 * https://docs.aws.amazon.com/kms/latest/developerguide/concepts.html#aws-managed-cmk
 */

const rotationDays = 365;
/** What the keys of services protect, where it is not their data at large. */
const protectedBy: Readonly<Record<string, string>> = { s3: "S3 objects", dynamodb: "DynamoDB data" };

/** The service in whose name the call comes: its own principal, or the last that passed the caller on. */
function callingService({ caller }: Context): string | undefined {
  return caller.principal.kind === "service" ? caller.principal.service : caller.calledVia?.at(-1);
}

/** Makes the key of a service's alias, if it is that service that asks for it. */
export async function managedKey(
  aliasName: string,
  account: string,
  ctx: Context,
): Promise<KeyRow | undefined> {
  const name = aliasName.slice("alias/aws/".length);
  if (!aliasName.startsWith("alias/aws/") || callingService(ctx) !== `${name}.amazonaws.com`)
    return undefined;
  const key = await newKey(
    {
      keyId: uuid(),
      spec: "SYMMETRIC_DEFAULT",
      usage: "ENCRYPT_DECRYPT",
      origin: "AWS_KMS",
      manager: "AWS",
      description: `Default key that protects my ${protectedBy[name] ?? `${name} data`} when no other key is defined`,
      tags: {},
      policy: managedPolicy(name, account, ctx.region),
      multiRegion: false,
      account,
      aliases: [aliasName],
    },
    ctx,
  );
  const now = ctx.clock.now();
  aliases.put(ctx.tx, [account, ctx.region, aliasName], {
    aliasName,
    keyId: key.keyId,
    createDate: now,
    updateDate: now,
  });
  const rotating = setRotation(key, rotationDays, ctx);
  putKey(rotating, ctx);
  return rotating;
}

/** Everybody in the account may use the key, through its service only. */
function managedPolicy(name: string, account: string, region: string): string {
  return JSON.stringify({
    Version: "2012-10-17",
    Id: `auto-${name}-1`,
    Statement: [
      {
        Sid: `Allow access through ${name} for all principals in the account that are authorized to use ${name}`,
        Effect: "Allow",
        Principal: { AWS: "*" },
        Action: [
          "kms:Encrypt",
          "kms:Decrypt",
          "kms:ReEncrypt*",
          "kms:GenerateDataKey*",
          "kms:CreateGrant",
          "kms:DescribeKey",
        ],
        Resource: "*",
        Condition: {
          StringEquals: { "kms:CallerAccount": account, "kms:ViaService": `${name}.${region}.amazonaws.com` },
        },
      },
      {
        Sid: "Allow the service itself",
        Effect: "Allow",
        Principal: { Service: `${name}.amazonaws.com` },
        Action: ["kms:Encrypt", "kms:Decrypt", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:DescribeKey"],
        Resource: "*",
        Condition: { StringEquals: { "aws:SourceAccount": account } },
      },
      {
        Sid: "Allow direct access to key metadata to the account",
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${account}:root` },
        Action: ["kms:Describe*", "kms:Get*", "kms:List*", "kms:RevokeGrant"],
        Resource: "*",
      },
    ],
  });
}
