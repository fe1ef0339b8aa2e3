import { randomBytes } from "node:crypto";
import type { Context } from "../../kit/context.ts";
import { randomText, uniqueId } from "../../kit/ids.ts";
import { pageOfList } from "../../kit/paging.ts";
import { iam } from "./contract.ts";
import { type ServiceCredentialRow, serviceCredentials } from "./credentialTables.ts";
import { hashPassword } from "./passwords.ts";
import { overQuota } from "./quotas.ts";
import { onUser, paged, seconds } from "./shared.ts";
import type { UserRow } from "./tables.ts";
import { findUser, userAccess } from "./users.ts";

/**
 * User names and passwords for single services.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_service-specific-creds.html
 */

const dayMs = 86_400_000;
const maxPerServiceAndUser = 2;
const services = new Set([
  "codecommit.amazonaws.com",
  "cassandra.amazonaws.com",
  "bedrock.amazonaws.com",
  "logs.amazonaws.com",
]);

function ownerOf(UserName: string | undefined, ctx: Context<"NoSuchEntityException">): Promise<UserRow> {
  return findUser(UserName ?? ctx.caller.userName ?? "", ctx);
}

async function find(
  user: UserRow,
  id: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<ServiceCredentialRow> {
  const row = await serviceCredentials.get(ctx.tx, ctx.account, user.userId, id);
  if (row === undefined) {
    throw ctx.error("NoSuchEntityException", `No such credential ${id} exists`);
  }
  return row;
}

function describe(user: UserRow, row: ServiceCredentialRow, nowMs: number) {
  const { id, serviceName, serviceUserName, status, createDate, expirationDate } = row;
  const isExpired = expirationDate !== undefined && expirationDate <= nowMs;
  return {
    UserName: user.userName,
    ServiceSpecificCredentialId: id,
    ServiceName: serviceName,
    ServiceUserName: serviceUserName,
    Status: isExpired ? ("Expired" as const) : status,
    CreateDate: seconds(createDate),
    ...(expirationDate !== undefined && { ExpirationDate: seconds(expirationDate) }),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateServiceSpecificCredential.html */
export const createServiceSpecificCredential = iam.operation("CreateServiceSpecificCredential", {
  access: async ({ UserName, ServiceName, CredentialAgeDays }, ctx) => ({
    ...(await userAccess("CreateServiceSpecificCredential", UserName, ctx)),
    context: {
      "iam:ServiceSpecificCredentialServiceName": ServiceName,
      "iam:ServiceSpecificCredentialAgeDays":
        CredentialAgeDays === undefined ? undefined : String(CredentialAgeDays),
    },
  }),
  async handle({ UserName, ServiceName, CredentialAgeDays }, ctx) {
    const user = await findUser(UserName, ctx);
    if (!services.has(ServiceName)) {
      throw ctx.error(
        "ServiceNotSupportedException",
        `No such service ${ServiceName} is supported for Service Specific Credentials`,
      );
    }
    const held = await serviceCredentials.list(ctx.tx, [ctx.account, user.userId]);
    if (held.filter(({ row }) => row.serviceName === ServiceName).length >= maxPerServiceAndUser) {
      throw overQuota("ServiceSpecificCredentialsPerUser", maxPerServiceAndUser, ctx);
    }
    const now = ctx.clock.now();
    const password = randomBytes(32).toString("base64");
    const row: ServiceCredentialRow = {
      id: uniqueId("ACCA").slice(0, 21),
      serviceName: ServiceName,
      serviceUserName: `${user.userName}-at-${ctx.account}${held.length > 0 ? `+${randomText(3, "digits")}` : ""}`,
      passwordHash: await hashPassword(password),
      status: "Active",
      createDate: now,
      ...(CredentialAgeDays !== undefined && { expirationDate: now + CredentialAgeDays * dayMs }),
    };
    serviceCredentials.put(ctx.tx, [ctx.account, user.userId, row.id], row);
    return { ServiceSpecificCredential: { ...describe(user, row, now), ServicePassword: password } };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListServiceSpecificCredentials.html */
export const listServiceSpecificCredentials = iam.operation("ListServiceSpecificCredentials", {
  access: ({ UserName }, ctx) => userAccess("ListServiceSpecificCredentials", UserName, ctx),
  async handle({ UserName, ServiceName, AllUsers: _, ...page }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const rows = (await serviceCredentials.list(ctx.tx, [ctx.account, user.userId]))
      .map(({ row }) => row)
      .filter((row) => ServiceName === undefined || row.serviceName === ServiceName);
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(rows, limit, marker),
      (row) => describe(user, row, ctx.clock.now()),
    );
    return { ServiceSpecificCredentials: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResetServiceSpecificCredential.html */
export const resetServiceSpecificCredential = iam.operation("ResetServiceSpecificCredential", {
  access: ({ UserName }, ctx) => userAccess("ResetServiceSpecificCredential", UserName, ctx),
  async handle({ UserName, ServiceSpecificCredentialId }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const row = await find(user, ServiceSpecificCredentialId, ctx);
    const password = randomBytes(32).toString("base64");
    const passwordHash = await hashPassword(password);
    serviceCredentials.put(ctx.tx, [ctx.account, user.userId, row.id], { ...row, passwordHash });
    return {
      ServiceSpecificCredential: { ...describe(user, row, ctx.clock.now()), ServicePassword: password },
    };
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_UpdateServiceSpecificCredential.html */
export const updateServiceSpecificCredential = iam.operation("UpdateServiceSpecificCredential", {
  access: ({ UserName }, ctx) => userAccess("UpdateServiceSpecificCredential", UserName, ctx),
  async handle({ UserName, ServiceSpecificCredentialId, Status }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const row = await find(user, ServiceSpecificCredentialId, ctx);
    serviceCredentials.put(ctx.tx, [ctx.account, user.userId, row.id], { ...row, status: Status });
    return {};
  },
  record: { resources: onUser },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteServiceSpecificCredential.html */
export const deleteServiceSpecificCredential = iam.operation("DeleteServiceSpecificCredential", {
  access: ({ UserName }, ctx) => userAccess("DeleteServiceSpecificCredential", UserName, ctx),
  async handle({ UserName, ServiceSpecificCredentialId }, ctx) {
    const user = await ownerOf(UserName, ctx);
    const { id } = await find(user, ServiceSpecificCredentialId, ctx);
    serviceCredentials.delete(ctx.tx, ctx.account, user.userId, id);
    return {};
  },
  record: { resources: onUser },
});
