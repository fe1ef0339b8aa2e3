import type { Context } from "../../kit/context.ts";
import { compileCached, evaluate, MalformedPolicy, parsePolicy } from "../../policy/index.ts";

/** The policy of a key whose maker gave none: the account decides, by its identity policies. */
export function defaultPolicy(account: string): string {
  return JSON.stringify(
    {
      Version: "2012-10-17",
      Id: "key-default-1",
      Statement: [
        {
          Sid: "Enable IAM User Permissions",
          Effect: "Allow",
          Principal: { AWS: `arn:aws:iam::${account}:root` },
          Action: "kms:*",
          Resource: "*",
        },
      ],
    },
    null,
    2,
  );
}

/**
 * A policy must be one, and must leave its author able to change it again, unless that is waived.
 * https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html#prevent-unmanageable-key
 */
export async function checkPolicy(
  document: string,
  bypassLockoutCheck: boolean,
  ctx: Context<"MalformedPolicyDocumentException">,
  key: { arn: string; tags: Record<string, string> } = {
    arn: `arn:aws:kms:${ctx.region}:${ctx.account}:key/new`,
    tags: {},
  },
): Promise<void> {
  try {
    parsePolicy(document, "key");
  } catch (error) {
    if (error instanceof MalformedPolicy) throw ctx.error("MalformedPolicyDocumentException", error.message);
    throw error;
  }
  if (bypassLockoutCheck) return;
  const mayStill = await ctx.allowed({
    action: "kms:PutKeyPolicy",
    resource: key.arn,
    resourceAccount: ctx.account,
    resourcePolicy: { name: key.arn, document, kind: "key" },
    resourceTags: key.tags,
    context: { "kms:CallerAccount": ctx.account },
  });
  if (!mayStill && !rootMayStill(document, key, ctx)) {
    throw ctx.error(
      "MalformedPolicyDocumentException",
      "The new key policy will not allow you to update the key policy in the future.",
    );
  }
}

/** A policy that leaves the key to its account can be changed by whom the account allows it, in the end its root. */
function rootMayStill(document: string, key: { arn: string }, { account }: Context): boolean {
  const arn = `arn:aws:iam::${account}:root`;
  const request = {
    principal: { kind: "root" as const, account, arn, userId: account },
    action: "kms:PutKeyPolicy",
    resource: key.arn,
    resourceAccount: account,
    context: new Map([
      ["aws:principalarn", arn],
      ["aws:principalaccount", account],
      ["kms:calleraccount", account],
    ]),
  };
  const resource = { name: key.arn, policy: compileCached(document, "key") };
  return evaluate(request, { identity: [], resource, resourceRules: "key-policy" }).allowed;
}
