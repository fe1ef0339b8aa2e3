import { table } from "../../kit/table.ts";

/** Credentials beside access keys. What belongs to a user is keyed by the user's unique id, which no new name changes. */

type Status = "Active" | "Inactive" | "Expired";
type OfUser = [account: string, userId: string, id: string];

export interface SshKeyRow {
  id: string;
  /** As it was uploaded. */
  body: string;
  /** SPKI in PEM. */
  pem: string;
  fingerprint: string;
  status: Status;
  uploadDate: number;
}

export interface SigningCertificateRow {
  id: string;
  body: string;
  status: Status;
  uploadDate: number;
}

export interface ServiceCredentialRow {
  id: string;
  serviceName: string;
  serviceUserName: string;
  /** scrypt, salted: the password itself is shown once. */
  passwordHash: string;
  status: Status;
  createDate: number;
  expirationDate?: number;
}

export interface ServerCertificateRow {
  name: string;
  id: string;
  path: string;
  arn: string;
  body: string;
  chain?: string;
  privateKey: string;
  uploadDate: number;
  expiration: number;
  tags: Record<string, string>;
}

export interface LoginProfileRow {
  passwordHash: string;
  /** Hashes of earlier passwords, newest first, as many as the password policy may ask for. */
  earlier: string[];
  createDate: number;
  changedDate: number;
  resetRequired: boolean;
}

export interface PasswordPolicyRow {
  minimumLength: number;
  symbols: boolean;
  numbers: boolean;
  uppercase: boolean;
  lowercase: boolean;
  usersMayChange: boolean;
  hardExpiry: boolean;
  maxAgeDays?: number;
  reusePrevention?: number;
}

export interface MfaDeviceRow {
  serialNumber: string;
  /** Base32 text. */
  seed: string;
  createDate: number;
  tags: Record<string, string>;
  /** Unique id of the user who has it; the account's id for the root. */
  owner?: string;
  enableDate?: number;
  /** The last 30-second step whose code was used: none up to it counts again. */
  usedStep?: number;
  /** Steps by which the device's clock is ahead. */
  drift?: number;
}

export const sshKeys = table<SshKeyRow, OfUser>("iam", "ssh-keys");
export const signingCertificates = table<SigningCertificateRow, OfUser>("iam", "signing-certificates");
export const serviceCredentials = table<ServiceCredentialRow, OfUser>("iam", "service-credentials");
export const loginProfiles = table<LoginProfileRow, [account: string, userId: string]>(
  "iam",
  "login-profiles",
);
export const serverCertificates = table<ServerCertificateRow, [account: string, name: string]>(
  "iam",
  "server-certificates",
);
export const passwordPolicies = table<PasswordPolicyRow, [account: string]>("iam", "password-policies");
export const mfaDevices = table<MfaDeviceRow, [account: string, serialNumber: string]>("iam", "mfa-devices");
/** Devices of a user or of the root. */
export const ownedDevices = table<object, [account: string, owner: string, serialNumber: string]>(
  "iam",
  "owned-devices",
);
