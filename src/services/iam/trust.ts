import type { Context } from "../../kit/context.ts";
import type { Transaction } from "../../storage/store.ts";
import { checkDocument, sizeOf } from "./documents.ts";
import { overQuota, quotas } from "./quotas.ts";
import { lastPart } from "./shared.ts";
import { principalIds, roles, users } from "./tables.ts";

/**
 * Trust policies. IAM keeps the users and roles that they name by unique id: whoever is made again under the name
 * of a deleted principal is not trusted. Answers show ARNs, and the bare id of who is no more.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html
 */

interface Statement {
  Principal?: { AWS?: string | string[] };
}

/** Checks a trust policy and gives it as it is kept. */
export async function keptTrust(
  document: string,
  ctx: Context<"MalformedPolicyDocumentException" | "LimitExceededException">,
): Promise<string> {
  checkDocument(document, "trust", ctx);
  if (sizeOf(document) > quotas.TrustPolicySize) {
    throw overQuota("ACLSizePerRole", quotas.TrustPolicySize, ctx);
  }
  return rewritten(document, async (value) => {
    if (/^\d{12}$/.test(value)) return `arn:aws:iam::${value}:root`;
    if (!/^arn:aws:iam::\d{12}:(?:user|role)\//.test(value)) return value;
    const id = await idOf(value, ctx.tx);
    if (id !== undefined) {
      principalIds.put(ctx.tx, [id], { arn: value });
      return id;
    }
    throw ctx.error("MalformedPolicyDocumentException", `Invalid principal in policy: "AWS":"${value}"`);
  });
}

/** A trust policy as answers show it. */
export function shownTrust(kept: string, tx: Transaction): Promise<string> {
  return rewritten(kept, async (value) =>
    /^A[A-Z0-9]{15,}$/.test(value) ? ((await principalIds.get(tx, value))?.arn ?? value) : value,
  );
}

async function idOf(arn: string, tx: Transaction): Promise<string | undefined> {
  const [, account, kind] = /^arn:aws:iam::(\d{12}):(user|role)\//.exec(arn) ?? [];
  if (account === undefined) return undefined;
  const name = lastPart(arn).toLowerCase();
  if (kind === "user") {
    const user = await users.get(tx, account, name);
    return user?.arn === arn ? user.userId : undefined;
  }
  const role = await roles.get(tx, account, name);
  return role?.arn === arn ? role.roleId : undefined;
}

/** The document with its AWS principals replaced; the same text if none changes. */
async function rewritten(document: string, replace: (value: string) => Promise<string>): Promise<string> {
  const policy = JSON.parse(document) as { Statement: Statement | Statement[] };
  let isChanged = false;
  const replaced = async (value: string) => {
    const after = await replace(value);
    if (after !== value) isChanged = true;
    return after;
  };
  for (const { Principal } of [policy.Statement].flat()) {
    if (Principal?.AWS === undefined) continue;
    Principal.AWS = Array.isArray(Principal.AWS)
      ? await Promise.all(Principal.AWS.map(replaced))
      : await replaced(Principal.AWS);
  }
  return isChanged ? JSON.stringify(policy) : document;
}
