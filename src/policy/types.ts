/**
 * What the engine is asked and what it answers. The engine is pure: no I/O, no clock; everything that a
 * decision depends on is in the request and the policies.
 */

/** Who asks. */
export interface Principal {
  kind:
    | "root"
    | "user"
    | "role-session"
    | "federated-user"
    | "service"
    | "web-identity"
    | "saml"
    | "anonymous";
  /** 12 digits; empty for services, anonymous and external identities. */
  account: string;
  /** As AWS reports it: for a role session the `arn:aws:sts::…:assumed-role/…` ARN. */
  arn: string;
  /** For a role session: the ARN of the role itself, path included. */
  roleArn?: string;
  /** For a federated user: the ARN of the IAM user (or root) that called GetFederationToken. */
  issuerArn?: string;
  /** For a service: "events.amazonaws.com"; for external identities: the provider's ARN or name. */
  service?: string;
  /** The value of `aws:userid`. */
  userId: string;
  /** The canonical user id of the account, for `"Principal": {"CanonicalUser": …}`. */
  canonicalUser?: string;
}

/** Context keys of one request. Lower-case names; each value one string or several. */
export type ContextKeys = Pick<ReadonlyMap<string, string | readonly string[]>, "get" | "has">;

export interface AuthorizationRequest {
  principal: Principal;
  /** "kms:Encrypt" */
  action: string;
  /** ARN, or "*" where the action has no resource. */
  resource: string;
  /** The account that owns the resource. */
  resourceAccount: string;
  context: ContextKeys;
}

/** What a document is used as; it decides which elements it must and must not have. */
export type DocumentKind = "identity" | "boundary" | "session" | "resource" | "trust" | "scp" | "rcp" | "key";

export type PolicyKind = "identity" | "boundary" | "session" | "resource" | "scp" | "rcp" | "vpc-endpoint";
