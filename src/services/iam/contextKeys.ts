import type { Context } from "../../kit/context.ts";
import { type CompiledPolicy, compileCached, contextKeysOf, MalformedPolicy } from "../../policy/index.ts";
import { iam } from "./contract.ts";
import { findSource } from "./policySources.ts";

function compiled(document: string, ctx: Context<"InvalidInputException">): CompiledPolicy {
  try {
    return compileCached(document, "identity");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw ctx.error("InvalidInputException", `Invalid policy: ${error.message}`);
  }
}

/** Context keys of several policies, each once. */
function keysOf(policies: readonly CompiledPolicy[]): string[] {
  return [...new Set(policies.flatMap(contextKeysOf))];
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForCustomPolicy.html */
export const getContextKeysForCustomPolicy = iam.operation("GetContextKeysForCustomPolicy", {
  access: () => ({ action: "iam:GetContextKeysForCustomPolicy", resource: "*" }),
  handle({ PolicyInputList }, ctx) {
    return { ContextKeyNames: keysOf(PolicyInputList.map((document) => compiled(document, ctx))) };
  },
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetContextKeysForPrincipalPolicy.html */
export const getContextKeysForPrincipalPolicy = iam.operation("GetContextKeysForPrincipalPolicy", {
  access: ({ PolicySourceArn }) => ({
    action: "iam:GetContextKeysForPrincipalPolicy",
    resource: PolicySourceArn,
  }),
  async handle({ PolicySourceArn, PolicyInputList = [] }, ctx) {
    const source = await findSource(PolicySourceArn, ctx);
    if (source === undefined) {
      throw ctx.error("NoSuchEntityException", `The entity with ARN ${PolicySourceArn} cannot be found.`);
    }
    const own = source.identity.map(({ policy }) => policy);
    return {
      ContextKeyNames: keysOf([...own, ...PolicyInputList.map((document) => compiled(document, ctx))]),
    };
  },
});
