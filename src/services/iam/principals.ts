import type { Caller, PrincipalPolicies } from "../../kit/caller.ts";
import { chain, type MaybePromise } from "../../kit/maybe.ts";
import type { Credential } from "../../kit/ports.ts";
import { compileCached, type NamedPolicy } from "../../policy/index.ts";
import type { Reads, Transaction } from "../../storage/store.ts";
import { managedPolicyDocument } from "./managedPolicies.ts";
import { lastPart, seconds } from "./shared.ts";
import {
  type AccessKeyRow,
  accessKeys,
  groups,
  type PolicyHolder,
  policies,
  principalIds,
  roles,
  type UserRow,
  users,
} from "./tables.ts";

/** What the path asks of IAM: whose key is this, and which policies does a principal have. */

export function findAccessKey(accessKeyId: string, tx: Reads): MaybePromise<Credential | undefined> {
  return chain(accessKeys.get(tx, accessKeyId), (row) => {
    if (row === undefined || row.status !== "Active") return undefined;
    const { account, userName } = row;
    if (userName === undefined) return credentialOf(row, undefined);
    return chain(users.get(tx, account, userName.toLowerCase()), (user) => user && credentialOf(row, user));
  });
}

/** Credentials by the rows of which they were made, for as long as those are remembered. */
const known = new WeakMap<AccessKeyRow, { user: UserRow | undefined; credential: Credential }>();

/** One object for all calls under a key: what else is made of a caller is then found by it. */
function credentialOf(row: AccessKeyRow, user: UserRow | undefined): Credential {
  const made = known.get(row);
  if (made !== undefined && made.user === user) return made.credential;
  const { accessKeyId, secretAccessKey } = row;
  const credential = { accessKeyId, secretAccessKey, caller: callerOf(row, user) };
  known.set(row, { user, credential });
  return credential;
}

function callerOf({ account, accessKeyId }: AccessKeyRow, user: UserRow | undefined): Caller {
  if (user === undefined) {
    return {
      accessKeyId,
      principal: { kind: "root", account, arn: `arn:aws:iam::${account}:root`, userId: account },
    };
  }
  const { userName, arn, userId } = user;
  return { accessKeyId, userName, principal: { kind: "user", account, arn, userId } };
}

export async function principalPolicies(
  caller: Caller,
  tx: Transaction,
): Promise<PrincipalPolicies | undefined> {
  const policiesOf = await ownPolicies(caller, tx);
  const { session } = caller;
  if (policiesOf === undefined || session?.policyArns === undefined) return policiesOf;
  const named = await Promise.all(session.policyArns.map((arn) => managedPolicy(arn, tx, "session")));
  return { ...policiesOf, session: named.filter((policy) => policy !== undefined) };
}

async function ownPolicies(caller: Caller, tx: Transaction): Promise<PrincipalPolicies | undefined> {
  const { kind, account, roleArn, issuerArn } = caller.principal;
  if (kind === "user") return userPolicies(await userOf(caller, tx), account, tx);
  if (kind === "role-session" && roleArn !== undefined)
    return rolePolicies(caller, account, lastPart(roleArn), tx);
  if (kind === "federated-user" && issuerArn?.includes(":user/")) {
    const issuer = await users.get(tx, account, lastPart(issuerArn).toLowerCase());
    // The token was made by an earlier user of that name.
    const isLater =
      issuer !== undefined && seconds(issuer.createDate).getTime() > (caller.session?.issuedAt ?? 0);
    return userPolicies(isLater ? undefined : issuer, account, tx);
  }
  if (kind === "root") return { identity: await taskPolicies(caller, tx), tags: {} };
  return kind === "federated-user" ? { identity: [], tags: {} } : undefined;
}

/** The root needs no policy, and has none; but a session for one task is denied all else. */
async function taskPolicies({ session }: Caller, tx: Transaction): Promise<NamedPolicy[]> {
  if (session?.taskPolicyArn === undefined) return [];
  const policy = await managedPolicy(session.taskPolicyArn, tx, "identity");
  if (policy === undefined) throw new Error(`There is no task policy ${session.taskPolicyArn}.`);
  return [policy];
}

/** The very user that signed: not one made again under the name, yet the same one under a new name. */
async function userOf({ principal, userName }: Caller, tx: Transaction): Promise<UserRow | undefined> {
  const { account, arn, userId } = principal;
  const named = await users.get(tx, account, (userName ?? lastPart(arn)).toLowerCase());
  if (named?.userId === userId) return named;
  const now = await principalIds.get(tx, userId);
  return now && users.get(tx, account, lastPart(now.arn).toLowerCase());
}

async function userPolicies(
  user: UserRow | undefined,
  account: string,
  tx: Transaction,
): Promise<PrincipalPolicies | undefined> {
  if (user === undefined) return undefined;
  const identity = await held(user, user.arn, tx);
  for (const groupName of user.groups) {
    const group = await groups.get(tx, account, groupName);
    if (group !== undefined) identity.push(...(await held(group, group.arn, tx)));
  }
  const boundary = user.boundary === undefined ? undefined : await boundaryPolicy(user.boundary, tx);
  return { identity, tags: user.tags, ...(boundary && { boundary }) };
}

async function rolePolicies(
  caller: Caller,
  account: string,
  name: string,
  tx: Transaction,
): Promise<PrincipalPolicies | undefined> {
  const role = await roles.get(tx, account, name.toLowerCase());
  // A role that was deleted and made again under the same name is another role.
  if (role === undefined || (caller.session?.roleId !== undefined && caller.session.roleId !== role.roleId))
    return undefined;
  const identity = await held(role, role.arn, tx);
  const boundary = role.boundary === undefined ? undefined : await boundaryPolicy(role.boundary, tx);
  return { identity, tags: role.tags, ...(boundary && { boundary }) };
}

/** A holder's own policies: inline by `<arn>/<name>`, managed by ARN. */
export async function held(holder: PolicyHolder, arn: string, tx: Transaction): Promise<NamedPolicy[]> {
  const named: NamedPolicy[] = [];
  for (const name in holder.inline) {
    named.push({ name: `${arn}/${name}`, policy: compileCached(holder.inline[name] as string, "identity") });
  }
  for (const policyArn of holder.attached) {
    const policy = await managedPolicy(policyArn, tx, "identity");
    if (policy !== undefined) named.push(policy);
  }
  return named;
}

/** A boundary that cannot be found must not widen anything: an empty one allows nothing. */
async function boundaryPolicy(arn: string, tx: Transaction): Promise<NamedPolicy> {
  return (
    (await managedPolicy(arn, tx, "boundary")) ?? {
      name: arn,
      policy: compileCached(allowsNothing, "boundary"),
    }
  );
}

const allowsNothing = '{"Version":"2012-10-17","Statement":[{"Effect":"Deny","Action":"*","Resource":"*"}]}';

async function managedPolicy(
  arn: string,
  tx: Transaction,
  kind: "identity" | "boundary" | "session",
): Promise<NamedPolicy | undefined> {
  const document = await policyDocument(arn, tx);
  return document === undefined ? undefined : { name: arn, policy: compileCached(document, kind) };
}

/** The default version's document of a managed policy, AWS's or a customer's. */
export async function policyDocument(arn: string, tx: Transaction): Promise<string | undefined> {
  if (arn.startsWith("arn:aws:iam::aws:policy/")) return managedPolicyDocument(arn);
  const row = await policies.get(tx, arn.split(":")[4] ?? "", lastPart(arn).toLowerCase());
  return row?.arn === arn ? row.versions[row.defaultVersion]?.document : undefined;
}
