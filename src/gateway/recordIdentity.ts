import type { Caller } from "../kit/caller.ts";
import { eventTime } from "../kit/record.ts";

/** Who made a call, as the record shows it. */

const identities = new WeakMap<Caller, Record<string, unknown>>();

/** https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-user-identity.html */
export function identityOf(caller: Caller): Readonly<Record<string, unknown>> {
  let identity = identities.get(caller);
  if (identity === undefined) {
    identity = madeIdentity(caller);
    identities.set(caller, identity);
  }
  return identity;
}

function madeIdentity(caller: Caller): Record<string, unknown> {
  const { principal, accessKeyId, session } = caller;
  const { account: accountId, arn, userId: principalId } = principal;
  const invokedByDelegate = session?.delegate === undefined ? undefined : { accountId: session.delegate };
  switch (principal.kind) {
    case "root":
      return {
        type: "Root",
        principalId,
        arn,
        accountId,
        accessKeyId,
        sessionContext: sessionContext(caller),
        invokedByDelegate,
      };
    case "user":
      return {
        type: "IAMUser",
        principalId,
        arn,
        accountId,
        accessKeyId,
        userName: caller.userName,
        sessionContext: sessionContext(caller),
        invokedByDelegate,
      };
    case "role-session":
      return {
        type: "AssumedRole",
        principalId,
        arn,
        accountId,
        accessKeyId,
        sessionContext: sessionContext(caller),
        invokedByDelegate,
        invokedBy: session?.invokedBy,
      };
    case "federated-user":
      return {
        type: "FederatedUser",
        principalId,
        arn,
        accountId,
        accessKeyId,
        sessionContext: sessionContext(caller),
      };
    case "service":
      return { type: "AWSService", invokedBy: principal.service };
    case "web-identity":
      return {
        type: "WebIdentityUser",
        principalId,
        userName: caller.userName,
        identityProvider: principal.service,
      };
    case "saml":
      return {
        type: "SAMLUser",
        principalId,
        userName: caller.userName,
        identityProvider: principal.service,
      };
    case "anonymous":
      return { type: "AWSAccount", principalId: "", accountId: "ANONYMOUS_PRINCIPAL" };
  }
}

function sessionContext(caller: Caller): Record<string, unknown> | undefined {
  const { session, principal } = caller;
  if (session === undefined) return undefined;
  const issuer =
    principal.kind === "role-session"
      ? {
          type: "Role",
          principalId: session.roleId,
          arn: principal.roleArn,
          accountId: principal.account,
          userName: session.roleName,
        }
      : principal.kind === "federated-user"
        ? {
            type: principal.issuerArn?.endsWith(":root") ? "Root" : "IAMUser",
            arn: principal.issuerArn,
            accountId: principal.account,
          }
        : undefined;
  return {
    sessionIssuer: issuer,
    webIdFederationData: session.provider && { federatedProvider: session.provider, attributes: {} },
    attributes: {
      creationDate: eventTime(session.issuedAt),
      mfaAuthenticated: String(session.mfaAt !== undefined),
    },
    sourceIdentity: session.sourceIdentity,
  };
}

/** The name that LookupEvents shows: the user, the role session, "root". */
export function userNameOf(caller: Caller): string | undefined {
  if (caller.principal.kind === "root") return "root";
  if (caller.principal.kind === "role-session")
    return caller.principal.arn.slice(caller.principal.arn.lastIndexOf("/") + 1);
  return caller.userName;
}
