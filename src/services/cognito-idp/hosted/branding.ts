import { createHash } from "node:crypto";
import type { AssetType, ManagedLoginBrandingType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { uuid } from "../../../kit/ids.ts";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool, poolAccess } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid, notFound } from "../refusals.ts";
import { checkSettings, defaults, merged } from "./brandingSettings.ts";
import {
  type BrandingAsset,
  type BrandingRow,
  brandingClients,
  brandingImages,
  brandings,
} from "./tables.ts";

/** Styles of managed login, one for a client. https://docs.aws.amazon.com/cognito/latest/developerguide/managed-login-branding.html */

const idChars = 16;

/** What a file of a kind begins with, in hex; an SVG is text. */
const beginnings: Record<string, RegExp> = {
  ICO: /^00000100/,
  JPEG: /^ffd8ff/,
  PNG: /^89504e470d0a1a0a/,
  WEBP: /^52494646.{8}57454250/,
};

interface Given {
  UseCognitoProvidedValues?: boolean | undefined;
  Settings?: unknown;
  Assets?: readonly AssetType[] | undefined;
}

function assetOf({ Category, ColorMode, Extension, ResourceId, Bytes }: AssetType): {
  asset: BrandingAsset;
  bytes: Buffer;
} {
  const bytes = Buffer.from(Bytes ?? []);
  if (bytes.length === 0) throw invalid("An asset must have Bytes.");
  const isRight =
    Extension === "SVG"
      ? /<svg[\s>]/i.test(bytes.toString())
      : beginnings[Extension ?? ""]?.test(bytes.toString("hex", 0, idChars));
  if (!isRight) throw invalid(`The bytes of an asset of ${Category} are not ${Extension}.`);
  // A place has one image: what is given anew takes it.
  const place = [Category, ColorMode, Category === "IDP_BUTTON_ICON" ? ResourceId : ""].join("/");
  const id = createHash("sha256").update(place).digest("hex").slice(0, idChars);
  return { asset: { id, Category, ColorMode, Extension, ...(ResourceId && { ResourceId }) }, bytes };
}

function checkGiven({ UseCognitoProvidedValues, Settings, Assets }: Given): void {
  if (UseCognitoProvidedValues && (Settings !== undefined || Assets !== undefined))
    throw invalid("Settings and Assets cannot be given along with UseCognitoProvidedValues.");
}

/** The row with what was given, over what it said before. */
function withGiven(pool: PoolRow, row: BrandingRow, given: Given, ctx: Context): BrandingRow {
  checkGiven(given);
  if (given.UseCognitoProvidedValues) {
    dropImages(pool, row, ctx);
    return { ...row, usesDefaults: true, settings: {}, assets: [] };
  }
  const settings = given.Settings === undefined ? {} : checkSettings(given.Settings);
  const assets = new Map(row.assets.map((asset) => [asset.id, asset]));
  for (const one of given.Assets ?? []) {
    const { asset, bytes } = assetOf(one);
    assets.set(asset.id, asset);
    brandingImages.put(ctx.tx, [...keyOf(pool), row.clientId, asset.id], { bytes: bytes.toString("base64") });
  }
  return {
    ...row,
    usesDefaults: false,
    settings: merged(row.settings, settings),
    assets: [...assets.values()],
  };
}

function dropImages(pool: PoolRow, { clientId, assets }: BrandingRow, ctx: Context): void {
  for (const { id } of assets) brandingImages.delete(ctx.tx, ...keyOf(pool), clientId, id);
}

async function shown(
  pool: PoolRow,
  row: BrandingRow,
  isMerged: boolean | undefined,
  ctx: Context,
): Promise<ManagedLoginBrandingType> {
  const Assets: AssetType[] = [];
  for (const { id, ...asset } of row.assets) {
    const image = await brandingImages.get(ctx.tx, ...keyOf(pool), row.clientId, id);
    Assets.push({ ...asset, Bytes: Buffer.from(image?.bytes ?? "", "base64") });
  }
  const hasOwn = Object.keys(row.settings).length > 0;
  const Settings = isMerged ? merged(defaults, row.settings) : row.settings;
  return {
    ManagedLoginBrandingId: row.brandingId,
    UserPoolId: pool.poolId,
    UseCognitoProvidedValues: row.usesDefaults,
    ...((isMerged || hasOwn) && { Settings: Settings as ManagedLoginBrandingType["Settings"] }),
    Assets,
    CreationDate: new Date(row.createdMs),
    LastModifiedDate: new Date(row.modifiedMs),
  };
}

/** Images are no matter of record. */
function withoutImages(recorded: Record<string, unknown>): Record<string, unknown> {
  const { assets: _, managedLoginBranding, ...rest } = recorded;
  if (managedLoginBranding === undefined) return rest;
  const { assets: __, ...branding } = managedLoginBranding as Record<string, unknown>;
  return { ...rest, managedLoginBranding: branding };
}

async function existing(pool: PoolRow, brandingId: string, ctx: Context): Promise<BrandingRow> {
  const place = await brandingClients.get(ctx.tx, ...keyOf(pool), brandingId);
  const row = place && (await brandings.get(ctx.tx, ...keyOf(pool), place.clientId));
  if (row === undefined) throw notFound(`Managed login branding ${brandingId} does not exist.`);
  return row;
}

/** With its client, a style goes. */
export async function dropBranding(pool: PoolRow, clientId: string, ctx: Context): Promise<void> {
  const row = await brandings.get(ctx.tx, ...keyOf(pool), clientId);
  if (row === undefined) return;
  dropImages(pool, row, ctx);
  brandings.delete(ctx.tx, ...keyOf(pool), clientId);
  brandingClients.delete(ctx.tx, ...keyOf(pool), row.brandingId);
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateManagedLoginBranding.html */
export const createManagedLoginBranding = idp.operation("CreateManagedLoginBranding", {
  access: onPool("CreateManagedLoginBranding"),
  async handle({ UserPoolId, ClientId, ...given }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existingClient(UserPoolId, ClientId, ctx);
    const key = [...keyOf(pool), ClientId] as const;
    if ((await brandings.get(ctx.tx, ...key)) !== undefined)
      throw ctx.error(
        "ManagedLoginBrandingExistsException",
        `Managed login branding already exists for app client ${ClientId}.`,
      );
    const now = ctx.clock.now();
    const empty = { brandingId: uuid(), clientId: ClientId, usesDefaults: false, settings: {}, assets: [] };
    const row = withGiven(
      pool,
      { ...empty, createdMs: now, modifiedMs: now },
      given as Given,
      ctx as Context,
    );
    brandings.put(ctx.tx, [...key], row);
    brandingClients.put(ctx.tx, [...keyOf(pool), row.brandingId], { clientId: ClientId });
    return { ManagedLoginBranding: await shown(pool, row, false, ctx as Context) };
  },
  record: { request: withoutImages, response: withoutImages },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeManagedLoginBranding.html */
export const describeManagedLoginBranding = idp.operation("DescribeManagedLoginBranding", {
  access: onPool("DescribeManagedLoginBranding"),
  async handle({ UserPoolId, ManagedLoginBrandingId, ReturnMergedResources }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existing(pool, ManagedLoginBrandingId, ctx as Context);
    return { ManagedLoginBranding: await shown(pool, row, ReturnMergedResources, ctx as Context) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeManagedLoginBrandingByClient.html */
export const describeManagedLoginBrandingByClient = idp.operation("DescribeManagedLoginBrandingByClient", {
  access: onPool("DescribeManagedLoginBrandingByClient"),
  async handle({ UserPoolId, ClientId, ReturnMergedResources }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existingClient(UserPoolId, ClientId, ctx);
    const row = await brandings.get(ctx.tx, ...keyOf(pool), ClientId);
    if (row === undefined)
      throw notFound(`Managed login branding does not exist for app client ${ClientId}.`);
    return { ManagedLoginBranding: await shown(pool, row, ReturnMergedResources, ctx as Context) };
  },
});

/** What is not said stays as it is. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateManagedLoginBranding.html */
export const updateManagedLoginBranding = idp.operation("UpdateManagedLoginBranding", {
  access: ({ UserPoolId = "" }, ctx) => poolAccess("UpdateManagedLoginBranding", UserPoolId, ctx as Context),
  async handle({ UserPoolId, ManagedLoginBrandingId, ...given }, ctx) {
    if (UserPoolId === undefined) throw invalid("Missing required parameter UserPoolId");
    if (ManagedLoginBrandingId === undefined)
      throw invalid("Missing required parameter ManagedLoginBrandingId");
    const pool = await existingPool(UserPoolId, ctx);
    const before = await existing(pool, ManagedLoginBrandingId, ctx as Context);
    const modified = { ...before, modifiedMs: ctx.clock.now() };
    const row = withGiven(pool, modified, given as Given, ctx as Context);
    brandings.put(ctx.tx, [...keyOf(pool), row.clientId], row);
    return { ManagedLoginBranding: await shown(pool, row, false, ctx as Context) };
  },
  record: { request: withoutImages, response: withoutImages },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteManagedLoginBranding.html */
export const deleteManagedLoginBranding = idp.operation("DeleteManagedLoginBranding", {
  access: onPool("DeleteManagedLoginBranding"),
  async handle({ UserPoolId, ManagedLoginBrandingId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existing(pool, ManagedLoginBrandingId, ctx as Context);
    await dropBranding(pool, row.clientId, ctx as Context);
    return {};
  },
});
