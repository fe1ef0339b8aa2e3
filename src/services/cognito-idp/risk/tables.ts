import type { RiskConfigurationType } from "@aws-sdk/client-cognito-identity-provider";
import { table } from "../../../kit/table.ts";

type InPool = [account: string, region: string, poolId: string];

export interface RiskRow {
  settings: Omit<RiskConfigurationType, "UserPoolId" | "ClientId" | "LastModifiedDate">;
  modifiedMs: number;
}

/** By client, or for all ("ALL") that have none of their own. */
export const risks = table<RiskRow, [...InPool, clientId: string]>("cognito-idp", "risks");

export interface AuthEventRow {
  eventId: string;
  type: "SignIn" | "SignUp" | "ForgotPassword" | "PasswordChange" | "ResendCode";
  atMs: number;
  isPass: boolean;
  isBlocked: boolean;
  isCompromised: boolean;
  ip: string;
  agent: string;
  /** Factors that were asked for: "Password", "Mfa". */
  challenges: { name: "Password" | "Mfa"; isRight: boolean }[];
  /** Left out, an administrator's. */
  feedback?: { value: "Valid" | "Invalid"; by?: "Admin" | "User"; atMs: number };
}

/** Newest first: the time in the key counts down. */
export const authEvents = table<AuthEventRow, [...InPool, userKey: string, before: string, eventId: string]>(
  "cognito-idp",
  "authEvents",
);

/** Where an event stands, by its id. */
export const eventPlaces = table<{ before: string }, [...InPool, userKey: string, eventId: string]>(
  "cognito-idp",
  "authEventPlaces",
);
