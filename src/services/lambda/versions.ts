import type { FunctionConfiguration } from "@aws-sdk/client-lambda";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { markerOf } from "../../kit/paging.ts";
import { configurationFor, listedConfiguration, type Shown } from "./configuration.ts";
import { lambda } from "./contract.ts";
import { findVersion } from "./find.ts";
import { keyedPageOf } from "./lists.ts";
import { existingFunction, type FunctionName, functionAccess, latest, nameOf } from "./names.ts";
import { checkRevision, invalid } from "./refusals.ts";
import { type ConfigurationRow, functions, versionKey, versions } from "./tables.ts";

/** Versions: a function's code and configuration as they were when they were published. */

interface Wanted {
  description?: string | undefined;
  codeSha256?: string | undefined;
  revisionId?: string | undefined;
}

/** What two configurations have that makes them different versions. */
function essence({
  version,
  revisionId,
  modifiedAt,
  description,
  latestDescription = description,
  code,
  layers,
  ...rest
}: ConfigurationRow): string {
  return JSON.stringify([rest, latestDescription, code.sha256, layers.map(({ arn }) => arn)]);
}

/** Publishes $LATEST, unless nothing has changed since the last version. */
export async function publish(
  named: FunctionName,
  { description, codeSha256, revisionId }: Wanted,
  ctx: Context,
  under?: Shown["under"],
): Promise<FunctionConfiguration> {
  const row = await existingFunction(named, ctx);
  const { account, region, name } = named;
  checkRevision(revisionId, row.latest.revisionId, "GetFunction/GetAlias");
  if (codeSha256 !== undefined && codeSha256 !== "" && codeSha256 !== row.latest.code.sha256) {
    throw invalid(
      `CodeSHA256 (${codeSha256}) is different from current CodeSHA256 in $LATEST (${row.latest.code.sha256}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  }
  const last = String(row.nextVersion - 1);
  const present = await findVersion(named, last, ctx);
  if (present !== undefined && essence(present) === essence(row.latest))
    return await configurationFor(named, present, { qualifier: last }, ctx);
  const version = String(row.nextVersion);
  const published: ConfigurationRow = {
    ...row.latest,
    version,
    description: description ?? row.latest.description,
    latestDescription: row.latest.description,
    code: { ...row.latest.code, bodyId: await ctx.bytes.share(row.latest.code.bodyId) },
    layers: await Promise.all(
      row.latest.layers.map(async (layer) => ({ ...layer, bodyId: await ctx.bytes.share(layer.bodyId) })),
    ),
    revisionId: uuid(),
  };
  versions.put(ctx.tx, [account, region, name, versionKey(version)], published);
  functions.put(ctx.tx, [account, region, name], {
    ...row,
    // Publishing is a change of $LATEST, too.
    latest: { ...row.latest, revisionId: uuid() },
    nextVersion: row.nextVersion + 1,
  });
  return await configurationFor(named, published, { qualifier: version, ...(under && { under }) }, ctx);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_PublishVersion.html */
export const publishVersion = lambda.operation("PublishVersion", {
  access: ({ FunctionName }, ctx) => functionAccess("PublishVersion", FunctionName, ctx),
  async handle({ FunctionName, CodeSha256, Description, RevisionId }, ctx) {
    const named = nameOf(FunctionName, ctx);
    const wanted = { description: Description, codeSha256: CodeSha256, revisionId: RevisionId };
    return await publish({ ...named, qualifier: undefined }, wanted, ctx);
  },
});

const maxPage = 50;

/** https://docs.aws.amazon.com/lambda/latest/api/API_ListVersionsByFunction.html */
export const listVersionsByFunction = lambda.operation("ListVersionsByFunction", {
  access: ({ FunctionName }, ctx) => functionAccess("ListVersionsByFunction", FunctionName, ctx),
  async handle({ FunctionName, Marker, MaxItems = maxPage }, ctx) {
    const named = nameOf(FunctionName, ctx);
    const row = await existingFunction(named, ctx);
    const limit = Math.min(MaxItems, maxPage);
    // $LATEST comes first, before those that were published.
    const isFirst = Marker === undefined;
    const marker = isFirst || Marker === markerOf([latest]) ? undefined : Marker;
    const published = Math.max(0, isFirst ? limit - 1 : limit);
    const parts = [named.account, named.region, named.name];
    const page =
      published === 0
        ? { items: [], next: row.nextVersion > 1 ? markerOf([latest]) : undefined }
        : await keyedPageOf(versions, ctx.tx, parts, { limit: published, marker });
    const shown = [...(isFirst ? [row.latest] : []), ...page.items.map((one) => one.row)].map((one) =>
      listedConfiguration({ ...named, qualifier: one.version }, one, ctx),
    );
    return { Versions: await Promise.all(shown), ...(page.next !== undefined && { NextMarker: page.next }) };
  },
});
