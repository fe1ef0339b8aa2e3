import { AwsError } from "../../../kit/errors.ts";
import type { PoolRow } from "../pools/poolRow.ts";

/** For whom passkeys of a pool are, and how much they prove. */

/** Loaded on first use: few calls need it, and every start would pay for it. */
export const webAuthn = () => import("@simplewebauthn/server");

export function relyingPartyOf(pool: PoolRow): { id: string; needsVerification: boolean } {
  const { RelyingPartyId, UserVerification, FactorConfiguration } = pool.mfa.webAuthn ?? {};
  const prefixed = pool.domain && `${pool.domain}.auth.${pool.region}.amazoncognito.com`;
  const id = RelyingPartyId ?? pool.customDomain ?? prefixed;
  if (id === undefined)
    throw new AwsError(
      "WebAuthnConfigurationMissingException",
      "The user pool has no relying party for passkeys.",
    );
  const needsVerification =
    UserVerification === "required" || FactorConfiguration === "MULTI_FACTOR_WITH_USER_VERIFICATION";
  return { id, needsVerification };
}

/** The origin that a browser says, if it is one of the relying party's: its own host, or one below. */
export function originOf(clientDataJson: unknown, relyingParty: string): string | undefined {
  try {
    const text = Buffer.from(String(clientDataJson), "base64url").toString();
    const { origin } = JSON.parse(text) as { origin?: unknown };
    if (typeof origin !== "string") return undefined;
    const { hostname, protocol } = new URL(origin);
    const isItsOwn = hostname === relyingParty || hostname.endsWith(`.${relyingParty}`);
    const isSafe = protocol === "https:" || hostname === "localhost" || hostname.endsWith(".localhost");
    return isItsOwn && isSafe ? origin : undefined;
  } catch {
    return undefined;
  }
}
