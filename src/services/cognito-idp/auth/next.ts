import type { DeviceRow } from "../devices/deviceRow.ts";
import type { PoolRow } from "../pools/poolRow.ts";
import { keyOf } from "../pools/poolRow.ts";
import { notFound } from "../refusals.ts";
import { devices } from "../tables.ts";
import { shownAttributes } from "../users/attributes.ts";
import type { UserRow } from "../users/userRow.ts";
import { customStep } from "./custom.ts";
import { mfaChallenge } from "./factors.ts";
import { finish } from "./finish.ts";
import { type AuthAnswer, challenge, type SignIn, theUser } from "./signIn.ts";

/** What comes after a step that was right. */

const secondFactors = ["SMS_MFA", "SOFTWARE_TOKEN_MFA", "EMAIL_OTP"];
/** First factors that no second one follows. */
const alone = ["OTP", "WEB_AUTHN"];

/** The sign-in with one more thing proven. */
export function withProof(signIn: SignIn, factor: string): SignIn {
  const { state } = signIn;
  return {
    ...signIn,
    state: { ...state, proven: [...state.proven, factor], code: undefined, codeTo: undefined },
  };
}

export async function goOn(signIn: SignIn): Promise<AuthAnswer> {
  const { pool, state } = signIn;
  const user = theUser(signIn);
  if (user.status === "FORCE_CHANGE_PASSWORD" && state.proven.includes("PASSWORD"))
    return await newPasswordChallenge(signIn, user);
  if (state.flow === "CUSTOM_AUTH") return await customStep(signIn);
  const device = await knownDevice(signIn);
  const trusts = device?.isRemembered && pool.settings.DeviceConfiguration?.ChallengeRequiredOnNewDevice;
  const needsSecond =
    !trusts && !state.proven.some((factor) => [...secondFactors, ...alone].includes(factor));
  const second = needsSecond ? await mfaChallenge(signIn) : undefined;
  if (second !== undefined) return second;
  if (device !== undefined && !state.proven.includes("DEVICE"))
    return await challenge(signIn, "DEVICE_SRP_AUTH", {});
  return await finish(signIn);
}

/** The device that the client says it is, where the pool tracks devices. */
export async function knownDevice({ pool, state, ctx }: SignIn): Promise<DeviceRow | undefined> {
  if (state.deviceKey === undefined || pool.settings.DeviceConfiguration === undefined) return undefined;
  const device = await devices.get(ctx.tx, ...keyOf(pool), state.userKey, state.deviceKey);
  if (device?.verifier === undefined) throw notFound("Device does not exist.");
  return device;
}

async function newPasswordChallenge(signIn: SignIn, user: UserRow): Promise<AuthAnswer> {
  const shown = shownAttributes(user).filter(([name]) => name !== "sub" && name !== "identities");
  return await challenge(signIn, "NEW_PASSWORD_REQUIRED", {
    USER_ID_FOR_SRP: user.username,
    requiredAttributes: JSON.stringify(requiredOf(signIn.pool, user).map((name) => `userAttributes.${name}`)),
    userAttributes: JSON.stringify(Object.fromEntries(shown)),
  });
}

export function requiredOf({ schema }: PoolRow, user: UserRow): string[] {
  return schema
    .filter(({ Name = "", Required }) => Required && Name !== "sub" && !user.attributes[Name])
    .map(({ Name }) => Name as string);
}
