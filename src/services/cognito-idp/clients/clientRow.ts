import type { UserPoolClientType } from "@aws-sdk/client-cognito-identity-provider";

/** What UpdateUserPoolClient sets, in the form in which AWS shows it. */
export type ClientSettings = Omit<
  UserPoolClientType,
  "UserPoolId" | "ClientId" | "ClientName" | "ClientSecret" | "LastModifiedDate" | "CreationDate"
>;

export interface ClientSecret {
  id: string;
  value: string;
  createdMs: number;
}

export interface ClientRow {
  clientId: string;
  name: string;
  poolId: string;
  createdMs: number;
  modifiedMs: number;
  settings: ClientSettings;
  /** Any of them is taken; the first is the one that DescribeUserPoolClient shows. */
  secrets: ClientSecret[];
}
