import { randomBytes } from "node:crypto";
import type { GetAccessKeyLastUsedResponse } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uniqueId } from "../../kit/ids.ts";
import { pageOfList } from "../../kit/paging.ts";
import type { BootstrapContext } from "../../kit/service.ts";
import { iam } from "./contract.ts";
import { lastUseOfKey } from "./lastUse.ts";
import { overQuota, quotas } from "./quotas.ts";
import { onUser, paged, seconds } from "./shared.ts";
import { type AccessKeyRow, accessKeys, userKeys } from "./tables.ts";
import { findUser, namedOrCaller, userAccess } from "./users.ts";

/** The owner of keys as a request names it: a user, or "" for the account's root. */
async function ownerOf(
  UserName: string | undefined,
  ctx: Context<"NoSuchEntityException">,
): Promise<{ userName: string; key: string }> {
  const name = namedOrCaller(UserName, ctx);
  if (name === undefined) return { userName: "", key: "" };
  const { userName } = await findUser(name, ctx);
  return { userName, key: userName.toLowerCase() };
}

async function findKey(
  accessKeyId: string,
  UserName: string | undefined,
  ctx: Context<"NoSuchEntityException">,
): Promise<AccessKeyRow> {
  const { key } = await ownerOf(UserName, ctx);
  const row = await accessKeys.get(ctx.tx, accessKeyId);
  if (row?.account === ctx.account && (row.userName ?? "").toLowerCase() === key) return row;
  throw ctx.error("NoSuchEntityException", `The Access Key with id ${accessKeyId} cannot be found.`);
}

/** Makes a long-term key. https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateAccessKey.html */
export const createAccessKey = iam.operation("CreateAccessKey", {
  access: ({ UserName }, ctx) => userAccess("CreateAccessKey", UserName, ctx),
  async handle({ UserName }, ctx) {
    const { userName: owner, key: ownerKey } = await ownerOf(UserName, ctx);
    const held = await userKeys.list(ctx.tx, [ctx.account, ownerKey]);
    if (held.length >= quotas.AccessKeysPerUser) {
      throw overQuota("AccessKeysPerUser", quotas.AccessKeysPerUser, ctx);
    }
    const createDate = ctx.clock.now();
    const accessKeyId = uniqueId("AKIA").slice(0, 20);
    const secretAccessKey = randomBytes(30).toString("base64");
    accessKeys.put(ctx.tx, [accessKeyId], {
      accessKeyId,
      account: ctx.account,
      ...(owner !== "" && { userName: owner }),
      secretAccessKey,
      status: "Active",
      createDate,
    });
    userKeys.put(ctx.tx, [ctx.account, ownerKey, accessKeyId], { createDate });
    return {
      AccessKey: {
        UserName: owner,
        AccessKeyId: accessKeyId,
        Status: "Active" as const,
        SecretAccessKey: secretAccessKey,
        CreateDate: seconds(createDate),
      },
    };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListAccessKeys.html */
export const listAccessKeys = iam.operation("ListAccessKeys", {
  access: ({ UserName }, ctx) => userAccess("ListAccessKeys", UserName, ctx),
  async handle({ UserName, ...page }, ctx) {
    const { userName, key } = await ownerOf(UserName, ctx);
    const held = await userKeys.list(ctx.tx, [ctx.account, key]);
    const rows = await Promise.all(held.map((each) => accessKeys.get(ctx.tx, each.key[2])));
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) =>
        pageOfList(
          rows.filter((row) => row !== undefined),
          limit,
          marker,
        ),
      ({ accessKeyId, status, createDate }) => ({
        UserName: userName,
        AccessKeyId: accessKeyId,
        Status: status,
        CreateDate: seconds(createDate),
      }),
    );
    return { AccessKeyMetadata: items, ...truncation };
  },
});

/** Switches a key off or on. https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateAccessKey.html */
export const updateAccessKey = iam.operation("UpdateAccessKey", {
  access: ({ UserName }, ctx) => userAccess("UpdateAccessKey", UserName, ctx),
  async handle({ UserName, AccessKeyId, Status }, ctx) {
    const row = await findKey(AccessKeyId, UserName, ctx);
    if (Status === "Expired") throw ctx.error("InvalidInputException", "Status can be Active or Inactive.");
    accessKeys.put(ctx.tx, [AccessKeyId], { ...row, status: Status });
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteAccessKey.html */
export const deleteAccessKey = iam.operation("DeleteAccessKey", {
  access: ({ UserName }, ctx) => userAccess("DeleteAccessKey", UserName, ctx),
  async handle({ UserName, AccessKeyId }, ctx) {
    const { userName = "" } = await findKey(AccessKeyId, UserName, ctx);
    accessKeys.delete(ctx.tx, AccessKeyId);
    userKeys.delete(ctx.tx, ctx.account, userName.toLowerCase(), AccessKeyId);
    return {};
  },
  record: { resources: onUser },
});

/**
 * Read from the record of calls, so that using a key writes nothing more.
 * https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetAccessKeyLastUsed.html
 */
export const getAccessKeyLastUsed = iam.operation("GetAccessKeyLastUsed", {
  async access({ AccessKeyId }, ctx) {
    const row = await accessKeys.get(ctx.tx, AccessKeyId);
    const owner = row?.account === ctx.account ? row.userName : "";
    return {
      ...(await userAccess("GetAccessKeyLastUsed", owner ?? "", ctx)),
      shownAs: `access key ${AccessKeyId}`,
    };
  },
  async handle({ AccessKeyId }, ctx) {
    const row = await accessKeys.get(ctx.tx, AccessKeyId);
    if (row?.account !== ctx.account) {
      // AWS says the same of a key that is not there and of one that is another account's.
      throw ctx.error(
        "AccessDenied",
        `User: ${ctx.caller.principal.arn} is not authorized to perform: iam:GetAccessKeyLastUsed on resource: access key ${AccessKeyId}`,
      );
    }
    const used = await lastUseOfKey(AccessKeyId, ctx);
    const AccessKeyLastUsed =
      used === undefined
        ? { ServiceName: "N/A", Region: "N/A" }
        : { LastUsedDate: seconds(used.atMs), ServiceName: used.service, Region: used.region };
    return { UserName: row.userName ?? "", AccessKeyLastUsed } as GetAccessKeyLastUsedResponse;
  },
});

/** The home account's root key: what the operator was given at start replaces what stood there before. */
export async function makeRootKey({ tx, account, clock, rootCredentials }: BootstrapContext): Promise<void> {
  const { accessKeyId, secretAccessKey } = rootCredentials;
  const known = await accessKeys.get(tx, accessKeyId);
  if (known?.secretAccessKey === secretAccessKey && known.account === account && known.userName === undefined)
    return;
  for (const { key } of await userKeys.list(tx, [account, ""])) {
    accessKeys.delete(tx, key[2]);
    userKeys.delete(tx, ...key);
  }
  const createDate = clock.now();
  accessKeys.put(tx, [accessKeyId], { accessKeyId, account, secretAccessKey, status: "Active", createDate });
  userKeys.put(tx, [account, "", accessKeyId], { createDate });
}
