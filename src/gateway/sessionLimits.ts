import type { Caller, Session } from "../kit/caller.ts";
import { Refused } from "./refuse.ts";

/**
 * What a session of a user may not ask, whatever its policies say.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/id_credentials_sts-comparison.html
 */

interface Limits {
  /** Services it may not call at all, and those only after MFA. */
  never?: readonly string[];
  withMfa?: readonly string[];
  /** Of these services, only the operations that are named. */
  only: Readonly<Record<string, readonly string[]>>;
}

/** STS refuses these two to any session in words of its own. */
const refusedByStsItself = ["GetSessionToken", "GetFederationToken"];

const limits: Partial<Record<Session["by"], Limits>> = {
  GetSessionToken: {
    withMfa: ["iam"],
    only: { sts: ["AssumeRole", "GetCallerIdentity", ...refusedByStsItself] },
  },
  GetFederationToken: {
    never: ["iam"],
    only: { sts: ["GetCallerIdentity", ...refusedByStsItself] },
  },
};

/** Refuses a call that the caller's kind of session cannot make. */
export function checkSession({ session }: Caller, service: string, operation: string): void {
  const limit = session && limits[session.by];
  if (limit === undefined) return;
  const { never = [], withMfa = [], only } = limit;
  const needsMfa = withMfa.includes(service) && session?.mfaAt === undefined;
  const isOther = only[service]?.includes(operation) === false;
  if (!never.includes(service) && !needsMfa && !isOther) return;
  const detail = `a session of ${session?.by} cannot call ${service}:${operation}${needsMfa ? " without MFA" : ""}`;
  throw new Refused("unknownKey", "The security token included in the request is invalid", detail);
}
