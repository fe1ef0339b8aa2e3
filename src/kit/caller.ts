import type { NamedPolicy } from "../policy/index.ts";
import type { Principal } from "../policy/types.ts";

/** A session of temporary credentials: what its token holds, apart from the secret. */
export interface Session {
  /** How the session came to be. */
  by:
    | "AssumeRole"
    | "AssumeRoleWithSAML"
    | "AssumeRoleWithWebIdentity"
    | "GetSessionToken"
    | "GetFederationToken"
    | "AssumeRoot"
    | "ConsoleLogin"
    | "GetDelegatedAccessToken"
    | "Service";
  /** ms since the epoch, by the Cloudkeep clock. */
  issuedAt: number;
  expiresAt: number;
  /** `aws:MultiFactorAuthPresent`, and when it was given. */
  mfaAt?: number;
  mfaSerial?: string;
  /** Inline session policy, as given. */
  policy?: string;
  /** ARNs of managed session policies. */
  policyArns?: string[];
  /** A root session's one task: an AWS policy that denies all else. */
  taskPolicyArn?: string;
  tags?: Record<string, string>;
  transitiveTagKeys?: string[];
  sourceIdentity?: string;
  /** Assumed role: names for the record. */
  roleName?: string;
  roleId?: string;
  /** Web identity or SAML: provider, and context keys that the federation adds (`saml:aud`, `<issuer>:sub`). */
  provider?: string;
  federatedContext?: Record<string, string | string[]>;
  /** True where the session was itself obtained with a role's session. */
  chained?: boolean;
  /** Account to which the identity was delegated: it can do no more than `policy` says, whoever else allows it. */
  delegate?: string;
  /** Service on whose behalf a role was taken ("lambda.amazonaws.com"). */
  invokedBy?: string;
}

/** Who made a call. */
export interface Caller {
  principal: Principal;
  /** Undefined for a service principal or an unsigned call. */
  accessKeyId?: string;
  /** Name of the IAM user, for users and their GetSessionToken sessions. */
  userName?: string;
  session?: Session;
  /** A call made by a service: `aws:SourceArn`, `aws:SourceAccount`. */
  sourceArn?: string;
  sourceAccount?: string;
  /** The service through which a caller's own identity is passed on (`aws:CalledVia`). */
  calledVia?: string[];
}

/** What the identity store knows of a principal, for authorization. */
export interface PrincipalPolicies {
  identity: NamedPolicy[];
  boundary?: NamedPolicy;
  /** The managed policies that `Session.policyArns` names. */
  session?: NamedPolicy[];
  tags: Readonly<Record<string, string>>;
}

/** What an organization lays over an account: one list of policies for each level, root first. */
export interface Guardrails {
  /** Undefined where policies of the kind are not in force: in the management account, or not enabled. */
  scps?: NamedPolicy[][];
  rcps?: NamedPolicy[][];
  organizationId?: string;
  /** `aws:PrincipalOrgPaths`: "o-…/r-…/ou-…/" */
  organizationPath?: string;
  managementAccount?: string;
}

/** A service that acts of its own accord, or for one of its resources. */
export function servicePrincipal(
  service: string,
  source: { sourceArn?: string; sourceAccount?: string } = {},
): Caller {
  return { principal: { kind: "service", account: "", arn: "", service, userId: "" }, ...source };
}
