import type { TermsType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { uuid } from "../../../kit/ids.ts";
import { pageOf } from "../../../kit/paging.ts";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { invalid, notFound } from "../refusals.ts";
import { maxTermsPerPool } from "./looks.ts";
import { type TermsRow, terms } from "./tables.ts";

/** Documents that users are shown links to: terms of use, privacy policies. */

const defaultPageSize = 60;
const fallback = "cognito:default";

function shown({ poolId }: PoolRow, row: TermsRow): TermsType {
  return {
    TermsId: row.termsId,
    UserPoolId: poolId,
    ClientId: row.clientId,
    TermsName: row.name,
    TermsSource: "LINK",
    Enforcement: row.enforcement,
    Links: row.links,
    CreationDate: new Date(row.createdMs),
    LastModifiedDate: new Date(row.modifiedMs),
  };
}

function checkLinks(links: Record<string, string>): void {
  if (links[fallback] === undefined) throw invalid(`Links must contain ${fallback}.`);
  const isBad = (url: string) => !/^https?:\/\/[^\s"<>]+$/.test(url);
  if (Object.values(links).some(isBad)) throw invalid("Links must be URLs.");
}

async function checkFree(pool: PoolRow, row: TermsRow, ctx: Context): Promise<void> {
  const rows = await terms.list(ctx.tx, keyOf(pool), { limit: maxTermsPerPool });
  if (rows.length >= maxTermsPerPool)
    throw new AwsError("LimitExceededException", `A user pool has at most ${maxTermsPerPool} terms.`);
  const isSame = rows.some(
    ({ row: { termsId, clientId, name } }) =>
      termsId !== row.termsId && clientId === row.clientId && name === row.name,
  );
  if (isSame) throw new AwsError("TermsExistsException", "Terms of this name exist for the client.");
}

async function existing(pool: PoolRow, termsId: string, ctx: Context): Promise<TermsRow> {
  const row = await terms.get(ctx.tx, ...keyOf(pool), termsId);
  if (row === undefined) throw notFound("Terms do not exist.");
  return row;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateTerms.html */
export const createTerms = idp.operation("CreateTerms", {
  access: onPool("CreateTerms"),
  async handle({ UserPoolId, ClientId, TermsName, Enforcement, Links = {} }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existingClient(UserPoolId, ClientId, ctx);
    checkLinks(Links);
    const now = ctx.clock.now();
    const row: TermsRow = {
      termsId: uuid(),
      clientId: ClientId,
      name: TermsName,
      enforcement: Enforcement,
      links: Links,
      createdMs: now,
      modifiedMs: now,
    };
    await checkFree(pool, row, ctx as Context);
    terms.put(ctx.tx, [...keyOf(pool), row.termsId], row);
    return { Terms: shown(pool, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeTerms.html */
export const describeTerms = idp.operation("DescribeTerms", {
  access: onPool("DescribeTerms"),
  async handle({ UserPoolId, TermsId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    return { Terms: shown(pool, await existing(pool, TermsId, ctx as Context)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateTerms.html */
export const updateTerms = idp.operation("UpdateTerms", {
  access: onPool("UpdateTerms"),
  async handle({ UserPoolId, TermsId, TermsName, Enforcement, Links }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const before = await existing(pool, TermsId, ctx as Context);
    const row: TermsRow = {
      ...before,
      name: TermsName ?? before.name,
      enforcement: Enforcement ?? before.enforcement,
      links: Links ?? before.links,
      modifiedMs: ctx.clock.now(),
    };
    checkLinks(row.links);
    await checkFree(pool, row, ctx as Context);
    terms.put(ctx.tx, [...keyOf(pool), TermsId], row);
    return { Terms: shown(pool, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteTerms.html */
export const deleteTerms = idp.operation("DeleteTerms", {
  access: onPool("DeleteTerms"),
  async handle({ UserPoolId, TermsId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    await existing(pool, TermsId, ctx as Context);
    terms.delete(ctx.tx, ...keyOf(pool), TermsId);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListTerms.html */
export const listTerms = idp.operation("ListTerms", {
  access: onPool("ListTerms"),
  async handle({ UserPoolId, MaxResults = defaultPageSize, NextToken }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const { items, next } = await page(() =>
      pageOf(terms, ctx.tx, keyOf(pool), { limit: MaxResults, marker: NextToken }),
    );
    return {
      Terms: items.map(({ termsId, name, enforcement, createdMs, modifiedMs }) => ({
        TermsId: termsId,
        TermsName: name,
        Enforcement: enforcement,
        CreationDate: new Date(createdMs),
        LastModifiedDate: new Date(modifiedMs),
      })),
      ...(next && { NextToken: next }),
    };
  },
});
