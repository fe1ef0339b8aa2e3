import { deviceGroupKey } from "../auth/finish.ts";
import { goOn, knownDevice, withProof } from "../auth/next.ts";
import { type AuthAnswer, type SignIn, theUser } from "../auth/signIn.ts";
import { startSrp } from "../auth/srp.ts";
import { type Block, type Claim, isRightClaim, publicValue, sealBlock } from "../auth/srpStep.ts";
import { keyOf } from "../pools/poolRow.ts";
import { incorrect, invalid, notFound } from "../refusals.ts";
import { devices } from "../tables.ts";
import { useOnce } from "../tokens/spent.ts";
import type { DeviceRow } from "./deviceRow.ts";

/** A device proves itself by a secret of its own. https://docs.aws.amazon.com/cognito/latest/developerguide/amazon-cognito-user-pools-device-tracking.html */

async function device(signIn: SignIn): Promise<DeviceRow & { verifier: NonNullable<DeviceRow["verifier"]> }> {
  const row = await knownDevice(signIn);
  if (row?.verifier === undefined) throw notFound("Device does not exist.");
  return { ...row, verifier: row.verifier };
}

export async function startDevice(signIn: SignIn, responses: Record<string, string>): Promise<AuthAnswer> {
  const { DEVICE_KEY, SRP_A } = responses;
  if (DEVICE_KEY === undefined) throw invalid("Missing required parameter DEVICE_KEY");
  const known = { ...signIn, state: { ...signIn.state, deviceKey: DEVICE_KEY } };
  const { verifier } = await device(known);
  const { publicHex, state } = startSrp(publicValue(SRP_A), Buffer.from(verifier.verifier, "base64"));
  return {
    ChallengeName: "DEVICE_PASSWORD_VERIFIER",
    ChallengeParameters: {
      SALT: Buffer.from(verifier.salt, "base64").toString("hex"),
      SECRET_BLOCK: await sealBlock(known, state, DEVICE_KEY),
      SRP_B: publicHex,
      DEVICE_KEY,
      USERNAME: theUser(known).username,
    },
  };
}

export async function answerDevice(signIn: SignIn, block: Block, claim: Claim): Promise<AuthAnswer> {
  const { pool, state, ctx } = signIn;
  if (block.device === undefined || block.device !== state.deviceKey) throw incorrect();
  const row = await device(signIn);
  const names: [string, string] = [await deviceGroupKey(signIn), row.deviceKey];
  if (!isRightClaim(block, Buffer.from(row.verifier.verifier, "base64"), names, claim)) throw incorrect();
  if (!(await useOnce(pool, block.id, block.expiresMs, ctx))) throw incorrect();
  const now = ctx.clock.now();
  devices.put(ctx.tx, [...keyOf(pool), state.userKey, row.deviceKey], {
    ...row,
    authenticatedMs: now,
    lastIp: ctx.request.sourceIp,
  });
  return await goOn(withProof(signIn, "DEVICE"));
}
