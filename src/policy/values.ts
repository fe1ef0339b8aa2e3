import { MalformedPolicy } from "./malformed.ts";
import { matchesWildcard } from "./match.ts";

/** Checks of single values in a policy, in IAM's words. */

const partitions = [
  "aws",
  "aws-cn",
  "aws-us-gov",
  "aws-iso",
  "aws-iso-b",
  "aws-iso-e",
  "aws-iso-f",
  "aws-eusc",
];

/** "service:Action", either side with wildcards in the action, or "*". */
export function checkAction(action: string): void {
  if (action === "*") return;
  const [vendor = "", name, ...more] = action.split(":");
  if (name === undefined) {
    refuse("Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.", "Action");
  }
  if (more.length > 0) refuse("Actions/Condition can contain only one colon.", "Action");
  if (!/^[A-Za-z0-9.-]+$/.test(vendor)) refuse(`Vendor ${vendor} is not valid`, "Action");
}

const trustActions = [
  "sts:assumerole",
  "sts:assumerolewithsaml",
  "sts:assumerolewithwebidentity",
  "sts:setcontext",
  "sts:setsourceidentity",
  "sts:tagsession",
];

export function checkTrustAction(action: string): void {
  const lower = action.toLowerCase();
  const isTrustAction = lower.startsWith("sts:") && trustActions.some((each) => matchesWildcard(lower, each));
  if (!isTrustAction) refuse("AssumeRole policy may only specify STS AssumeRole actions.", "Action");
}

export function checkResource(resource: string): void {
  if (resource === "*") return;
  if (!resource.includes(":")) refuse(`Resource ${resource} must be in ARN format or "*".`, "Resource");
  const fields = splitOutsideVariables(resource);
  if (fields[0] !== "arn") {
    // IAM reads what it takes for the ARN's prefix as "arn" and fills up the missing fields.
    const padded = ["arn", ...fields.slice(1)];
    while (padded.length < 6) padded.push("*");
    checkPartition(padded[1] as string, padded.join(":"));
    refuse("The policy failed legacy parsing", "Resource");
  }
  if (fields.length < 6 && fields.at(-1) !== "*") refuse("The policy failed legacy parsing", "Resource");
  checkPartition(fields[1] as string, resource);
  const [, , service, region = ""] = fields;
  if (service === "iam" && /^[a-z]/.test(region)) {
    refuse(`IAM resource ${resource} cannot contain region information.`, "Resource");
  }
}

function checkPartition(partition: string, resource: string): void {
  if (partitions.some((each) => matchesWildcard(partition, each))) return;
  refuse(`Partition "${partition}" is not valid for resource "${resource}".`, "Resource");
}

/** Cuts at colons, those inside `${…}` left alone. */
function splitOutsideVariables(text: string): string[] {
  return text
    .replace(/\$\{[^{}]*\}/g, (variable) => variable.replaceAll(":", "\u0000"))
    .split(":")
    .map((part) => part.replaceAll("\u0000", ":"));
}

const principalShapes: Record<string, RegExp> = {
  // An account, "*", a user, a role, a session, or the unique id that IAM puts in place of a deleted principal.
  AWS: /^(?:\*|\d{12}|arn:[a-z-]+:iam::[^:]+:(?:root|user\/[^*]+|role\/[^*]+)|arn:[a-z-]+:sts::\d{12}:(?:assumed-role|federated-user|self)(?:\/[^*]+)?|A[A-Z0-9]{15,})$/,
  Service: /^(?:\*|[A-Za-z0-9.-]+)$/,
  Federated: /^(?:\*|[^\s*]+)$/,
  CanonicalUser: /^[0-9a-f]{64}$/,
};

/** Only the shape: whether the principal exists is for the service to say. */
export function checkPrincipal(type: string, value: string): void {
  const shape = Object.hasOwn(principalShapes, type) ? principalShapes[type] : undefined;
  if (shape?.test(value)) return;
  throw new MalformedPolicy(`Invalid principal in policy: "${type}":"${value}"`, "principal", {
    field: "Principal",
  });
}

function refuse(message: string, field: "Action" | "Resource"): never {
  throw new MalformedPolicy(message, field === "Action" ? "action" : "resource", { field });
}
