import { isOperator } from "./conditions/index.ts";
import { type JsonNode, Lines, parseJson } from "./json.ts";
import { MalformedPolicy, type PolicyProblem } from "./malformed.ts";
import type {
  ConditionSource,
  PolicyDocument,
  PolicyVersion,
  PrincipalBlock,
  StatementSource,
} from "./source.ts";
import type { DocumentKind } from "./types.ts";
import { checkAction, checkPrincipal, checkResource, checkTrustAction } from "./values.ts";
import { type Words, wordsFor } from "./words.ts";

/**
 * Reads a policy document and refuses what AWS refuses.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
 */

export interface ParseOptions {
  /** Managed policies must name version 2012-10-17; the other kinds default to 2008-10-17. */
  requireCurrentVersion?: boolean;
  /** Some services' resource policies have no Resource element (Amazon ECR's). */
  resourceOptional?: boolean;
}

const statementFields = [
  "Sid",
  "Effect",
  "Principal",
  "NotPrincipal",
  "Action",
  "NotAction",
  "Resource",
  "NotResource",
  "Condition",
] as const;
type Field = (typeof statementFields)[number];
type Fields = Partial<Record<Field, JsonNode>>;

export function readDocument(text: string, kind: DocumentKind, options: ParseOptions = {}): PolicyDocument {
  return new DocumentReader(text, kind, options).read();
}

class DocumentReader {
  readonly #text: string;
  readonly #kind: DocumentKind;
  readonly #options: ParseOptions;
  readonly #words: Words;
  readonly #lines: Lines;
  /** Identity policies, session policies, boundaries, SCPs: what has no Principal element. */
  readonly #isPrincipalFree: boolean;

  constructor(text: string, kind: DocumentKind, options: ParseOptions) {
    this.#text = text;
    this.#kind = kind;
    this.#options = options;
    this.#words = wordsFor(kind);
    this.#lines = new Lines(text);
    this.#isPrincipalFree =
      kind === "identity" || kind === "boundary" || kind === "session" || kind === "scp";
  }

  read(): PolicyDocument {
    const root = this.#parse();
    if (root.type !== "object") return this.#refuse(this.#words.invalidJson, "json");
    for (const name of root.members.keys()) {
      if (name !== "Version" && name !== "Id" && name !== "Statement") this.#unknownField(name);
    }
    const version = this.#version(root.members.get("Version"));
    const id = root.members.get("Id");
    if (id !== undefined && id.type !== "string") this.#refuse(this.#words.syntax, "invalid-value", "Id");
    const statements = this.#statements(root.members.get("Statement"));
    this.#checkSids(statements);
    return { version, id: id?.type === "string" ? id.value : undefined, statements };
  }

  #parse(): JsonNode {
    try {
      return parseJson(this.#text);
    } catch (error) {
      if (!(error instanceof MalformedPolicy) || error.problem !== "json") throw error;
      throw new MalformedPolicy(
        this.#words.invalidJson,
        "json",
        error.position && { position: error.position },
      );
    }
  }

  #version(node: JsonNode | undefined): PolicyVersion {
    const version = node?.type === "string" ? node.value : undefined;
    const isKnown = version === "2008-10-17" || version === "2012-10-17";
    if (node !== undefined && !isKnown) this.#refuse(this.#words.version, "version", "Version");
    if (this.#options.requireCurrentVersion && version !== "2012-10-17") {
      this.#refuse("Policy document must be version 2012-10-17 or greater.", "version", "Version");
    }
    return isKnown ? version : "2008-10-17";
  }

  #statements(node: JsonNode | undefined): StatementSource[] {
    if (node === undefined)
      return this.#refuse(this.#words.missing("Statement"), "missing-field", "Statement");
    const nodes = node.type === "array" ? node.items : [node];
    if (nodes.length === 0) this.#refuse(this.#words.emptyStatement, "missing-field", "Statement");
    return nodes.map((each) => this.#statement(each));
  }

  #statement(node: JsonNode): StatementSource {
    if (node.type !== "object") return this.#refuse(this.#words.syntax, "invalid-value", "Statement");
    const fields: Fields = {};
    for (const [name, value] of node.members) {
      if (!(statementFields as readonly string[]).includes(name)) this.#unknownField(name);
      fields[name as Field] = value;
    }
    const sid = fields.Sid;
    if (sid !== undefined && sid.type !== "string") return this.#refuse(this.#words.syntax, "sid", "Sid");
    const effect = this.#effect(fields.Effect);
    const conditions = this.#conditions(fields.Condition);
    return {
      sid: sid?.value,
      effect,
      principal: this.#principal(fields, effect),
      action: this.#action(fields),
      resource: this.#resource(fields),
      conditions,
      start: this.#lines.positionOf(node.start),
      end: this.#lines.positionOf(node.end),
    };
  }

  #effect(node: JsonNode | undefined): StatementSource["effect"] {
    if (node === undefined) return this.#refuse(this.#words.missing("Effect"), "missing-field", "Effect");
    if (node.type === "string" && (node.value === "Allow" || node.value === "Deny")) return node.value;
    return this.#refuse(
      this.#words.effect(node.type === "string" ? node.value : ""),
      "invalid-value",
      "Effect",
    );
  }

  #principal(fields: Fields, effect: StatementSource["effect"]): StatementSource["principal"] {
    const negated = fields.NotPrincipal !== undefined;
    const node = fields.Principal ?? fields.NotPrincipal;
    if (this.#isPrincipalFree) {
      if (node !== undefined) {
        this.#refuse("Policy document should not specify a principal.", "prohibited-field", "Principal");
      }
      return undefined;
    }
    if (node === undefined)
      return this.#refuse(this.#words.missing("Principal"), "missing-field", "Principal");
    if (negated && effect === "Allow") {
      this.#refuse("Allow with NotPrincipal is not allowed.", "prohibited-field", "NotPrincipal");
    }
    if (negated && this.#kind === "trust") {
      this.#refuse(
        "AssumeRole policy must not contain NotPrincipal field.",
        "prohibited-field",
        "NotPrincipal",
      );
    }
    if (negated && fields.Principal !== undefined) this.#refuse(this.#words.syntax, "principal", "Principal");
    return { block: this.#principalBlock(node), negated };
  }

  #principalBlock(node: JsonNode): PrincipalBlock {
    if (node.type === "string") {
      if (this.#kind === "trust") this.#refuse("Principal must be a JSON object.", "principal", "Principal");
      if (node.value === "*") return "*";
      return this.#refuse("Invalid principal in policy", "principal", "Principal");
    }
    if (node.type !== "object") return this.#refuse(this.#words.syntax, "principal", "Principal");
    if (node.members.size === 0) {
      this.#refuse("Missing required field Principal cannot be empty!", "missing-field", "Principal");
    }
    const block = new Map<string, readonly string[]>();
    for (const [type, value] of node.members) {
      const values = this.#strings(value, "Principal");
      for (const each of values) checkPrincipal(type, each);
      block.set(type, values);
    }
    if (this.#kind === "rcp" && !block.get("AWS")?.includes("*")) {
      this.#refuse(this.#words.syntax, "principal", "Principal");
    }
    return block;
  }

  #action(fields: Fields): StatementSource["action"] {
    if (fields.Action !== undefined && fields.NotAction !== undefined)
      this.#refuse(this.#words.syntax, "action", "Action");
    const node = fields.Action ?? fields.NotAction;
    const values = node === undefined ? [] : this.#strings(node, "Action");
    if (values.length === 0) {
      const message = this.#isPrincipalFree
        ? "Policy statement must contain actions."
        : this.#words.missing("Action");
      this.#refuse(message, "missing-field", "Action");
    }
    for (const value of values) {
      if (this.#kind === "trust") checkTrustAction(value);
      else checkAction(value);
    }
    return { values, negated: fields.Action === undefined };
  }

  #resource(fields: Fields): StatementSource["resource"] {
    const { Resource, NotResource } = fields;
    if (Resource !== undefined && NotResource !== undefined)
      this.#refuse(this.#words.syntax, "resource", "Resource");
    if (this.#kind === "trust") {
      if (Resource !== undefined)
        this.#refuse("Has prohibited field Resource", "prohibited-field", "Resource");
      if (NotResource !== undefined) {
        this.#refuse("AssumeRole policy must not contain resources.", "prohibited-field", "NotResource");
      }
      return undefined;
    }
    const node = Resource ?? NotResource;
    if (node === undefined && this.#options.resourceOptional && !this.#isPrincipalFree) return undefined;
    const values = node === undefined ? [] : this.#strings(node, "Resource");
    if (values.length === 0) {
      const message = this.#isPrincipalFree
        ? "Policy statement must contain resources."
        : this.#words.missing("Resource");
      this.#refuse(message, "missing-field", "Resource");
    }
    for (const value of values) checkResource(value);
    return { values, negated: Resource === undefined };
  }

  #conditions(node: JsonNode | undefined): ConditionSource[] {
    if (node === undefined) return [];
    if (node.type !== "object") return this.#refuse(this.#words.condition, "condition", "Condition");
    const conditions: ConditionSource[] = [];
    for (const [operator, keys] of node.members) {
      if (!isOperator(operator) || keys.type !== "object")
        this.#refuse(this.#words.condition, "condition", operator);
      else {
        for (const [key, value] of keys.members) {
          if (this.#isPrincipalFree && !key.includes(":")) {
            this.#refuse(this.#words.unprefixed, "condition", key);
          }
          conditions.push({ operator, key, values: this.#scalars(value) });
        }
      }
    }
    return conditions;
  }

  #checkSids(statements: StatementSource[]): void {
    const seen = new Set<string>();
    for (const { sid } of statements) {
      if (sid === undefined || sid === "") continue;
      if (this.#isPrincipalFree && !/^[0-9A-Za-z]*$/.test(sid)) {
        const message =
          "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression [0-9A-Za-z]*";
        this.#refuse(message, "sid", "Sid");
      }
      if (seen.has(sid)) this.#refuse(this.#words.duplicateSid, "sid", "Sid");
      seen.add(sid);
    }
  }

  #strings(node: JsonNode, field: string): string[] {
    const nodes = node.type === "array" ? node.items : [node];
    return nodes.map((each) =>
      each.type === "string" ? each.value : this.#refuse(this.#words.syntax, "invalid-value", field),
    );
  }

  /** Condition values: numbers and booleans count as their text. */
  #scalars(node: JsonNode): string[] {
    const nodes = node.type === "array" ? node.items : [node];
    return nodes.map((each) => {
      if (each.type === "string") return each.value;
      if (each.type === "number") return each.text;
      if (each.type === "boolean") return String(each.value);
      return this.#refuse(this.#words.condition, "condition", "Condition");
    });
  }

  #unknownField(name: string): never {
    return this.#refuse(this.#words.unknownField(name), "unknown-field", name);
  }

  #refuse(message: string, problem: PolicyProblem, field?: string): never {
    throw new MalformedPolicy(message, problem, field === undefined ? {} : { field });
  }
}
