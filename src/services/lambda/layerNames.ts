import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { documentOf } from "./names.ts";
import { layerVersions, versionKey } from "./tables.ts";

export interface LayerName {
  account: string;
  region: string;
  name: string;
}

const arnForm = /^arn:aws[a-zA-Z-]*:lambda:([a-z0-9-]+):(\d{12}):layer:([a-zA-Z0-9-_]+)(?::(\d+))?$/;

/** The parts of a layer version's ARN; undefined for what is none. */
export function layerArnParts(arn: string): (LayerName & { version: string }) | undefined {
  const [, region, account, name, version] = arnForm.exec(arn) ?? [];
  if (region === undefined || account === undefined || name === undefined || version === undefined)
    return undefined;
  return { region, account, name, version };
}

/** A layer by its name or ARN. */
export function layerNamed(
  text: string,
  { account, region }: Pick<Context, "account" | "region">,
): LayerName {
  const [, ownRegion, ownAccount, name] = arnForm.exec(text) ?? [];
  return name === undefined
    ? { account, region, name: text }
    : { account: ownAccount as string, region: ownRegion as string, name };
}

export function layerArn({ account, region, name }: LayerName): string {
  return `arn:aws:lambda:${region}:${account}:layer:${name}`;
}

export function layerVersionArn(layer: LayerName, version: number | string): string {
  return `${layerArn(layer)}:${version}`;
}

/** A layer version as a resource of an access declaration, its policy included. */
export async function layerPolicyAccess(
  action: string,
  { version, ...layer }: LayerName & { version: number | string },
  ctx: Context,
): Promise<Access> {
  const { account, region, name } = layer;
  const row = await layerVersions.get(ctx.tx, account, region, name, versionKey(String(version)));
  const resource = layerVersionArn(layer, version);
  return {
    action: `lambda:${action}`,
    resource,
    resourceAccount: account,
    resourceType: "AWS::Lambda::LayerVersion",
    resourcePolicy: row?.policy && { name: resource, document: documentOf(row.policy), kind: "resource" },
  };
}
