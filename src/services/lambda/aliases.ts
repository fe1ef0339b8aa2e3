import type { AliasConfiguration } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { lambda } from "./contract.ts";
import { findVersion } from "./find.ts";
import { pageOf } from "./lists.ts";
import {
  existingFunction,
  type FunctionName,
  findAlias,
  functionAccess,
  functionArn,
  latest,
  nameOf,
} from "./names.ts";
import { aliasMoved, dropProvisioned } from "./provisioned.ts";
import { checkRevision, conflict, invalid, notFound } from "./refusals.ts";
import { type AliasRow, aliases, eventInvokes, policies, urlIds, urls } from "./tables.ts";

/** Aliases: names for a version, or for two between which invocations are drawn. */

function shown(
  named: FunctionName,
  { name, version, description, weights, revisionId }: AliasRow,
): AliasConfiguration {
  return {
    AliasArn: functionArn(named, name),
    Name: name,
    FunctionVersion: version,
    Description: description,
    ...(Object.keys(weights).length > 0 && { RoutingConfig: { AdditionalVersionWeights: { ...weights } } }),
    RevisionId: revisionId,
  };
}

async function checkVersion(named: FunctionName, version: string, ctx: Context): Promise<void> {
  if (version === latest) return;
  if ((await findVersion(named, version, ctx)) === undefined)
    throw notFound(`Function not found: ${functionArn(named, version)}`);
}

type Routing = { AdditionalVersionWeights?: Readonly<Record<string, number>> | undefined } | undefined;

async function weightsOf(
  named: FunctionName,
  version: string,
  routing: Routing,
  ctx: Context,
): Promise<Record<string, number>> {
  const weights = { ...routing?.AdditionalVersionWeights };
  const others = Object.keys(weights);
  if (others.length > 1)
    throw invalid("Number of items in AdditionalVersionWeights cannot be greater than 1");
  for (const other of others) {
    if (other === version) {
      throw invalid(
        `Invalid function version ${other}. Function version ${other} is already included in routing configuration.`,
      );
    }
    if (version === latest)
      throw invalid("$LATEST is not supported for an alias pointing to more than 1 version");
    await checkVersion(named, other, ctx);
  }
  return weights;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateAlias.html */
export const createAlias = lambda.operation("CreateAlias", {
  access: ({ FunctionName }, ctx) => functionAccess("CreateAlias", FunctionName, ctx),
  async handle({ FunctionName, Name, FunctionVersion, Description = "", RoutingConfig }, ctx) {
    const named = nameOf(FunctionName, ctx);
    // A function that is not there is told by the version that was asked of it, as on AWS.
    await existingFunction({ ...named, qualifier: FunctionVersion }, ctx);
    await checkVersion(named, FunctionVersion, ctx);
    if ((await findAlias(named, Name, ctx)) !== undefined)
      throw conflict(`Alias already exists: ${functionArn(named, Name)}`);
    const weights = await weightsOf(named, FunctionVersion, RoutingConfig, ctx);
    const row = {
      name: Name,
      version: FunctionVersion,
      description: Description,
      weights,
      revisionId: uuid(),
    };
    aliases.put(ctx.tx, [named.account, named.region, named.name, Name], row);
    return shown(named, row);
  },
});

async function existingAlias(named: FunctionName, name: string, ctx: Context): Promise<AliasRow> {
  const row = await findAlias(named, name, ctx);
  if (row === undefined) throw notFound(`Cannot find alias arn: ${functionArn(named, name)}`);
  return row;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetAlias.html */
export const getAlias = lambda.operation("GetAlias", {
  access: ({ FunctionName }, ctx) => functionAccess("GetAlias", FunctionName, ctx),
  async handle({ FunctionName, Name }, ctx) {
    const named = nameOf(FunctionName, ctx);
    return shown(named, await existingAlias(named, Name, ctx));
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_UpdateAlias.html */
export const updateAlias = lambda.operation("UpdateAlias", {
  access: ({ FunctionName }, ctx) => functionAccess("UpdateAlias", FunctionName, ctx),
  async handle({ FunctionName, Name, FunctionVersion, Description, RoutingConfig, RevisionId }, ctx) {
    const named = nameOf(FunctionName, ctx);
    await existingFunction({ ...named, qualifier: Name }, ctx);
    const row = await findAlias(named, Name, ctx);
    if (row === undefined) throw notFound(`Alias not found: ${functionArn(named, Name)}`);
    checkRevision(RevisionId, row.revisionId, "GetFunction/GetAlias");
    const version = FunctionVersion ?? row.version;
    await checkVersion(named, version, ctx);
    const changed = {
      ...row,
      version,
      description: Description ?? row.description,
      weights:
        RoutingConfig === undefined ? row.weights : await weightsOf(named, version, RoutingConfig, ctx),
      revisionId: uuid(),
    };
    aliases.put(ctx.tx, [named.account, named.region, named.name, Name], changed);
    if (version !== row.version) await aliasMoved(named, Name, ctx);
    return shown(named, changed);
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_DeleteAlias.html */
export const deleteAlias = lambda.operation("DeleteAlias", {
  access: ({ FunctionName }, ctx) => functionAccess("DeleteAlias", FunctionName, ctx),
  async handle({ FunctionName, Name }, ctx) {
    const named = nameOf(FunctionName, ctx);
    await existingFunction({ ...named, qualifier: Name }, ctx);
    const key = [named.account, named.region, named.name, Name] as const;
    await dropProvisioned(named, Name, ctx);
    const url = await urls.get(ctx.tx, ...key);
    if (url !== undefined) urlIds.delete(ctx.tx, url.urlId);
    for (const one of [aliases, policies, eventInvokes, urls]) one.delete(ctx.tx, ...key);
    return {};
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListAliases.html */
export const listAliases = lambda.operation("ListAliases", {
  access: ({ FunctionName }, ctx) => functionAccess("ListAliases", FunctionName, ctx),
  async handle({ FunctionName, FunctionVersion, Marker, MaxItems = maxPage }, ctx) {
    const named = nameOf(FunctionName, ctx);
    await existingFunction(named, ctx);
    const page = await pageOf(aliases, ctx.tx, [named.account, named.region, named.name], {
      limit: Math.min(MaxItems, maxPage),
      marker: Marker,
      where: ({ version, weights }) =>
        FunctionVersion === undefined || version === FunctionVersion || FunctionVersion in weights,
    });
    return {
      Aliases: page.items.map((row) => shown(named, row)),
      ...(page.next !== undefined && { NextMarker: page.next }),
    };
  },
});
