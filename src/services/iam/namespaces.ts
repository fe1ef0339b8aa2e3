import { type CompiledPolicy, compileCached } from "../../policy/index.ts";
import { iam } from "./contract.ts";
import { findSource, type PolicySource } from "./policySources.ts";
import { lastPart } from "./shared.ts";

/** Which services' actions policies allow. */

/** Services whose use is asked about when a policy names none ("*"). */
const everyService = ["cloudtrail", "iam", "kms", "organizations", "sts"];

/** Namespaces of the actions that a policy allows; undefined stands for all. */
function namespaces(policy: CompiledPolicy): Set<string> | undefined {
  const found = new Set<string>();
  for (const { effect, source } of policy.statements) {
    if (effect !== "Allow") continue;
    if (source.action.negated) return undefined;
    for (const action of source.action.values) {
      const [service = "*"] = action.toLowerCase().split(":");
      if (service.includes("*")) return undefined;
      found.add(service);
    }
  }
  return found;
}

/** Namespaces that any of the policies, or the document, allows something of; in order. */
export function namespacesOf(policies: readonly CompiledPolicy[], document: string | undefined): string[] {
  const all = document === undefined ? policies : [...policies, compileCached(document, "identity")];
  const sets = all.map(namespaces);
  const found = new Set(sets.flatMap((set) => [...(set ?? everyService)]));
  return [...found].sort();
}

function grants(policy: CompiledPolicy, service: string): boolean {
  const found = namespaces(policy);
  return found === undefined || found.has(service);
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_ListPoliciesGrantingServiceAccess.html */
export const listPoliciesGrantingServiceAccess = iam.operation("ListPoliciesGrantingServiceAccess", {
  access: ({ Arn }) => ({ action: "iam:ListPoliciesGrantingServiceAccess", resource: Arn }),
  async handle({ Arn, ServiceNamespaces }, ctx) {
    const source = await findSource(Arn, ctx);
    if (source === undefined) throw ctx.error("NoSuchEntityException", `ARN ${Arn} does not exist.`);
    return {
      PoliciesGrantingServiceAccess: ServiceNamespaces.map((ServiceNamespace) => ({
        ServiceNamespace,
        Policies: source.identity
          .filter(({ policy }) => grants(policy, ServiceNamespace.toLowerCase()))
          .map(({ name }) => describe(name, source)),
      })),
      IsTruncated: false,
    };
  },
});

const entityTypes = { user: "USER", role: "ROLE", group: "GROUP" } as const;

/** A policy as the source holds it: managed, or inline with whom it stands. */
function describe(name: string, source: PolicySource) {
  const [, kind] = /^arn:aws:iam::(?:\d{12}|aws):(user|group|role|policy)\//.exec(name) ?? [];
  if (kind === "policy")
    return { PolicyName: lastPart(name), PolicyType: "MANAGED" as const, PolicyArn: name };
  const holder = name.slice(0, name.lastIndexOf("/"));
  return {
    PolicyName: lastPart(name),
    PolicyType: "INLINE" as const,
    EntityType: entityTypes[kind === "group" ? "group" : source.kind],
    EntityName: lastPart(holder),
  };
}
