/** A user, as stored. */

export type UserStatus =
  | "UNCONFIRMED"
  | "CONFIRMED"
  | "FORCE_CHANGE_PASSWORD"
  | "RESET_REQUIRED"
  | "EXTERNAL_PROVIDER";

/** An SRP verifier: what a password is checked against. Hex, as SRP's messages have it. */
export interface Verifier {
  salt: string;
  verifier: string;
}

export interface PasswordRow extends Verifier {
  setMs: number;
  isTemporary?: true;
}

/** A code that was sent: what it proves is the key in `UserRow.codes`. */
export interface CodeRow {
  code: string;
  sentMs: number;
  expiresMs: number;
  /** The value of the attribute that it was sent to. */
  sentTo: string;
}

/** "signUp", "forgot", "attribute:email", "attribute:phone_number" */
export type CodePurpose = "signUp" | "forgot" | `attribute:${string}`;

export interface UserMfa {
  /** Base32. */
  totpSecret?: string;
  totpName?: string;
  /** A code counts once: steps up to this one are spent. */
  totpLastStep?: number;
  /** AssociateSoftwareToken made it, VerifySoftwareToken has not seen a code of it yet. */
  pendingTotpSecret?: string;
  /** "SOFTWARE_TOKEN_MFA", "SMS_MFA", "EMAIL_OTP", "WEB_AUTHN" */
  enabled: string[];
  preferred?: string;
}

export interface PasskeyRow {
  credentialId: string;
  /** COSE key in base64url. */
  publicKey: string;
  counter: number;
  transports: string[];
  attachment?: string;
  name: string;
  createdMs: number;
}

/** A user of an external provider, as linked to this one. */
export interface IdentityRow {
  userId: string;
  providerName: string;
  providerType: string;
  issuer: string | null;
  primary: boolean;
  dateCreated: number;
}

export interface UserRow {
  username: string;
  sub: string;
  enabled: boolean;
  status: UserStatus;
  createdMs: number;
  modifiedMs: number;
  attributes: Record<string, string>;
  password?: PasswordRow;
  /** Those before, newest first. */
  oldPasswords?: Verifier[];
  codes?: Partial<Record<CodePurpose, CodeRow>>;
  /** Changes that wait for their verification: attribute and new value. */
  pendingAttributes?: Record<string, string>;
  mfa: UserMfa;
  groups?: string[];
  passkeys?: PasskeyRow[] | undefined;
  /** A registration of a passkey that is under way. */
  pendingPasskey?: { challenge: string; expiresMs: number };
  identities?: IdentityRow[];
  /** Tokens from before then are void. */
  signedOutMs?: number;
  /** Of SetUserSettings, which only knows text messages. */
  hasSmsOption?: true;
}
