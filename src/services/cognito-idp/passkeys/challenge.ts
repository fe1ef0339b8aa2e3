import type { AuthenticationResponseJSON } from "@simplewebauthn/server";
import { checkNotLocked, checkUser, proved, wrong } from "../auth/passwordStep.ts";
import { type AuthAnswer, challenge, type SignIn, theUser } from "../auth/signIn.ts";
import { invalid } from "../refusals.ts";
import { putUser } from "../users/put.ts";
import type { PasskeyRow, UserRow } from "../users/userRow.ts";
import { originOf, relyingPartyOf, webAuthn } from "./relyingParty.ts";

/** Sign-in by a passkey. https://www.w3.org/TR/webauthn-3/#sctn-verifying-assertion */

export async function webAuthnChallenge(signIn: SignIn, user: UserRow): Promise<AuthAnswer> {
  const { generateAuthenticationOptions } = await webAuthn();
  const { id, needsVerification } = relyingPartyOf(signIn.pool);
  const options = await generateAuthenticationOptions({
    rpID: id,
    userVerification: needsVerification ? "required" : "preferred",
    allowCredentials: (user.passkeys ?? []).map(({ credentialId, transports }) => ({
      id: credentialId,
      transports: transports as never,
    })),
  });
  return await challenge(
    signIn,
    "WEB_AUTHN",
    { CREDENTIAL_REQUEST_OPTIONS: JSON.stringify(options), USERNAME: user.username },
    { webAuthn: options.challenge },
  );
}

/** Proves a passkey; the sign-in with its user as it is then. */
export async function proveWebAuthn(signIn: SignIn, credential: string | undefined): Promise<SignIn> {
  if (credential === undefined) throw invalid("Missing required parameter CREDENTIAL");
  checkNotLocked(signIn);
  const user = theUser(signIn);
  const response = parsed(credential);
  const passkey = user.passkeys?.find(({ credentialId }) => credentialId === response?.id);
  if (response === undefined || passkey === undefined) throw wrong(signIn);
  const counter = await provenCounter(signIn, passkey, response);
  if (counter === undefined) throw wrong(signIn);
  checkUser(signIn, user);
  proved(signIn);
  const passkeys = user.passkeys?.map((one) => (one === passkey ? { ...one, counter } : one));
  const after = { ...user, passkeys };
  await putUser(signIn.pool, { userKey: signIn.state.userKey, user }, after, signIn.ctx);
  return { ...signIn, user: after };
}

function parsed(text: string): AuthenticationResponseJSON | undefined {
  try {
    return JSON.parse(text) as AuthenticationResponseJSON;
  } catch {
    return undefined;
  }
}

async function provenCounter(
  { pool, state }: SignIn,
  passkey: PasskeyRow,
  response: AuthenticationResponseJSON,
): Promise<number | undefined> {
  const { verifyAuthenticationResponse } = await webAuthn();
  const { id, needsVerification } = relyingPartyOf(pool);
  const origin = originOf(response.response?.clientDataJSON, id);
  if (origin === undefined || state.webAuthn === undefined) return undefined;
  try {
    const { verified, authenticationInfo } = await verifyAuthenticationResponse({
      response,
      expectedChallenge: state.webAuthn,
      expectedOrigin: origin,
      expectedRPID: id,
      requireUserVerification: needsVerification,
      credential: {
        id: passkey.credentialId,
        publicKey: Buffer.from(passkey.publicKey, "base64url"),
        counter: passkey.counter,
      },
    });
    return verified ? authenticationInfo.newCounter : undefined;
  } catch {
    // The library throws for whatever is wrong with what a client sent.
    return undefined;
  }
}
