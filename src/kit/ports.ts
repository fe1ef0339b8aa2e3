import type { MaybePromise } from "../storage/maybe.ts";
import type { Reads, Transaction } from "../storage/store.ts";
import type { Caller, Guardrails, PrincipalPolicies } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { Delegations } from "./delegation.ts";
import type { TemporaryCredentials } from "./sessions.ts";
import type { SignIn } from "./signIn.ts";

/** What the path needs of services, and services of each other, beside calls of operations. */

/** Credentials as the gate needs them. */
export interface Credential {
  accessKeyId: string;
  secretAccessKey: string;
  caller: Caller;
}

/** What a service gives to the path itself. At most one service provides each. */
export interface Ports {
  /** Long-term keys (AKIA…). */
  findAccessKey(accessKeyId: string, tx: Reads): MaybePromise<Credential | undefined>;
  /** Temporary keys (ASIA…): opened from their session token. Throws `SessionProblem`. */
  openSession(accessKeyId: string, token: string, tx: Reads, clock: Clock): Promise<Credential | undefined>;
  /** Makes credentials of a caller with a session. */
  issueSession(caller: Caller, tx: Transaction): Promise<TemporaryCredentials>;
  /** Policies of an IAM principal or role session; undefined if it no longer exists. */
  principalPolicies(caller: Caller, tx: Transaction): Promise<PrincipalPolicies | undefined>;
  /** What IAM knows, for the services that make sessions of it. */
  directory: IdentityDirectory;
  /** What the organization lays over an account; undefined outside of any. */
  guardrails(account: string, tx: Transaction): Promise<Guardrails | undefined>;
  /** What Organizations knows, for the services that act on its structure. */
  organizations: OrganizationDirectory;
  /** Seals why a call was denied, for DecodeAuthorizationMessage. */
  encodeAuthorizationMessage(details: object, tx: Transaction): Promise<string>;
}

/** What services lend each other beside calls of operations: loaded when it is first asked for. */
export interface Lent {
  userPools: UserPools;
  identityPools: IdentityPools;
  webIdentities: WebIdentities;
  assertions: Assertions;
}

/** What STS knows of SAML responses that are meant for AWS. */
export interface Assertions {
  /** What a response says that the provider signed; or why it is not taken. */
  read(
    response: string,
    provider: SamlFacts,
    nowMs: number,
  ): Promise<
    { subject: string; attributes: Readonly<Record<string, readonly string[]>> } | { problem: string }
  >;
}

/** What STS asks of identity pools, which issue tokens of their own. */
export interface IdentityPools {
  /** The claims of a token that was issued here and has not expired; or why it is not taken. */
  verifyToken(
    token: string,
    ctx: { tx: Transaction; clock: Clock },
  ): Promise<{ claims: Readonly<Record<string, unknown>> } | { problem: "invalid" | "expired" }>;
}

/** What STS knows of tokens of OpenID Connect issuers. */
export interface WebIdentities {
  /** The claims of a token that its issuer ("https://…") signed; or why it is not taken. */
  verify(
    token: string,
    issuer: string,
    nowMs: number,
  ): Promise<
    { claims: Readonly<Record<string, unknown>> } | { problem: "invalid" | "expired" | "unreachable" }
  >;
}

/** What user pools know of their own tokens, for those who take one for a proof. */
export interface UserPools {
  /**
   * The claims of an ID token that a pool signed for one of its clients, and that has not expired; or why it is not
   * taken. `checksUser` also refuses one whose user is gone, disabled, or signed out since.
   */
  verifyIdToken(
    token: string,
    wanted: { poolId: string; clientId: string; checksUser: boolean },
    ctx: { tx: Transaction; clock: Clock },
  ): Promise<{ claims: Readonly<Record<string, unknown>> } | { problem: UserPoolTokenProblem }>;
}

export type UserPoolTokenProblem = "invalid" | "signature" | "expired" | "revoked";

export interface OrganizationDirectory {
  /** The organization that an account belongs to; undefined outside of any. */
  of(account: string, tx: Transaction): Promise<OrganizationFacts | undefined>;
  /** What stands at "o-…/r-…/ou-…/account"; undefined if nothing does. */
  entity(path: string, tx: Transaction): Promise<OrganizationEntity | undefined>;
  /** Document of one of an organization's policies, or of AWS's. */
  policyDocument(organizationId: string, policyId: string, tx: Transaction): Promise<string | undefined>;
}

/** A root, unit or account of an organization. */
export interface OrganizationEntity {
  /** Accounts at or below it, each with its path. */
  accounts: readonly { account: string; path: string }[];
  /** Documents of the SCPs in force at it, one list for each level, root first; undefined where none are. */
  scps?: readonly (readonly string[])[];
}

/** An account's organization, as far as other services need it. */
export interface OrganizationFacts {
  id: string;
  managementAccount: string;
  /** "o-…/r-…/ou-…/" of the account. */
  path: string;
  /** Services that may act in all accounts. */
  trustedServices: readonly string[];
  /** Services whose delegated administrator the account is. */
  delegatedServices: readonly string[];
}

/** A role, as far as taking it on needs it. */
export interface RoleFacts {
  arn: string;
  account: string;
  roleName: string;
  roleId: string;
  trustPolicy: string;
  maxSessionDurationSeconds: number;
  tags: Readonly<Record<string, string>>;
}

/** What a SAML provider's metadata say of it. */
export interface SamlFacts {
  entityId: string;
  /** Those that it may sign with: DER in base64. */
  certificates: readonly string[];
}

/** An identity provider of an account. */
export interface ProviderFacts {
  arn: string;
  saml?: SamlFacts;
  /** OIDC: issuer without "https://", accepted audiences. */
  issuer?: string;
  clientIds?: readonly string[];
}

export interface IdentityDirectory extends SignIn, Delegations {
  findRole(arn: string, tx: Transaction): Promise<RoleFacts | undefined>;
  findProvider(arn: string, tx: Transaction): Promise<ProviderFacts | undefined>;
  /** OIDC providers of an account whose issuer is this (without "https://"). */
  findOidcProvider(account: string, issuer: string, tx: Transaction): Promise<ProviderFacts | undefined>;
  /** Whether `code` is the device's current one; a code counts once. The device must be the caller's own. */
  useMfaCode(
    caller: Caller,
    serialNumber: string,
    code: string,
    ctx: { tx: Transaction; clock: Clock },
  ): Promise<boolean>;
  /** Document of a managed policy's default version. */
  policyDocument(arn: string, tx: Transaction): Promise<string | undefined>;
  /** Tags of the user or role that the caller is. */
  principalTags(caller: Caller, tx: Transaction): Promise<Readonly<Record<string, string>>>;
  /** What the account has switched on for the tokens that STS issues. */
  tokenSettings(account: string, tx: Transaction): Promise<TokenSettings>;
  /** Which privileged tasks in member accounts an organization has switched on. */
  rootAccessFeatures(organizationId: string, tx: Transaction): Promise<readonly RootAccessFeature[]>;
  /** Account of an access key that exists. */
  accountOfKey(accessKeyId: string, tx: Transaction): Promise<string | undefined>;
}

export type RootAccessFeature = "RootCredentialsManagement" | "RootSessions";

export interface TokenSettings {
  /** Issuer of the account's web identity tokens; undefined unless it has switched them on. */
  outboundIssuer?: string;
}

/** The session token is no token of ours, or has expired. */
export class SessionProblem extends Error {
  readonly problem: "invalid" | "expired";
  constructor(problem: "invalid" | "expired") {
    super(`session token ${problem}`);
    this.problem = problem;
  }
}
