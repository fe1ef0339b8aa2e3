import type { Context } from "../../kit/context.ts";
import type { Access } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { type OidcProviderRow, oidcProviders } from "./providerTables.ts";
import { overQuota } from "./quotas.ts";
import { seconds } from "./shared.ts";
import { listedTags, shownTags, taggedResource, tagKeys, withoutTags, withTags } from "./tags.ts";

/** OpenID Connect providers. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_providers_create_oidc.html */

const maxPerAccount = 100;
const maxClientIds = 100;
const maxThumbprints = 5;

function arnOf(account: string, url: string): string {
  return `arn:aws:iam::${account}:oidc-provider/${url}`;
}

function urlOf(arn: string): string {
  return arn.slice(arn.indexOf(":oidc-provider/") + ":oidc-provider/".length);
}

async function accessTo(action: string, arn: string, ctx: Context): Promise<Access> {
  const row = await oidcProviders.get(ctx.tx, ctx.account, urlOf(arn));
  return { action: `iam:${action}`, resource: arn, ...(row && taggedResource(row.tags)) };
}

const onProvider =
  (action: string) =>
  ({ OpenIDConnectProviderArn }: { OpenIDConnectProviderArn: string }, ctx: Context) =>
    accessTo(action, OpenIDConnectProviderArn, ctx);

async function find(arn: string, ctx: Context<"NoSuchEntityException">): Promise<OidcProviderRow> {
  const row = await oidcProviders.get(ctx.tx, ctx.account, urlOf(arn));
  if (row?.arn !== arn) {
    throw ctx.error("NoSuchEntityException", `OpenIDConnect Provider not found for arn ${arn}`);
  }
  return row;
}

function save(row: OidcProviderRow, ctx: Context): void {
  oidcProviders.put(ctx.tx, [ctx.account, row.url], row);
}

function checkThumbprints(thumbprints: readonly string[], ctx: Context<"InvalidInputException">): void {
  if (thumbprints.length > maxThumbprints) {
    throw ctx.error("InvalidInputException", "Thumbprint list must contain fewer than 5 entries.");
  }
}

/** https with no query; over loopback http will do, for issuers under test. */
function issuerOf(Url: string, ctx: Context<"InvalidInputException">): string {
  let url: URL;
  try {
    url = new URL(Url);
  } catch {
    throw ctx.error("InvalidInputException", "Invalid Open ID Connect Provider URL");
  }
  const isLoopback = url.hostname === "127.0.0.1" || url.hostname === "localhost" || url.hostname === "[::1]";
  if (
    (url.protocol !== "https:" && !(url.protocol === "http:" && isLoopback)) ||
    url.search !== "" ||
    url.hash !== ""
  ) {
    throw ctx.error("InvalidInputException", "Invalid Open ID Connect Provider URL");
  }
  return Url.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateOpenIDConnectProvider.html */
export const createOpenIDConnectProvider = iam.operation("CreateOpenIDConnectProvider", {
  access: ({ Url, Tags }, ctx) => ({
    action: "iam:CreateOpenIDConnectProvider",
    resource: arnOf(ctx.account, Url.replace(/^https?:\/\//, "")),
    requestTags: Tags,
  }),
  async handle({ Url, ClientIDList = [], ThumbprintList = [], Tags = [] }, ctx) {
    const url = issuerOf(Url, ctx);
    checkThumbprints(ThumbprintList, ctx);
    if (ClientIDList.length > maxClientIds)
      throw overQuota("ClientIdsPerOpenIdConnectProvider", maxClientIds, ctx);
    if ((await oidcProviders.get(ctx.tx, ctx.account, url)) !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", `Provider with url ${Url} already exists.`);
    }
    if ((await oidcProviders.list(ctx.tx, [ctx.account])).length >= maxPerAccount) {
      throw overQuota("OpenIdConnectProvidersPerAccount", maxPerAccount, ctx);
    }
    const row: OidcProviderRow = {
      arn: arnOf(ctx.account, url),
      url,
      clientIds: [...new Set(ClientIDList)],
      thumbprints: ThumbprintList.map((print) => print.toLowerCase()),
      createDate: ctx.clock.now(),
      tags: withTags({}, Tags, "exact", ctx),
    };
    save(row, ctx);
    return { OpenIDConnectProviderArn: row.arn, Tags: shownTags(row.tags) };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOpenIDConnectProvider.html */
export const getOpenIDConnectProvider = iam.operation("GetOpenIDConnectProvider", {
  access: onProvider("GetOpenIDConnectProvider"),
  async handle({ OpenIDConnectProviderArn }, ctx) {
    const { url, clientIds, thumbprints, createDate, tags } = await find(OpenIDConnectProviderArn, ctx);
    return {
      Url: url,
      ClientIDList: clientIds,
      ThumbprintList: thumbprints,
      CreateDate: seconds(createDate),
      Tags: shownTags(tags),
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviders.html */
export const listOpenIDConnectProviders = iam.operation("ListOpenIDConnectProviders", {
  access: () => ({ action: "iam:ListOpenIDConnectProviders", resource: "*" }),
  async handle(_input, ctx) {
    const rows = await oidcProviders.list(ctx.tx, [ctx.account]);
    return { OpenIDConnectProviderList: rows.map(({ row }) => ({ Arn: row.arn })) };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_AddClientIDToOpenIDConnectProvider.html */
export const addClientIDToOpenIDConnectProvider = iam.operation("AddClientIDToOpenIDConnectProvider", {
  access: onProvider("AddClientIDToOpenIDConnectProvider"),
  async handle({ OpenIDConnectProviderArn, ClientID }, ctx) {
    const row = await find(OpenIDConnectProviderArn, ctx);
    const clientIds = [...new Set([...row.clientIds, ClientID])];
    if (clientIds.length > maxClientIds)
      throw overQuota("ClientIdsPerOpenIdConnectProvider", maxClientIds, ctx);
    save({ ...row, clientIds }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_RemoveClientIDFromOpenIDConnectProvider.html */
export const removeClientIDFromOpenIDConnectProvider = iam.operation(
  "RemoveClientIDFromOpenIDConnectProvider",
  {
    access: onProvider("RemoveClientIDFromOpenIDConnectProvider"),
    async handle({ OpenIDConnectProviderArn, ClientID }, ctx) {
      const row = await find(OpenIDConnectProviderArn, ctx);
      save({ ...row, clientIds: row.clientIds.filter((id) => id !== ClientID) }, ctx);
      return {};
    },
  },
);

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateOpenIDConnectProviderThumbprint.html */
export const updateOpenIDConnectProviderThumbprint = iam.operation("UpdateOpenIDConnectProviderThumbprint", {
  access: onProvider("UpdateOpenIDConnectProviderThumbprint"),
  async handle({ OpenIDConnectProviderArn, ThumbprintList }, ctx) {
    const row = await find(OpenIDConnectProviderArn, ctx);
    checkThumbprints(ThumbprintList, ctx);
    save({ ...row, thumbprints: ThumbprintList.map((print) => print.toLowerCase()) }, ctx);
    return {};
  },
});

/** Deleting one that is gone succeeds. https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteOpenIDConnectProvider.html */
export const deleteOpenIDConnectProvider = iam.operation("DeleteOpenIDConnectProvider", {
  access: onProvider("DeleteOpenIDConnectProvider"),
  handle({ OpenIDConnectProviderArn }, ctx) {
    oidcProviders.delete(ctx.tx, ctx.account, urlOf(OpenIDConnectProviderArn));
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_TagOpenIDConnectProvider.html */
export const tagOpenIDConnectProvider = iam.operation("TagOpenIDConnectProvider", {
  access: async ({ OpenIDConnectProviderArn, Tags }, ctx) => ({
    ...(await accessTo("TagOpenIDConnectProvider", OpenIDConnectProviderArn, ctx)),
    requestTags: Tags,
  }),
  async handle({ OpenIDConnectProviderArn, Tags }, ctx) {
    const row = await find(OpenIDConnectProviderArn, ctx);
    save({ ...row, tags: withTags(row.tags, Tags, "exact", ctx) }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UntagOpenIDConnectProvider.html */
export const untagOpenIDConnectProvider = iam.operation("UntagOpenIDConnectProvider", {
  access: async ({ OpenIDConnectProviderArn, TagKeys }, ctx) => ({
    ...(await accessTo("UntagOpenIDConnectProvider", OpenIDConnectProviderArn, ctx)),
    requestTags: tagKeys(TagKeys),
  }),
  async handle({ OpenIDConnectProviderArn, TagKeys }, ctx) {
    const row = await find(OpenIDConnectProviderArn, ctx);
    save({ ...row, tags: withoutTags(row.tags, TagKeys, "exact") }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListOpenIDConnectProviderTags.html */
export const listOpenIDConnectProviderTags = iam.operation("ListOpenIDConnectProviderTags", {
  access: onProvider("ListOpenIDConnectProviderTags"),
  async handle({ OpenIDConnectProviderArn, ...page }, ctx) {
    return listedTags((await find(OpenIDConnectProviderArn, ctx)).tags, page, ctx);
  },
});
