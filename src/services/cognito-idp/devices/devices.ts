import type { DeviceType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { pageOf } from "../../../kit/paging.ts";
import { groupBytes } from "../auth/srp.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { page } from "../pools/pools.ts";
import { hidden } from "../recorded.ts";
import { invalid, notAuthorized, notFound } from "../refusals.ts";
import { devices } from "../tables.ts";
import { bearerOf } from "../tokens/verify.ts";
import { existingUser } from "../users/find.ts";
import type { DeviceRow } from "./deviceRow.ts";

/** Devices that users sign in from. */

const perToken = "The access token is the permission; AWS takes the call unsigned.";
const maxPageSize = 60;

function shown(row: DeviceRow): DeviceType {
  return {
    DeviceKey: row.deviceKey,
    DeviceAttributes: [
      { Name: "device_status", Value: "valid" },
      ...(row.name ? [{ Name: "device_name", Value: row.name }] : []),
      { Name: "dev:device_remembered_status", Value: row.isRemembered ? "remembered" : "not_remembered" },
      { Name: "last_ip_used", Value: row.lastIp },
    ],
    DeviceCreateDate: new Date(row.createdMs),
    DeviceLastModifiedDate: new Date(row.modifiedMs),
    DeviceLastAuthenticatedDate: new Date(row.authenticatedMs),
  };
}

interface Owner {
  pool: PoolRow;
  userKey: string;
}

async function existing({ pool, userKey }: Owner, deviceKey: string, ctx: Context): Promise<DeviceRow> {
  const row = await devices.get(ctx.tx, ...keyOf(pool), userKey, deviceKey);
  if (row === undefined) throw notFound("Device does not exist.");
  return row;
}

async function list(
  { pool, userKey }: Owner,
  limit: number | undefined,
  token: string | undefined,
  ctx: Context,
): Promise<{ Devices: DeviceType[]; PaginationToken?: string }> {
  const { items, next } = await page(() =>
    pageOf(devices, ctx.tx, [...keyOf(pool), userKey], { limit: limit || maxPageSize, marker: token }),
  );
  return { Devices: items.map(shown), ...(next && { PaginationToken: next }) };
}

async function remember(
  owner: Owner,
  deviceKey: string,
  status: string | undefined,
  ctx: Context,
): Promise<void> {
  const row = await existing(owner, deviceKey, ctx);
  devices.put(ctx.tx, [...keyOf(owner.pool), owner.userKey, deviceKey], {
    ...row,
    isRemembered: status === undefined ? row.isRemembered : status === "remembered",
    modifiedMs: ctx.clock.now(),
  });
}

async function forget(owner: Owner, deviceKey: string, ctx: Context): Promise<void> {
  await existing(owner, deviceKey, ctx);
  devices.delete(ctx.tx, ...keyOf(owner.pool), owner.userKey, deviceKey);
}

function checkTracked({ settings }: PoolRow): void {
  if (settings.DeviceConfiguration === undefined)
    throw new AwsError(
      "InvalidUserPoolConfigurationException",
      "Device tracking is not enabled for the user pool.",
    );
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ConfirmDevice.html */
export const confirmDevice = idp.operation("ConfirmDevice", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, DeviceKey, DeviceSecretVerifierConfig, DeviceName }, ctx) {
    const { pool, userKey, claims } = await bearerOf(AccessToken, ctx as Context);
    checkTracked(pool);
    if (claims.device_key !== DeviceKey) throw notAuthorized("Invalid device key given.");
    const { PasswordVerifier, Salt } = DeviceSecretVerifierConfig ?? {};
    if (!PasswordVerifier || !Salt) throw invalid("Invalid device secret verifier given.");
    const needsPrompt = pool.settings.DeviceConfiguration?.DeviceOnlyRememberedOnUserPrompt ?? false;
    const now = ctx.clock.now();
    const verifier = Buffer.from(PasswordVerifier, "base64");
    if (verifier.length === 0 || verifier.length > groupBytes + 1)
      throw invalid("Invalid device secret verifier given.");
    devices.put(ctx.tx, [...keyOf(pool), userKey, DeviceKey], {
      deviceKey: DeviceKey,
      ...(DeviceName !== undefined && { name: DeviceName }),
      verifier: { verifier: verifier.toString("base64"), salt: Salt },
      isRemembered: !needsPrompt,
      lastIp: ctx.request.sourceIp,
      createdMs: now,
      modifiedMs: now,
      authenticatedMs: now,
    });
    return { UserConfirmationNecessary: needsPrompt };
  },
  record: { request: hidden("deviceSecretVerifierConfig") },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetDevice.html */
export const getDevice = idp.operation("GetDevice", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken = "", DeviceKey }, ctx) {
    const bearer = await bearerOf(AccessToken, ctx as Context);
    return { Device: shown(await existing(bearer, DeviceKey, ctx as Context)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListDevices.html */
export const listDevices = idp.operation("ListDevices", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, Limit, PaginationToken }, ctx) {
    return await list(await bearerOf(AccessToken, ctx as Context), Limit, PaginationToken, ctx as Context);
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateDeviceStatus.html */
export const updateDeviceStatus = idp.operation("UpdateDeviceStatus", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken, DeviceKey, DeviceRememberedStatus }, ctx) {
    await remember(
      await bearerOf(AccessToken, ctx as Context),
      DeviceKey,
      DeviceRememberedStatus,
      ctx as Context,
    );
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ForgetDevice.html */
export const forgetDevice = idp.operation("ForgetDevice", {
  access: { noPermissionNeeded: perToken },
  async handle({ AccessToken = "", DeviceKey }, ctx) {
    await forget(await bearerOf(AccessToken, ctx as Context), DeviceKey, ctx as Context);
    return {};
  },
});

async function ownerOf(poolId: string, username: string, ctx: Context): Promise<Owner> {
  const pool = await existingPool(poolId, ctx);
  return { pool, userKey: (await existingUser(pool, username, ctx)).userKey };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminGetDevice.html */
export const adminGetDevice = idp.operation("AdminGetDevice", {
  access: onPool("AdminGetDevice"),
  async handle({ UserPoolId, Username, DeviceKey }, ctx) {
    const owner = await ownerOf(UserPoolId, Username, ctx as Context);
    return { Device: shown(await existing(owner, DeviceKey, ctx as Context)) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminListDevices.html */
export const adminListDevices = idp.operation("AdminListDevices", {
  access: onPool("AdminListDevices"),
  async handle({ UserPoolId, Username, Limit, PaginationToken }, ctx) {
    return await list(
      await ownerOf(UserPoolId, Username, ctx as Context),
      Limit,
      PaginationToken,
      ctx as Context,
    );
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminUpdateDeviceStatus.html */
export const adminUpdateDeviceStatus = idp.operation("AdminUpdateDeviceStatus", {
  access: onPool("AdminUpdateDeviceStatus"),
  async handle({ UserPoolId, Username, DeviceKey, DeviceRememberedStatus }, ctx) {
    const owner = await ownerOf(UserPoolId, Username, ctx as Context);
    await remember(owner, DeviceKey, DeviceRememberedStatus, ctx as Context);
    return {};
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_AdminForgetDevice.html */
export const adminForgetDevice = idp.operation("AdminForgetDevice", {
  access: onPool("AdminForgetDevice"),
  async handle({ UserPoolId, Username, DeviceKey }, ctx) {
    await forget(await ownerOf(UserPoolId, Username, ctx as Context), DeviceKey, ctx as Context);
    return {};
  },
});
