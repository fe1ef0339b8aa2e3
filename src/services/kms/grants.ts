import { randomBytes } from "node:crypto";
import type { CreateGrantRequest, GrantListEntry } from "@aws-sdk/client-kms";
import type { Context } from "../../kit/context.ts";
import { pageOf, pageOfList } from "../../kit/paging.ts";
import { accessTo, keyAccess, onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { findKeyById, notPendingDeletion } from "./find.ts";
import { isPrincipal } from "./grantMatch.ts";
import { putKey } from "./make.ts";
import { kmsPage } from "./pages.ts";
import { type GrantRow, grants, type KeyRow, keys, retirable } from "./tables.ts";
import { endDryRun } from "./usage.ts";

const principalForm = /^(?:arn:aws:(?:iam|sts)::\d{12}:.+|[a-z0-9.-]+\.amazonaws\.com)$/;

/** Which grant operations make sense for a key of each usage. */
const operationsByUsage = {
  ENCRYPT_DECRYPT:
    /^(?:Encrypt|Decrypt|ReEncrypt|GenerateDataKey|DescribeKey|CreateGrant|RetireGrant|GetPublicKey)/,
  SIGN_VERIFY: /^(?:Sign|Verify|GetPublicKey|DescribeKey|CreateGrant|RetireGrant)$/,
  GENERATE_VERIFY_MAC: /^(?:GenerateMac|VerifyMac|DescribeKey|CreateGrant|RetireGrant)$/,
  KEY_AGREEMENT: /^(?:DeriveSharedSecret|GetPublicKey|DescribeKey|CreateGrant|RetireGrant)$/,
};

function describe(grant: GrantRow): GrantListEntry {
  const { constraints, retiring } = grant;
  const isService = (name: string) => name.endsWith(".amazonaws.com");
  return {
    KeyId: grant.keyArn,
    GrantId: grant.grantId,
    ...(grant.name !== undefined && { Name: grant.name }),
    CreationDate: new Date(grant.createDate),
    GranteePrincipal: grant.grantee,
    ...(isService(grant.grantee) && { GranteeServicePrincipal: grant.grantee }),
    ...(retiring !== undefined && { RetiringPrincipal: retiring }),
    ...(retiring !== undefined && isService(retiring) && { RetiringServicePrincipal: retiring }),
    IssuingAccount: `arn:aws:iam::${grant.issuingAccount}:root`,
    Operations: grant.operations as GrantListEntry["Operations"],
    ...(constraints && {
      Constraints: {
        ...(constraints.equals && { EncryptionContextEquals: constraints.equals }),
        ...(constraints.subset && { EncryptionContextSubset: constraints.subset }),
        ...(constraints.sourceArn && { SourceArn: constraints.sourceArn }),
      },
    }),
  };
}

/** A grant token: the grant is in force at once here, so it only names its grant. */
function tokenOf(grant: GrantRow): string {
  return Buffer.from(JSON.stringify([grant.keyArn, grant.grantId])).toString("base64");
}

function grantOfToken(token: string): { keyArn: string; grantId: string } | undefined {
  try {
    const [keyArn, grantId] = JSON.parse(Buffer.from(token, "base64").toString()) as unknown[];
    return typeof keyArn === "string" && typeof grantId === "string" ? { keyArn, grantId } : undefined;
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_CreateGrant.html */
export const createGrant = kms.operation("CreateGrant", {
  access: (input, ctx) =>
    keyAccess("CreateGrant", input.KeyId, ctx, {
      grantOperation: "CreateGrant",
      context: {
        "kms:GranteePrincipal": input.GranteePrincipal ?? input.GranteeServicePrincipal,
        "kms:RetiringPrincipal": input.RetiringPrincipal ?? input.RetiringServicePrincipal,
        "kms:GrantOperations": input.Operations,
        "kms:GrantConstraintType": input.Constraints && Object.keys(input.Constraints)[0],
        "kms:GrantIsForAWSResource": String(
          ctx.caller.calledVia !== undefined || ctx.caller.principal.kind === "service",
        ),
      },
    }),
  async handle(input, ctx) {
    const key = notPendingDeletion(await findKeyById(input.KeyId, ctx), ctx);
    if (key.state === "Disabled") throw ctx.error("DisabledException", `${key.arn} is disabled.`);
    const grant = grantOf(input, key, ctx);
    checkGrant(grant, key, ctx);
    const twin = await sameGrant(grant, key, ctx);
    endDryRun(input.DryRun, ctx);
    if (twin !== undefined) return { GrantId: twin.grantId, GrantToken: tokenOf(twin) };
    grants.put(ctx.tx, [key.account, key.region, key.keyId, grant.grantId], grant);
    if (grant.retiring)
      retirable.put(ctx.tx, [key.account, key.region, grant.retiring, grant.grantId], { keyId: key.keyId });
    putKey({ ...key, grantCount: key.grantCount + 1 }, ctx);
    return { GrantId: grant.grantId, GrantToken: tokenOf(grant) };
  },
});

/** One of two ways to name a principal; undefined if neither was used. */
function oneOf(
  principal: string | undefined,
  servicePrincipal: string | undefined,
  ctx: Context,
): string | undefined {
  if (principal !== undefined && servicePrincipal !== undefined) {
    throw ctx.error("ValidationException", "Specify a principal or a service principal, not both.");
  }
  return principal ?? servicePrincipal;
}

function grantOf(input: CreateGrantRequest, key: KeyRow, ctx: Context): GrantRow {
  const grantee = oneOf(input.GranteePrincipal, input.GranteeServicePrincipal, ctx);
  const retiring = oneOf(input.RetiringPrincipal, input.RetiringServicePrincipal, ctx);
  if (grantee === undefined) throw ctx.error("ValidationException", "GranteePrincipal is required.");
  const {
    EncryptionContextEquals: equals,
    EncryptionContextSubset: subset,
    SourceArn,
  } = input.Constraints ?? {};
  return {
    grantId: randomBytes(32).toString("hex"),
    keyId: key.keyId,
    keyArn: key.arn,
    grantee,
    issuingAccount: ctx.account,
    operations: input.Operations ?? [],
    createDate: ctx.clock.now(),
    ...(retiring !== undefined && { retiring }),
    ...(input.Name !== undefined && { name: input.Name }),
    ...(input.Constraints && {
      constraints: {
        ...(equals && { equals }),
        ...(subset && { subset }),
        ...(SourceArn && { sourceArn: SourceArn }),
      },
    }),
  };
}

function checkGrant(grant: GrantRow, key: KeyRow, ctx: Context<"InvalidArnException">): void {
  for (const principal of [grant.grantee, grant.retiring]) {
    if (principal !== undefined && !principalForm.test(principal))
      throw ctx.error("InvalidArnException", `${principal} is not a valid principal ARN.`);
  }
  const unfit = grant.operations.find((operation) => !operationsByUsage[key.usage].test(operation));
  if (unfit !== undefined) {
    throw ctx.error(
      "ValidationException",
      `Operation ${unfit} is not supported for a key with usage ${key.usage}.`,
    );
  }
  const { equals, subset } = grant.constraints ?? {};
  if ((equals ?? subset) !== undefined && key.spec !== "SYMMETRIC_DEFAULT") {
    throw ctx.error(
      "ValidationException",
      "Encryption context constraints are supported for symmetric encryption keys only.",
    );
  }
}

/** A request with a name is idempotent: the same again finds the grant that it made. */
async function sameGrant(wanted: GrantRow, key: KeyRow, ctx: Context): Promise<GrantRow | undefined> {
  if (wanted.name === undefined || key.grantCount === 0) return undefined;
  const print = ({ name, grantee, retiring, operations, constraints }: GrantRow) =>
    JSON.stringify([name, grantee, retiring, operations, constraints]);
  const rows = await grants.list(ctx.tx, [key.account, key.region, key.keyId]);
  return rows.map(({ row }) => row).find((row) => print(row) === print(wanted));
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListGrants.html */
export const listGrants = kms.operation("ListGrants", {
  access: onKey("ListGrants"),
  async handle({ KeyId, Limit = 50, Marker, GrantId, GranteePrincipal, GranteeServicePrincipal }, ctx) {
    const key = await findKeyById(KeyId, ctx);
    const grantee = GranteePrincipal ?? GranteeServicePrincipal;
    const { items, end } = await kmsPage(ctx, () =>
      pageOf(grants, ctx.tx, [key.account, key.region, key.keyId], {
        limit: Limit,
        marker: Marker,
        where: (grant) =>
          (GrantId === undefined || grant.grantId === GrantId) &&
          (grantee === undefined || grant.grantee === grantee),
      }),
    );
    return { Grants: items.map(describe), ...end };
  },
});

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_ListRetirableGrants.html */
export const listRetirableGrants = kms.operation("ListRetirableGrants", {
  access: (_input, ctx) => ({
    action: "kms:ListRetirableGrants",
    resource: "*",
    context: { "kms:CallerAccount": ctx.account },
  }),
  async handle({ Limit = 50, Marker, RetiringPrincipal, RetiringServicePrincipal }, ctx) {
    const principal = RetiringPrincipal ?? RetiringServicePrincipal;
    if (principal === undefined) throw ctx.error("ValidationException", "RetiringPrincipal is required.");
    const rows = await retirable.list(ctx.tx, [ctx.account, ctx.region, principal]);
    const found = await Promise.all(
      rows.map(({ key, row }) => grants.get(ctx.tx, ctx.account, ctx.region, row.keyId, key[3])),
    );
    const { items, end } = await kmsPage(ctx, () =>
      pageOfList(
        found.filter((grant) => grant !== undefined),
        Limit,
        Marker,
      ),
    );
    return { Grants: items.map(describe), ...end };
  },
});

async function removeGrant(grant: GrantRow, key: KeyRow, ctx: Context): Promise<void> {
  grants.delete(ctx.tx, key.account, key.region, key.keyId, grant.grantId);
  if (grant.retiring) retirable.delete(ctx.tx, key.account, key.region, grant.retiring, grant.grantId);
  const present = (await keys.get(ctx.tx, key.account, key.region, key.keyId)) ?? key;
  putKey({ ...present, grantCount: Math.max(0, present.grantCount - 1) }, ctx);
}

/** https://docs.aws.amazon.com/kms/latest/APIReference/API_RevokeGrant.html */
export const revokeGrant = kms.operation("RevokeGrant", {
  access: onKey("RevokeGrant"),
  async handle({ KeyId, GrantId, DryRun }, ctx) {
    const key = notPendingDeletion(await findKeyById(KeyId, ctx), ctx);
    const grant = await grants.get(ctx.tx, key.account, key.region, key.keyId, GrantId);
    if (grant === undefined) throw ctx.error("NotFoundException", `Grant ID ${GrantId} not found`);
    endDryRun(DryRun, ctx);
    await removeGrant(grant, key, ctx);
    return {};
  },
});

interface RetireInput {
  GrantToken?: string;
  KeyId?: string;
  GrantId?: string;
}

function retireTarget({ GrantToken, KeyId = "", GrantId = "" }: RetireInput) {
  return GrantToken === undefined ? { keyArn: KeyId, grantId: GrantId } : grantOfToken(GrantToken);
}

async function grantToRetire(
  input: RetireInput,
  ctx: Context,
): Promise<{ grant?: GrantRow; key?: KeyRow; name: string }> {
  const target = retireTarget(input);
  const name = target?.keyArn ?? "";
  const match = /^arn:aws:kms:([a-z0-9-]+):(\d{12}):key\/(.+)$/.exec(name);
  if (target === undefined || match === null) return { name };
  const [, region = "", account = "", keyId = ""] = match;
  const key = await keys.get(ctx.tx, account, region, keyId);
  const grant = await grants.get(ctx.tx, account, region, keyId, target.grantId);
  return { name, ...(key && { key }), ...(grant && { grant }) };
}

/**
 * Ends a grant by one whom the grant itself names: the retiring principal, or the grantee if RetireGrant is
 * among its operations; or by one whom policies allow.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_RetireGrant.html
 */
export const retireGrant = kms.operation("RetireGrant", {
  access: async (input, ctx) => {
    const { grant, key, name } = await grantToRetire(input, ctx);
    const [, region = ctx.region, account = ctx.account] =
      /^arn:aws:kms:([a-z0-9-]+):(\d{12}):/.exec(name) ?? [];
    const access = await accessTo(
      "RetireGrant",
      { account, region, arn: name || "*", ...(key && { key }) },
      ctx,
    );
    const named =
      grant &&
      (isPrincipal(grant.retiring ?? "", ctx) ||
        (isPrincipal(grant.grantee, ctx) && grant.operations.includes("RetireGrant")));
    return {
      ...access,
      ...(named && grant && { extraAllow: { kind: "kms-grant" as const, name: grant.grantId } }),
    };
  },
  async handle(input, ctx) {
    if (input.GrantToken !== undefined && grantOfToken(input.GrantToken) === undefined) {
      throw ctx.error("InvalidGrantTokenException", "Invalid grant token");
    }
    const { grant, key } = await grantToRetire(input, ctx);
    if (key === undefined || grant === undefined) throw ctx.error("NotFoundException", "Grant not found");
    notPendingDeletion(key, ctx);
    endDryRun(input.DryRun, ctx);
    await removeGrant(grant, key, ctx);
    return {};
  },
});
