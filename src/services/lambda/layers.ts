import type { LayerVersionsListItem, PublishLayerVersionResponse } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { codeLocation } from "./codeLocation.ts";
import { timeText } from "./configuration.ts";
import { lambda } from "./contract.ts";
import {
  type LayerName,
  layerArn,
  layerArnParts,
  layerNamed,
  layerPolicyAccess,
  layerVersionArn,
} from "./layerNames.ts";
import { keyedPageOf, pageOf } from "./lists.ts";
import { keepPackage, takePackage } from "./packageInput.ts";
import { invalid, notFound } from "./refusals.ts";
import { type LayerVersionRow, layers, layerVersions, versionKey } from "./tables.ts";

/** Layers: archives that functions share. */

function summary(layer: LayerName, row: LayerVersionRow): LayerVersionsListItem {
  return {
    LayerVersionArn: layerVersionArn(layer, row.version),
    Version: row.version,
    Description: row.description,
    CreatedDate: timeText(row.createdAt),
    ...(row.runtimes && { CompatibleRuntimes: [...row.runtimes] as never }),
    ...(row.license !== undefined && { LicenseInfo: row.license }),
    ...(row.architectures && { CompatibleArchitectures: [...row.architectures] as never }),
  };
}

async function shown(
  layer: LayerName,
  row: LayerVersionRow,
  ctx: Context,
): Promise<PublishLayerVersionResponse> {
  const { code } = row;
  return {
    ...summary(layer, row),
    LayerArn: layerArn(layer),
    Content: { Location: await codeLocation(code, ctx), CodeSha256: code.sha256, CodeSize: code.bytes },
  };
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_PublishLayerVersion.html */
export const publishLayerVersion = lambda.operation("PublishLayerVersion", {
  access: ({ LayerName }, ctx) => ({
    action: "lambda:PublishLayerVersion",
    resource: layerArn(layerNamed(LayerName, ctx)),
    resourceType: "AWS::Lambda::LayerVersion",
  }),
  async handle(input, ctx) {
    const layer = layerNamed(input.LayerName, ctx);
    const key: [string, string, string] = [layer.account, layer.region, layer.name];
    const taken = await takePackage(input.Content ?? {}, ctx);
    // Numbers are never given twice, even when every version was deleted.
    const version = ((await layers.get(ctx.tx, ...key))?.lastVersion ?? 0) + 1;
    const row: LayerVersionRow = {
      version,
      description: input.Description ?? "",
      ...(input.LicenseInfo !== undefined && { license: input.LicenseInfo }),
      ...(input.CompatibleRuntimes && { runtimes: [...input.CompatibleRuntimes] }),
      ...(input.CompatibleArchitectures && { architectures: [...input.CompatibleArchitectures] }),
      code: keepPackage(taken, ctx),
      createdAt: ctx.clock.now(),
    };
    layers.put(ctx.tx, key, { lastVersion: version });
    layerVersions.put(ctx.tx, [...key, versionKey(String(version))], row);
    return await shown(layer, row, ctx);
  },
});

export async function existingLayerVersion(
  layer: LayerName,
  version: number | string,
  ctx: Context,
): Promise<LayerVersionRow> {
  if (Number(version) < 1) throw invalid("Layer Version Cannot be less than 1");
  const { account, region, name } = layer;
  const row = await layerVersions.get(ctx.tx, account, region, name, versionKey(String(version)));
  if (row === undefined) throw notFound("The resource you requested does not exist.");
  return row;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersion.html */
export const getLayerVersion = lambda.operation("GetLayerVersion", {
  access: ({ LayerName, VersionNumber }, ctx) =>
    layerPolicyAccess("GetLayerVersion", { ...layerNamed(LayerName, ctx), version: VersionNumber }, ctx),
  async handle({ LayerName, VersionNumber }, ctx) {
    const layer = layerNamed(LayerName, ctx);
    return await shown(layer, await existingLayerVersion(layer, VersionNumber, ctx), ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionByArn.html */
export const getLayerVersionByArn = lambda.operation("GetLayerVersionByArn", {
  access: ({ Arn }, ctx) =>
    layerPolicyAccess("GetLayerVersion", layerArnParts(Arn) ?? { ...layerNamed(Arn, ctx), version: 0 }, ctx),
  async handle({ Arn }, ctx) {
    const parts = layerArnParts(Arn);
    if (parts === undefined) throw notFound("The resource you requested does not exist.");
    return await shown(parts, await existingLayerVersion(parts, parts.version, ctx), ctx);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteLayerVersion.html */
export const deleteLayerVersion = lambda.operation("DeleteLayerVersion", {
  access: ({ LayerName, VersionNumber }, ctx) =>
    layerPolicyAccess("DeleteLayerVersion", { ...layerNamed(LayerName, ctx), version: VersionNumber }, ctx),
  async handle({ LayerName, VersionNumber }, ctx) {
    if (VersionNumber < 1) throw invalid("Layer Version Cannot be less than 1");
    const { account, region, name } = layerNamed(LayerName, ctx);
    const key = [account, region, name, versionKey(String(VersionNumber))] as const;
    const row = await layerVersions.get(ctx.tx, ...key);
    if (row === undefined) return {};
    await ctx.bytes.remove(row.code.bodyId);
    layerVersions.delete(ctx.tx, ...key);
    return {};
  },
});

const maxPage = 50;

interface Wanted {
  CompatibleRuntime?: string | undefined;
  CompatibleArchitecture?: string | undefined;
}

function fits({ runtimes, architectures }: LayerVersionRow, wanted: Wanted): boolean {
  const { CompatibleRuntime: runtime, CompatibleArchitecture: architecture } = wanted;
  if (runtime !== undefined && !runtimes?.includes(runtime)) return false;
  return architecture === undefined || architectures?.includes(architecture) === true;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListLayerVersions.html */
export const listLayerVersions = lambda.operation("ListLayerVersions", {
  access: () => ({ action: "lambda:ListLayerVersions", resource: "*" }),
  async handle({ LayerName, Marker, MaxItems = maxPage, ...wanted }, ctx) {
    const layer = layerNamed(LayerName, ctx);
    const page = await pageOf(layerVersions, ctx.tx, [layer.account, layer.region, layer.name], {
      limit: MaxItems,
      marker: Marker,
      where: (row) => fits(row, wanted),
      reverse: true,
    });
    return {
      LayerVersions: page.items.map((row) => summary(layer, row)),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListLayers.html */
export const listLayers = lambda.operation("ListLayers", {
  access: () => ({ action: "lambda:ListLayers", resource: "*" }),
  async handle({ Marker, MaxItems = maxPage, ...wanted }, ctx) {
    const home = { account: ctx.account, region: ctx.region };
    const parts = [ctx.account, ctx.region];
    const page = await keyedPageOf(layers, ctx.tx, parts, { limit: MaxItems, marker: Marker });
    const items = await Promise.all(
      page.items.map(async ({ key: [, , name] }) => {
        const all = await layerVersions.list(ctx.tx, [...parts, name], { reverse: true });
        const newest = all.map(({ row }) => row).find((row) => fits(row, wanted));
        return newest && itemOf({ ...home, name }, newest);
      }),
    );
    return {
      Layers: items.filter((item) => item !== undefined),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});

function itemOf(layer: LayerName, newest: LayerVersionRow) {
  return {
    LayerName: layer.name,
    LayerArn: layerArn(layer),
    LatestMatchingVersion: summary(layer, newest),
  };
}
