import type { Context } from "../../kit/context.ts";
import { MalformedPolicy, type ParseOptions, parsePolicy } from "../../policy/index.ts";

/** Refuses a policy document that AWS would refuse. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html */
export function checkDocument(
  document: string,
  kind: "identity" | "trust",
  ctx: Context<"MalformedPolicyDocumentException">,
  options?: ParseOptions,
): void {
  try {
    parsePolicy(document, kind, options);
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw ctx.error("MalformedPolicyDocumentException", error.message);
  }
}

/** Characters of a document as the quotas count them: white space is free. */
export function sizeOf(document: string): number {
  return document.replace(/\s/g, "").length;
}
