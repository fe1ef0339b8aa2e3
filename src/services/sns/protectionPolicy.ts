import { type CustomIdentifier, customIdentifier, isManagedIdentifier } from "../../kit/dataIdentifiers.ts";

/** Data protection policies, as texts and as what they say. https://docs.aws.amazon.com/sns/latest/dg/sns-message-data-protection-policies.html */

export interface Destination {
  logGroup?: string;
  deliveryStream?: string;
  bucket?: string;
}

export type ProtectionOperation =
  | { kind: "audit"; samplePercent: number; findings: Destination; noFindings: Destination }
  | { kind: "mask"; character: string }
  | { kind: "redact" }
  | { kind: "deny" };

export interface ProtectionStatement {
  inbound: boolean;
  /** ARNs; "*" is everybody. */
  principals: readonly string[];
  /** All but those. */
  except: boolean;
  identifiers: readonly (string | CustomIdentifier)[];
  operation: ProtectionOperation;
}

/** Why a text is no data protection policy. */
export class BadProtection extends Error {}

export const maxPolicyCharacters = 30_720;
const maxCustomIdentifiers = 10;
const maxExpressionCharacters = 200;
const maxPrincipals = 100;

type Json = Record<string, unknown>;

function objectOf(value: unknown, what: string): Json {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Json;
  throw new BadProtection(`${what} must be a JSON object`);
}

function textsOf(value: unknown, what: string): string[] {
  const list = typeof value === "string" ? [value] : value;
  if (Array.isArray(list) && list.length > 0 && list.every((item) => typeof item === "string")) return list;
  throw new BadProtection(`${what} must be a list of strings that is not empty`);
}

function onlyMembers(value: Json, names: readonly string[], what: string): void {
  const strange = Object.keys(value).find((name) => !names.includes(name));
  if (strange !== undefined) throw new BadProtection(`${what} has an unknown property ${strange}`);
}

/** What a policy says; throws `BadProtection`. */
export async function parseProtection(text: string): Promise<ProtectionStatement[]> {
  if (text.length > maxPolicyCharacters)
    throw new BadProtection(`The policy must be at most ${maxPolicyCharacters} characters long`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new BadProtection("failed to parse JSON");
  }
  const policy = objectOf(value, "The policy");
  onlyMembers(policy, ["Name", "Description", "Version", "Statement", "Configuration"], "The policy");
  if (typeof policy.Name !== "string" || policy.Name === "") throw new BadProtection("Name is required");
  if (policy.Version !== "2021-06-01") throw new BadProtection("Version must be 2021-06-01");
  const custom = await customOf(policy.Configuration);
  if (!Array.isArray(policy.Statement) || policy.Statement.length === 0)
    throw new BadProtection("Statement must be a list that is not empty");
  const statements = policy.Statement.map((statement) => statementOf(statement, custom));
  if (statements.filter(({ operation }) => operation.kind === "audit").length > 1)
    throw new BadProtection("A policy can have only one Audit statement");
  return statements;
}

async function customOf(configuration: unknown): Promise<Map<string, CustomIdentifier>> {
  const found = new Map<string, CustomIdentifier>();
  if (configuration === undefined) return found;
  const given = objectOf(configuration, "Configuration");
  onlyMembers(given, ["CustomDataIdentifier"], "Configuration");
  const list = given.CustomDataIdentifier ?? [];
  if (!Array.isArray(list) || list.length > maxCustomIdentifiers)
    throw new BadProtection(`CustomDataIdentifier must be a list of at most ${maxCustomIdentifiers}`);
  for (const item of list) {
    const { Name, Regex } = objectOf(item, "A custom data identifier");
    if (typeof Name !== "string" || !/^[A-Za-z0-9_-]{1,128}$/.test(Name))
      throw new BadProtection("The Name of a custom data identifier is invalid");
    const isShort = typeof Regex === "string" && Regex.length > 0 && Regex.length <= maxExpressionCharacters;
    const identifier = isShort ? await customIdentifier(Name, Regex) : undefined;
    if (identifier === undefined)
      throw new BadProtection(`The Regex of the custom data identifier ${Name} is invalid`);
    found.set(Name, identifier);
  }
  return found;
}

function statementOf(value: unknown, custom: ReadonlyMap<string, CustomIdentifier>): ProtectionStatement {
  const statement = objectOf(value, "A Statement");
  const members = ["Sid", "DataDirection", "DataIdentifier", "Principal", "NotPrincipal", "Operation"];
  onlyMembers(statement, members, "A Statement");
  const { DataDirection, DataIdentifier, Principal, NotPrincipal, Operation } = statement;
  if (DataDirection !== "Inbound" && DataDirection !== "Outbound")
    throw new BadProtection("Statement DataDirection must be either Inbound or Outbound");
  if ((Principal === undefined) === (NotPrincipal === undefined))
    throw new BadProtection("Statement must have either Principal or NotPrincipal");
  const principals = textsOf(Principal ?? NotPrincipal, "Statement Principal");
  if (principals.length > maxPrincipals)
    throw new BadProtection(`Statement Principal must name at most ${maxPrincipals}`);
  for (const arn of principals) {
    if (arn !== "*" && !/^arn:aws:(?:iam|sts)::\d{12}:.+$/.test(arn))
      throw new BadProtection(`Statement Principal ${arn} is not the ARN of an IAM principal`);
  }
  const identifiers = textsOf(DataIdentifier, "Statement DataIdentifier").map((name) => {
    const own = custom.get(name);
    if (own === undefined && !isManagedIdentifier(name))
      throw new BadProtection(`Statement DataIdentifier ${name} is not supported`);
    return own ?? name;
  });
  const inbound = DataDirection === "Inbound";
  const operation = operationOf(Operation, inbound);
  return { inbound, principals, except: NotPrincipal !== undefined, identifiers, operation };
}

function operationOf(value: unknown, inbound: boolean): ProtectionOperation {
  const given = objectOf(value, "Statement Operation");
  const [name] = Object.keys(given);
  if (name === undefined || Object.keys(given).length > 1 || !/^(?:Audit|Deidentify|Deny)$/.test(name))
    throw new BadProtection("Statement Operation must be one of Audit, Deidentify and Deny");
  const details = objectOf(given[name], `Operation ${name}`);
  if (name === "Deny") {
    onlyMembers(details, [], "Operation Deny");
    return { kind: "deny" };
  }
  if (name === "Deidentify") return deidentification(details);
  if (!inbound) throw new BadProtection("Operation Audit is supported for DataDirection Inbound only");
  onlyMembers(details, ["SampleRate", "FindingsDestination", "NoFindingsDestination"], "Operation Audit");
  const { SampleRate, FindingsDestination, NoFindingsDestination } = details;
  const isRate = /^\d{1,2}$/.test(String(SampleRate));
  if (!isRate) throw new BadProtection("Audit SampleRate must be an integer from 0 to 99");
  if (FindingsDestination === undefined && NoFindingsDestination === undefined)
    throw new BadProtection("Audit requires FindingsDestination or NoFindingsDestination");
  return {
    kind: "audit",
    samplePercent: Number(SampleRate),
    findings: destinationOf(FindingsDestination),
    noFindings: destinationOf(NoFindingsDestination),
  };
}

const maskCharacters = "*A1234567890 !$%&()+,-./:;<=>?@#[]^_`|~\\";

function deidentification(details: Json): ProtectionOperation {
  onlyMembers(details, ["MaskConfig", "RedactConfig"], "Operation Deidentify");
  const { MaskConfig, RedactConfig } = details;
  if ((MaskConfig === undefined) === (RedactConfig === undefined))
    throw new BadProtection("Deidentify requires either MaskConfig or RedactConfig");
  if (MaskConfig === undefined) {
    onlyMembers(objectOf(RedactConfig, "RedactConfig"), [], "RedactConfig");
    return { kind: "redact" };
  }
  const { MaskWithCharacter: character = "#", ...others } = objectOf(MaskConfig, "MaskConfig");
  onlyMembers(others, [], "MaskConfig");
  if (typeof character !== "string" || character.length !== 1 || !maskable(character))
    throw new BadProtection("MaskWithCharacter is not a supported character");
  return { kind: "mask", character };
}

function maskable(character: string): boolean {
  return /[A-Za-z0-9]/.test(character) || maskCharacters.includes(character);
}

function destinationOf(value: unknown): Destination {
  if (value === undefined) return {};
  const given = objectOf(value, "A destination");
  onlyMembers(given, ["CloudWatchLogs", "Firehose", "S3"], "A destination");
  const named = (kind: string, member: string) => {
    if (given[kind] === undefined) return undefined;
    const name = objectOf(given[kind], kind)[member];
    if (typeof name === "string" && name !== "") return name;
    throw new BadProtection(`${kind} requires ${member}`);
  };
  const logGroup = named("CloudWatchLogs", "LogGroup");
  const deliveryStream = named("Firehose", "DeliveryStream");
  const bucket = named("S3", "Bucket");
  if (logGroup !== undefined && !logGroup.startsWith("/aws/vendedlogs/"))
    throw new BadProtection("The name of the LogGroup must start with /aws/vendedlogs/");
  return {
    ...(logGroup !== undefined && { logGroup }),
    ...(deliveryStream !== undefined && { deliveryStream }),
    ...(bucket !== undefined && { bucket }),
  };
}
