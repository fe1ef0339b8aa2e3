import { uuid } from "../../../kit/ids.ts";
import { hashed, keysOf } from "../pools/poolKeys.ts";
import { noteEvent } from "../risk/events.ts";
import { issueTokens, newJti } from "../tokens/issue.ts";
import { trigger, triggerAttributes } from "../triggers/invoke.ts";
import { type AuthAnswer, checkEnabled, hostedFlow, type SignIn, theUser } from "./signIn.ts";

/** The end of a sign-in: all is proven, tokens are made. */

/** The same for all devices of a user. */
export async function deviceGroupKey({ pool, state, ctx }: SignIn): Promise<string> {
  return `-${hashed(await keysOf(pool, ctx), "deviceGroup", state.userKey).slice(0, 9)}`;
}

export async function finish(signIn: SignIn): Promise<AuthAnswer> {
  const { pool, client, state, clientMetadata, ctx } = signIn;
  const user = theUser(signIn);
  checkEnabled(user);
  const tracksDevices = pool.settings.DeviceConfiguration !== undefined;
  const isNewDevice = tracksDevices && !state.proven.includes("DEVICE");
  await trigger(
    {
      pool,
      name: "PostAuthentication",
      source: "PostAuthentication_Authentication",
      clientId: client.clientId,
      username: user.username,
      request: {
        userAttributes: triggerAttributes(user),
        newDeviceUsed: isNewDevice,
        ...(clientMetadata && { clientMetadata }),
      },
      response: {},
    },
    ctx,
  );
  await noteEvent(
    pool,
    state.userKey,
    {
      type: "SignIn",
      isPass: true,
      isCompromised: state.isCompromised ?? false,
      challenges: state.proven
        .filter((factor) => factor !== "DEVICE" && factor !== "SIGN_UP")
        .map((factor) => ({ name: factor === "PASSWORD" ? "Password" : "Mfa", isRight: true })),
    },
    ctx,
  );
  // The pages make of it what the app has asked for.
  if (state.flow === hostedFlow) return { ChallengeParameters: {}, hosted: signIn };
  const deviceKey = isNewDevice ? `${pool.region}_${uuid()}` : state.deviceKey;
  const tokens = await issueTokens(
    {
      pool,
      client,
      user,
      userKey: state.userKey,
      authMs: ctx.clock.now(),
      originJti: newJti(ctx),
      eventId: ctx.requestId,
      source: state.source ?? "Authentication",
      clientMetadata,
      ...(tracksDevices && { deviceKey }),
      ...(tracksDevices && !isNewDevice && { isDeviceBound: true as const }),
    },
    ctx,
  );
  return {
    ChallengeParameters: {},
    AuthenticationResult: {
      ...tokens,
      ...(isNewDevice && {
        NewDeviceMetadata: { DeviceKey: deviceKey, DeviceGroupKey: await deviceGroupKey(signIn) },
      }),
    },
  };
}
