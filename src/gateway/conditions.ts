import type { Caller, Guardrails, PrincipalPolicies } from "../kit/caller.ts";
import type { RequestFacts } from "../kit/context.ts";
import type { Access } from "../kit/service.ts";
import type { ContextKeys } from "../policy/types.ts";

/**
 * Condition keys of a call. Names are in lower case, as the policy engine looks them up.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
 */

type Keys = Map<string, string | readonly string[]>;

/**
 * Keys that are gathered when the first is asked for: most decisions are made without looking at one, and
 * gathering them costs as much as the rest of a decision.
 */
class LazyKeys implements ContextKeys {
  readonly #gather: () => Keys;
  #keys: Keys | undefined;

  constructor(gather: () => Keys) {
    this.#gather = gather;
  }

  get all(): Keys {
    this.#keys ??= this.#gather();
    return this.#keys;
  }

  get(name: string): string | readonly string[] | undefined {
    return this.all.get(name);
  }

  has(name: string): boolean {
    return this.all.has(name);
  }
}

export interface CallFacts {
  caller: Caller;
  request: RequestFacts;
  region: string;
  nowMs: number;
}

const principalTypes: Partial<Record<Caller["principal"]["kind"], string>> = {
  root: "Account",
  user: "User",
  "role-session": "AssumedRole",
  "federated-user": "FederatedUser",
  anonymous: "Anonymous",
};

/** Keys that hold for the whole call, whatever it touches. */
export function keysOfCall(
  facts: CallFacts,
  principal: PrincipalPolicies | undefined,
  guardrails: Guardrails | undefined,
): LazyKeys {
  return new LazyKeys(() => gatherCall(facts, principal, guardrails));
}

function gatherCall(
  facts: CallFacts,
  principal: PrincipalPolicies | undefined,
  guardrails: Guardrails | undefined,
): Keys {
  const { caller, request, nowMs } = facts;
  const keys: Keys = new Map();
  keys.set("aws:requestedregion", facts.region);
  keys.set("aws:securetransport", String(request.secure));
  keys.set("aws:currenttime", new Date(nowMs).toISOString());
  keys.set("aws:epochtime", String(Math.floor(nowMs / 1000)));
  if (request.sourceIp) keys.set("aws:sourceip", request.sourceIp);
  if (request.userAgent) keys.set("aws:useragent", request.userAgent);
  addPrincipal(keys, caller, principal, guardrails);
  addSession(keys, caller, nowMs);
  addOrigin(keys, caller);
  return keys;
}

function addPrincipal(
  keys: Keys,
  caller: Caller,
  principal: PrincipalPolicies | undefined,
  guardrails: Guardrails | undefined,
): void {
  const { kind, account, arn, roleArn, userId, service } = caller.principal;
  const isService = kind === "service";
  keys.set("aws:principalisawsservice", String(isService));
  if (userId) keys.set("aws:userid", userId);
  const type = principalTypes[kind];
  if (type) keys.set("aws:principaltype", type);
  if (isService) {
    keys.set("aws:principalservicename", service ?? "");
    keys.set("aws:principalservicenameslist", [service ?? ""]);
    return;
  }
  if (account) keys.set("aws:principalaccount", account);
  if (arn) keys.set("aws:principalarn", roleArn ?? arn);
  if (caller.userName) keys.set("aws:username", caller.userName);
  const tags = { ...principal?.tags, ...caller.session?.tags };
  for (const name in tags) keys.set(`aws:principaltag/${name.toLowerCase()}`, tags[name] as string);
  if (guardrails?.organizationId) keys.set("aws:principalorgid", guardrails.organizationId);
  if (guardrails?.organizationPath) keys.set("aws:principalorgpaths", [guardrails.organizationPath]);
}

function addSession(keys: Keys, caller: Caller, nowMs: number): void {
  const { session } = caller;
  if (session === undefined) return;
  keys.set("aws:tokenissuetime", new Date(session.issuedAt).toISOString());
  keys.set("aws:multifactorauthpresent", String(session.mfaAt !== undefined));
  if (session.mfaAt !== undefined) {
    keys.set("aws:multifactorauthage", String(Math.max(0, Math.floor((nowMs - session.mfaAt) / 1000))));
  }
  if (session.sourceIdentity) keys.set("aws:sourceidentity", session.sourceIdentity);
  if (session.provider) keys.set("aws:federatedprovider", session.provider);
  for (const name in session.federatedContext) {
    keys.set(name.toLowerCase(), session.federatedContext[name] as string | string[]);
  }
}

function addOrigin(keys: Keys, caller: Caller): void {
  if (caller.sourceArn) keys.set("aws:sourcearn", caller.sourceArn);
  if (caller.sourceAccount) keys.set("aws:sourceaccount", caller.sourceAccount);
  const via = caller.calledVia ?? [];
  keys.set("aws:viaawsservice", String(via.length > 0));
  if (via.length > 0) {
    keys.set("aws:calledvia", via);
    keys.set("aws:calledviafirst", via[0] as string);
    keys.set("aws:calledvialast", via.at(-1) as string);
  }
}

/** Keys of one access: the call's, and what it touches. */
export function keysOfAccess(
  call: LazyKeys,
  access: Access,
  resourceAccount: string,
  guardrails: Guardrails | undefined,
): ContextKeys {
  return new LazyKeys(() => gatherAccess(call.all, access, resourceAccount, guardrails));
}

function gatherAccess(
  call: Keys,
  access: Access,
  resourceAccount: string,
  guardrails: Guardrails | undefined,
): Keys {
  const keys: Keys = new Map(call);
  if (access.resource !== "*") keys.set("aws:resourceaccount", resourceAccount);
  if (guardrails?.organizationId) keys.set("aws:resourceorgid", guardrails.organizationId);
  if (guardrails?.organizationPath) keys.set("aws:resourceorgpaths", [guardrails.organizationPath]);
  const context = typeof access.context === "function" ? access.context() : access.context;
  for (const name in context) {
    const value = context[name];
    if (value !== undefined) keys.set(name.toLowerCase(), value);
  }
  for (const name in access.resourceTags) {
    keys.set(`aws:resourcetag/${name.toLowerCase()}`, access.resourceTags[name] as string);
  }
  if (access.requestTags !== undefined && access.requestTags.length > 0) {
    const names: string[] = [];
    for (const { Key, Value } of access.requestTags) {
      if (Key === undefined) continue;
      names.push(Key);
      keys.set(`aws:requesttag/${Key.toLowerCase()}`, Value ?? "");
    }
    keys.set("aws:tagkeys", names);
  }
  return keys;
}
