/** One who has signed in, or visits. */
export interface IdentityRow {
  identityId: string;
  /** Who it is with each provider. */
  logins: readonly LinkedLogin[];
  createdMs: number;
  modifiedMs: number;
  /** It was merged into another, which stands for it. */
  mergedInto?: string | undefined;
}

export interface LinkedLogin {
  /** "cognito-idp.us-east-1.amazonaws.com/us-east-1_…", an issuer, a developer's own name. */
  provider: string;
  subject: string;
}
