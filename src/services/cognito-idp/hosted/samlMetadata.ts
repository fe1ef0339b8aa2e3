import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { type SamlMetadata, samlMetadata } from "./metadata.ts";
import { BadProvider, fetchText, outside } from "./outside.ts";
import { type ProviderRow, providers } from "./tables.ts";

/**
 * Metadata of a SAML provider: a document that came with it, or one at an address, which is asked again now and then.
 * https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-managing-saml-idp.html
 */

/** AWS's own interval. */
const refreshMs = 6 * 3_600_000;
/** So long an address that did not answer is let alone. */
const retryMs = 15 * 60_000;

/** The provider with what its address says, if it has one. */
export async function withMetadata(row: ProviderRow, ctx: Context): Promise<ProviderRow> {
  const { MetadataURL } = row.details;
  if (row.type !== "SAML" || MetadataURL === undefined) return row;
  if (row.details.MetadataFile !== undefined)
    throw invalid("Only one of MetadataURL and MetadataFile can be set.");
  try {
    const text = await outside(ctx, `metadata/${MetadataURL}`, () => fetchText({ url: MetadataURL }));
    return { ...row, fetched: { text, atMs: ctx.clock.now() } };
  } catch (error) {
    if (!(error instanceof BadProvider)) throw error;
    throw invalid(`The metadata document cannot be retrieved: ${error.message}`);
  }
}

export function metadataOf({ details, fetched }: ProviderRow): SamlMetadata | undefined {
  return samlMetadata(details.MetadataFile ?? fetched?.text ?? "");
}

/** The provider's metadata as it is now: where its address does not answer, what it said before holds. */
export async function currentMetadata(
  pool: PoolRow,
  row: ProviderRow,
  ctx: Context,
): Promise<SamlMetadata | undefined> {
  if (row.fetched === undefined || row.fetched.atMs > ctx.clock.now() - refreshMs) return metadataOf(row);
  const fresh = await refetched(row, ctx);
  providers.put(ctx.tx, [...keyOf(pool), row.name], fresh);
  return metadataOf(fresh);
}

async function refetched(row: ProviderRow, ctx: Context): Promise<ProviderRow> {
  const { text = "" } = row.fetched ?? {};
  const asBefore = { ...row, fetched: { text, atMs: ctx.clock.now() - refreshMs + retryMs } };
  try {
    const fresh = await withMetadata(row, ctx);
    return metadataOf(fresh) === undefined ? asBefore : fresh;
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    return asBefore;
  }
}
