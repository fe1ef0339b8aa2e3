import type { Context } from "../../kit/context.ts";

/**
 * Sign-ins in the record.
 * https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
 */

export interface Attempt {
  accountId: string;
  /** Undefined if there is no such user. */
  user: { userName: string; userId: string; arn?: string } | undefined;
  isSuccess: boolean;
  mfaUsed: boolean;
  mfaSerial?: string | undefined;
}

/** A code was asked for: what became of the password, only the event of the sign-in tells. */
export function recordMfaCheck(
  { accountId, user }: Required<Pick<Attempt, "accountId" | "user">>,
  ctx: Context,
): void {
  const { userId: principalId, userName } = user ?? {};
  ctx.serviceEvent("CheckMfa", {
    account: accountId,
    region: "us-east-1",
    eventType: "AwsConsoleSignIn",
    by: {
      userIdentity: { type: "IAMUser", principalId, accountId, accessKeyId: "", userName },
      request: ctx.request,
    },
    responseElements: { CheckMfa: "Success" },
    additionalEventData: { MfaType: "Virtual MFA" },
  });
}

export function recordSignIn(
  { accountId, user, isSuccess, mfaUsed, mfaSerial }: Attempt,
  ctx: Context,
): void {
  const userIdentity =
    user === undefined
      ? // What was typed for a user name may be a password.
        { type: "IAMUser", accountId, accessKeyId: "", userName: "HIDDEN_DUE_TO_SECURITY_REASONS" }
      : {
          type: "IAMUser",
          principalId: user.userId,
          ...(user.arn !== undefined && { arn: user.arn }),
          accountId,
          ...(!isSuccess && { accessKeyId: "" }),
          userName: user.userName,
        };
  const failure = user === undefined ? "No username found in supplied account" : "Failed authentication";
  ctx.serviceEvent("ConsoleLogin", {
    account: accountId,
    region: "us-east-1",
    eventType: "AwsConsoleSignIn",
    by: { userIdentity, request: ctx.request },
    errorMessage: isSuccess ? undefined : failure,
    responseElements: { ConsoleLogin: isSuccess ? "Success" : "Failure" },
    additionalEventData: {
      LoginTo: `${ctx.host.endpoint()}/signin`,
      MobileVersion: "No",
      ...(mfaSerial !== undefined && { MFAIdentifier: mfaSerial }),
      MFAUsed: mfaUsed ? "Yes" : "No",
    },
  });
}
