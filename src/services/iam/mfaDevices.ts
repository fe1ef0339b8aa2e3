import { randomBytes } from "node:crypto";
import type { Caller } from "../../kit/caller.ts";
import type { Clock } from "../../kit/clock.ts";
import type { Context } from "../../kit/context.ts";
import { pageOf, pageOfList } from "../../kit/paging.ts";
import type { Access } from "../../kit/service.ts";
import { fromBase32, isCode, stepAt, toBase32 } from "../../kit/totp.ts";
import type { Transaction } from "../../storage/store.ts";
import { iam } from "./contract.ts";
import { type MfaDeviceRow, mfaDevices, ownedDevices } from "./credentialTables.ts";
import { overQuota } from "./quotas.ts";
import { paged, seconds } from "./shared.ts";
import { principalIds, type UserRow, users } from "./tables.ts";
import { shownTags, taggedResource, withTags } from "./tags.ts";
import { describeUser, findUser, userAccess } from "./users.ts";

/** Virtual MFA devices. https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_mfa_enable_virtual.html */

const seedBytes = 40;
const maxDevicesPerUser = 8;
/** Steps by which a device's clock may be off when its codes are used, and when it is synchronised. */
const window = 1;
const resyncWindow = 20;

function serialOf(account: string, path: string, name: string): string {
  return `arn:aws:iam::${account}:mfa${path}${name}`;
}

export async function deviceAccess(action: string, serialNumber: string, ctx: Context): Promise<Access> {
  const row = await mfaDevices.get(ctx.tx, ctx.account, serialNumber);
  const resource = serialNumber.startsWith("arn:") ? serialNumber : serialOf(ctx.account, "/", serialNumber);
  return { action: `iam:${action}`, resource, ...(row && taggedResource(row.tags)) };
}

export async function findDevice(
  serialNumber: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<MfaDeviceRow> {
  const row = await mfaDevices.get(ctx.tx, ctx.account, serialNumber);
  if (row === undefined) {
    throw ctx.error(
      "NoSuchEntityException",
      `VirtualMFADevice with serial number ${serialNumber} doesn't exist.`,
    );
  }
  return row;
}

export function saveDevice(row: MfaDeviceRow, { tx, account }: Pick<Context, "tx" | "account">): void {
  mfaDevices.put(tx, [account, row.serialNumber], row);
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_CreateVirtualMFADevice.html */
export const createVirtualMFADevice = iam.operation("CreateVirtualMFADevice", {
  access: ({ VirtualMFADeviceName, Path = "/", Tags }, ctx) => ({
    action: "iam:CreateVirtualMFADevice",
    resource: serialOf(ctx.account, Path, VirtualMFADeviceName),
    requestTags: Tags,
  }),
  async handle({ VirtualMFADeviceName, Path = "/", Tags = [] }, ctx) {
    const serialNumber = serialOf(ctx.account, Path, VirtualMFADeviceName);
    if ((await mfaDevices.get(ctx.tx, ctx.account, serialNumber)) !== undefined) {
      throw ctx.error(
        "EntityAlreadyExistsException",
        "MFADevice entity at the same path and name already exists.",
      );
    }
    const seed = toBase32(randomBytes(seedBytes));
    const tags = withTags({}, Tags, "exact", ctx);
    saveDevice({ serialNumber, seed, createDate: ctx.clock.now(), tags }, ctx);
    // Loaded here: few calls need it, and every start would pay for it.
    const { toBuffer } = await import("qrcode");
    const label = `${encodeURIComponent("Amazon Web Services")}:${encodeURIComponent(`${VirtualMFADeviceName}@${ctx.account}`)}`;
    const uri = `otpauth://totp/${label}?secret=${seed}&issuer=${encodeURIComponent("Amazon Web Services")}`;
    return {
      VirtualMFADevice: {
        SerialNumber: serialNumber,
        Base32StringSeed: Buffer.from(seed),
        QRCodePNG: await toBuffer(uri, { type: "png" }),
        Tags: shownTags(tags),
      },
    };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeleteVirtualMFADevice.html */
export const deleteVirtualMFADevice = iam.operation("DeleteVirtualMFADevice", {
  access: ({ SerialNumber }, ctx) => deviceAccess("DeleteVirtualMFADevice", SerialNumber, ctx),
  async handle({ SerialNumber }, ctx) {
    const row = await findDevice(SerialNumber, ctx);
    if (row.owner !== undefined) {
      throw ctx.error(
        "DeleteConflictException",
        "Virtual MFA device is still assigned: deactivate it first.",
      );
    }
    mfaDevices.delete(ctx.tx, ctx.account, SerialNumber);
    return {};
  },
});

/** The device after two codes in a row, from which it is known how far its clock is off; undefined if they are wrong. */
function synchronised(
  row: MfaDeviceRow,
  codes: readonly [string, string],
  nowMs: number,
): MfaDeviceRow | undefined {
  const secret = fromBase32(row.seed);
  const now = stepAt(nowMs);
  for (let off = -resyncWindow; off <= resyncWindow; off += 1) {
    const first = now + off;
    if (first <= (row.usedStep ?? -1)) continue;
    if (isCode(secret, first, codes[0]) && isCode(secret, first + 1, codes[1])) {
      return { ...row, usedStep: first + 1, drift: Math.abs(off + 1) <= window ? 0 : off + 1 };
    }
  }
  return undefined;
}

function wrongCodes(ctx: Context<"InvalidAuthenticationCodeException">) {
  return ctx.error("InvalidAuthenticationCodeException", "Authentication code for device is not valid.");
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_EnableMFADevice.html */
export const enableMFADevice = iam.operation("EnableMFADevice", {
  access: async ({ UserName }, ctx) => userAccess("EnableMFADevice", UserName, ctx),
  async handle({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, ctx) {
    const user = await findUser(UserName, ctx);
    const row = await findDevice(SerialNumber, ctx);
    if (row.owner !== undefined) {
      throw ctx.error("EntityAlreadyExistsException", "MFA Device is already in use.");
    }
    const held = await ownedDevices.list(ctx.tx, [ctx.account, user.userId]);
    if (held.length >= maxDevicesPerUser) throw overQuota("MfaDevicesPerUser", maxDevicesPerUser, ctx);
    const enabled = synchronised(row, [AuthenticationCode1, AuthenticationCode2], ctx.clock.now());
    if (enabled === undefined) throw wrongCodes(ctx);
    saveDevice({ ...enabled, owner: user.userId, enableDate: ctx.clock.now() }, ctx);
    ownedDevices.put(ctx.tx, [ctx.account, user.userId, SerialNumber], {});
    principalIds.put(ctx.tx, [user.userId], { arn: user.arn });
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ResyncMFADevice.html */
export const resyncMFADevice = iam.operation("ResyncMFADevice", {
  access: ({ UserName }, ctx) => userAccess("ResyncMFADevice", UserName, ctx),
  async handle({ UserName, SerialNumber, AuthenticationCode1, AuthenticationCode2 }, ctx) {
    const row = await ownDevice(await findUser(UserName, ctx), SerialNumber, ctx);
    const changed = synchronised(row, [AuthenticationCode1, AuthenticationCode2], ctx.clock.now());
    if (changed === undefined) throw wrongCodes(ctx);
    saveDevice(changed, ctx);
    return {};
  },
});

async function ownDevice(
  user: UserRow,
  serial: string,
  ctx: Context<"NoSuchEntityException">,
): Promise<MfaDeviceRow> {
  const row = await mfaDevices.get(ctx.tx, ctx.account, serial);
  if (row?.owner !== user.userId) {
    throw ctx.error("NoSuchEntityException", `MFA Device invalid for user.`);
  }
  return row;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_DeactivateMFADevice.html */
export const deactivateMFADevice = iam.operation("DeactivateMFADevice", {
  access: ({ UserName }, ctx) => userAccess("DeactivateMFADevice", UserName, ctx),
  async handle({ UserName, SerialNumber }, ctx) {
    const user = await findUser(UserName ?? ctx.caller.userName ?? "", ctx);
    const { owner, enableDate: _, ...row } = await ownDevice(user, SerialNumber, ctx);
    saveDevice(row, ctx);
    ownedDevices.delete(ctx.tx, ctx.account, owner as string, SerialNumber);
    return {};
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListMFADevices.html */
export const listMFADevices = iam.operation("ListMFADevices", {
  access: ({ UserName }, ctx) => userAccess("ListMFADevices", UserName, ctx),
  async handle({ UserName, ...page }, ctx) {
    const user = await findUser(UserName ?? ctx.caller.userName ?? "", ctx);
    const held = await ownedDevices.list(ctx.tx, [ctx.account, user.userId]);
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(held, limit, marker),
      async ({ key }) => {
        const row = await mfaDevices.get(ctx.tx, ctx.account, key[2]);
        return { UserName: user.userName, SerialNumber: key[2], EnableDate: seconds(row?.enableDate ?? 0) };
      },
    );
    return { MFADevices: items, ...truncation };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetMFADevice.html */
export const getMFADevice = iam.operation("GetMFADevice", {
  access: ({ UserName }, ctx) => userAccess("GetMFADevice", UserName, ctx),
  async handle({ SerialNumber, UserName }, ctx) {
    const row = await findDevice(SerialNumber, ctx);
    const user = row.owner === undefined ? undefined : await userById(row.owner, ctx);
    if (UserName !== undefined && user?.userName !== UserName) {
      throw ctx.error("NoSuchEntityException", `MFA Device invalid for user.`);
    }
    return {
      SerialNumber,
      ...(user && { UserName: user.userName }),
      ...(row.enableDate !== undefined && { EnableDate: seconds(row.enableDate) }),
    };
  },
});

async function userById(userId: string, ctx: Context): Promise<UserRow | undefined> {
  const named = await principalIds.get(ctx.tx, userId);
  return (
    named && users.get(ctx.tx, ctx.account, named.arn.slice(named.arn.lastIndexOf("/") + 1).toLowerCase())
  );
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListVirtualMFADevices.html */
export const listVirtualMFADevices = iam.operation("ListVirtualMFADevices", {
  access: () => ({ action: "iam:ListVirtualMFADevices", resource: "*" }),
  async handle({ AssignmentStatus = "Any", ...page }, ctx) {
    const { items, truncation } = await paged(
      page,
      ctx,
      (where) =>
        pageOf(mfaDevices, ctx.tx, [ctx.account], {
          ...where,
          where: ({ owner }) =>
            AssignmentStatus === "Any" || (owner !== undefined) === (AssignmentStatus === "Assigned"),
        }),
      async ({ serialNumber, owner, enableDate }) => {
        const user = owner === undefined ? undefined : await userById(owner, ctx);
        return {
          SerialNumber: serialNumber,
          ...(user && { User: describeUser(user) }),
          ...(enableDate !== undefined && { EnableDate: seconds(enableDate) }),
        };
      },
    );
    return { VirtualMFADevices: items, ...truncation };
  },
});

/** Whether `code` is the present one of the caller's own device. It counts once: the step is spent. */
export async function useMfaCode(
  caller: Caller,
  serialNumber: string,
  code: string,
  { tx, clock }: { tx: Transaction; clock: Clock },
): Promise<boolean> {
  const { account, userId } = caller.principal;
  const row = await mfaDevices.get(tx, account, serialNumber);
  if (row === undefined || row.owner !== userId) return false;
  const secret = fromBase32(row.seed);
  const now = stepAt(clock.now()) + (row.drift ?? 0);
  for (let step = now - window; step <= now + window; step += 1) {
    if (step <= (row.usedStep ?? -1) || !isCode(secret, step, code)) continue;
    saveDevice({ ...row, usedStep: step }, { tx, account });
    return true;
  }
  return false;
}
