import type { Proof } from "../identities/proofs.ts";

/** What a token says of how somebody proved who they are: `cognito-identity.amazonaws.com:amr` in policies. */
export function amrOf(proofs: readonly Proof[]): string[] {
  if (proofs.length === 0) return ["unauthenticated"];
  return ["authenticated", ...new Set(proofs.flatMap(({ amr }) => amr))];
}
