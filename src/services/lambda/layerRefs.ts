import type { Context } from "../../kit/context.ts";
import { layerArnParts, layerPolicyAccess } from "./layerNames.ts";
import { invalid } from "./refusals.ts";
import { type LayerRefRow, layerVersions, versionKey } from "./tables.ts";

/** Layers as functions use them. */

export const maxLayers = 5;

/** The layers that a function names; each is the function's own copy, whatever becomes of the layer. */
export async function layerRefs(
  arns: readonly string[],
  present: readonly LayerRefRow[],
  ctx: Context,
): Promise<LayerRefRow[]> {
  if (arns.length > maxLayers) throw invalid(`Cannot reference more than ${maxLayers} layers.`);
  const byName = new Map<string, string>();
  const refs: LayerRefRow[] = [];
  for (const arn of arns) {
    const parts = layerArnParts(arn);
    if (parts === undefined) throw invalid(`Layer version ${arn} does not exist.`);
    if (parts.region !== ctx.region) {
      throw invalid(
        `Layers are not in the same region as the function. Layers are expected to be in region ${ctx.region}.`,
      );
    }
    const layer = `${parts.account}/${parts.name}`;
    const same = byName.get(layer);
    if (same !== undefined) {
      throw invalid(
        `Two different versions of the same layer are not allowed to be referenced in the same function. ${same} and ${arn} are versions of the same layer.`,
      );
    }
    byName.set(layer, arn);
    refs.push(present.find((one) => one.arn === arn) ?? (await newRef(arn, ctx)));
  }
  return refs;
}

async function newRef(arn: string, ctx: Context): Promise<LayerRefRow> {
  const { account, region, name, version } = layerArnParts(arn) as NonNullable<
    ReturnType<typeof layerArnParts>
  >;
  const row = await layerVersions.get(ctx.tx, account, region, name, versionKey(version));
  // Whoever uses a layer must be allowed to get it; of another's, its policy says.
  if (account !== ctx.account || row !== undefined)
    await ctx.authorize(await layerPolicyAccess("GetLayerVersion", { account, region, name, version }, ctx));
  if (row === undefined) throw invalid(`Layer version ${arn} does not exist.`);
  return { ...row.code, arn, bodyId: await ctx.bytes.share(row.code.bodyId) };
}
