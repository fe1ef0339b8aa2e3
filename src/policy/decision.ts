import type { CompiledPolicy, Statement } from "./compile.ts";
import type { Grant } from "./principal.ts";
import type { PolicyKind } from "./types.ts";

/** A policy with the name under which a decision reports it: its ARN, or the name of an inline policy. */
export interface NamedPolicy {
  name: string;
  policy: CompiledPolicy;
}

/** How a resource policy and the caller's own policies go together. */
export type ResourceRules =
  /** Either allows, within one account. */
  | "normal"
  /** The key policy must allow, or delegate to the account. https://docs.aws.amazon.com/kms/latest/developerguide/key-policies.html */
  | "key-policy"
  /** The role's trust policy must allow, or delegate to the account. */
  | "trust";

/** Every policy that applies to one request. An absent kind does not apply. */
export interface PolicySet {
  identity: readonly NamedPolicy[];
  boundary?: NamedPolicy;
  /** The inline session policy and the managed ones: together they allow what one of them allows. */
  session?: readonly NamedPolicy[];
  /** Not even a resource policy that names the session itself goes beyond the session policies. */
  sessionLimitsAll?: true;
  resource?: NamedPolicy;
  /** One list for each level, root first; each level must allow. None for a management account. */
  scps?: readonly (readonly NamedPolicy[])[];
  rcps?: readonly (readonly NamedPolicy[])[];
  vpcEndpoint?: NamedPolicy;
  /** An allow that is no policy. */
  extraAllow?: { kind: "kms-grant" | "service"; name: string };
  resourceRules?: ResourceRules;
}

/** What the policies of one kind said. */
export interface KindResult {
  verdict: "allow" | "deny" | "none" | "not-applicable";
  /** The policy and the statement that decided. */
  policy?: string;
  statement?: Statement;
  /** Resource policies: how closely the allowing statement names the caller. */
  grant?: Grant;
  /** SCPs and RCPs: the level that lacks an allow, from 0 at the root. */
  level?: number;
}

export interface DecidedBy {
  kind: PolicyKind | "kms-grant" | "service" | "root";
  /** ARN or name of the policy, or of the grant. */
  policy: string;
  /** Sid, or the index from 0 of a statement that has none. */
  statement?: string | number;
}

export interface Decision {
  allowed: boolean;
  reason: "Allowed" | "ExplicitDeny" | "ImplicitDeny";
  /** The kind that an error message names. */
  deniedBy: PolicyKind | undefined;
  decidedBy: DecidedBy | undefined;
  crossAccount: boolean;
  /** What each kind said. */
  results: Readonly<Record<PolicyKind, KindResult>>;
  /** The kinds that lacked an allow which the request needed. */
  missing: readonly PolicyKind[];
  rules: ResourceRules;
}
