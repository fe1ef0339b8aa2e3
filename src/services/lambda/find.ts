import type { Context } from "../../kit/context.ts";
import {
  arnOf,
  existingFunction,
  type FunctionName,
  findAlias,
  functionArn,
  isVersion,
  latest,
} from "./names.ts";
import { notFound } from "./refusals.ts";
import { type ConfigurationRow, type FunctionRow, versionKey, versions } from "./tables.ts";

/** The version that a name and a qualifier mean. */

export interface Resolved {
  row: FunctionRow;
  configuration: ConfigurationRow;
}

export async function findVersion(
  { account, region, name }: FunctionName,
  version: string,
  ctx: Pick<Context, "tx">,
): Promise<ConfigurationRow | undefined> {
  return await versions.get(ctx.tx, account, region, name, versionKey(version));
}

/** The configuration of a function, version or alias; an alias with weights draws one of its versions. */
export async function resolve(
  named: FunctionName,
  ctx: Pick<Context, "tx">,
  draw: () => number = () => 1,
): Promise<Resolved> {
  const row = await existingFunction(named, ctx);
  const { qualifier } = named;
  if (qualifier === undefined || qualifier === latest) return { row, configuration: row.latest };
  let version: string | undefined = qualifier;
  if (!isVersion(qualifier)) {
    const alias = await findAlias(named, qualifier, ctx);
    version = alias && drawn(alias.version, alias.weights, draw);
  }
  if (version === latest) return { row, configuration: row.latest };
  const configuration = version === undefined ? undefined : await findVersion(named, version, ctx);
  if (configuration === undefined) throw notFound(`Function not found: ${arnOf(named)}`);
  return { row, configuration };
}

/** Of an alias's versions, the one that this invocation goes to. */
function drawn(version: string, weights: Readonly<Record<string, number>>, draw: () => number): string {
  let left = draw();
  for (const [other, weight] of Object.entries(weights)) {
    if (left < weight) return other;
    left -= weight;
  }
  return version;
}

/** Throws unless the function, and the version or alias if one is named, are there. */
export async function checkExists(named: FunctionName, ctx: Pick<Context, "tx">): Promise<FunctionRow> {
  const row = await existingFunction(named, ctx);
  const { qualifier } = named;
  if (qualifier === undefined || qualifier === latest) return row;
  if (isVersion(qualifier)) {
    if ((await findVersion(named, qualifier, ctx)) === undefined)
      throw notFound(`Function not found: ${arnOf(named)}`);
  } else if ((await findAlias(named, qualifier, ctx)) === undefined) {
    // A "$" is no part of an alias's name.
    throw notFound(
      qualifier.includes("$")
        ? `Function not found: ${arnOf(named)}`
        : `Cannot find alias arn: ${functionArn(named, qualifier)}`,
    );
  }
  return row;
}
