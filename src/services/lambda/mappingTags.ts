import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { functionArn } from "./names.ts";
import { notFound } from "./refusals.ts";
import { type MappingRow, mappings } from "./tables.ts";
import { checkTags } from "./tagRules.ts";

/** Event source mappings by their ids. */

export function mappingArn({ account, region }: Pick<Context, "account" | "region">, uuid: string): string {
  return `arn:aws:lambda:${region}:${account}:event-source-mapping:${uuid}`;
}

export function mappedFunctionArn(
  { functionName: name, qualifier }: MappingRow,
  { account, region }: Pick<Context, "account" | "region">,
): string {
  return functionArn({ account, region, name }, qualifier);
}

/** A mapping as a resource of an access declaration. */
export async function mappingAccess(action: string, uuid: string, ctx: Context): Promise<Access> {
  const row = await mappings.get(ctx.tx, ctx.account, ctx.region, uuid);
  return {
    action: `lambda:${action}`,
    resource: mappingArn(ctx, uuid),
    resourceType: "AWS::Lambda::EventSourceMapping",
    resourceTags: row?.tags ?? {},
    context: { "lambda:FunctionArn": row && mappedFunctionArn(row, ctx) },
  };
}

export async function findMapping(uuid: string, ctx: Context): Promise<MappingRow> {
  const row = await mappings.get(ctx.tx, ctx.account, ctx.region, uuid);
  if (row === undefined) throw notFound(`Event source mapping not found: ${mappingArn(ctx, uuid)}`);
  return row;
}

export async function putMappingTags(
  uuid: string,
  by: (tags: Readonly<Record<string, string>>) => Record<string, string>,
  ctx: Context,
): Promise<void> {
  const row = await findMapping(uuid, ctx);
  const tags = by(row.tags);
  checkTags(tags);
  mappings.put(ctx.tx, [ctx.account, ctx.region, uuid], { ...row, tags });
}
