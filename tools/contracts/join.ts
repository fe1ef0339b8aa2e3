/**
 * Joins the runtime schemas of one SDK client with the facts of `contracts/limits/`.
 *
 * The SDK knows the wire (bindings, names, formats, sensitivity) and inlines simple shapes as numbers; the
 * limits know each simple shape's name and constraints. So both are walked side by side from the operations.
 */
import {
  type Contract,
  type Member,
  type OperationContract,
  type ScalarType,
  type Shape,
  type StructureShape,
  unit,
} from "../../src/protocols/contract.ts";
import {
  agrees,
  inherited,
  type LimitFile,
  namespace,
  numberNamed,
  type Ref,
  range,
  readTraits,
  simpleTypes,
  type Traits,
  timestampFormats,
  withTraits,
} from "./schemas.ts";

/** A contract without what is joined. */
export type Facts = Omit<Contract, "operations" | "shapes">;

export class Join {
  readonly shapes: Record<string, Shape> = {};
  readonly limits: LimitFile;
  readonly schemas: Record<string, unknown>;

  /** Whether error codes of the query protocol are ever sent. */
  readonly speaksQuery: boolean;

  constructor(schemas: Record<string, unknown>, limits: LimitFile, speaksQuery: boolean) {
    this.speaksQuery = speaksQuery;
    this.schemas = schemas;
    this.limits = limits;
  }

  operations(): Record<string, OperationContract> {
    const operations: Record<string, OperationContract> = {};
    for (const [name, limit] of Object.entries(this.limits.operations)) {
      const schema = this.schemas[`${name}$`];
      if (!Array.isArray(schema) || schema[0] !== 9) continue;
      operations[name] = this.operation(schema, limit);
    }
    return operations;
  }

  private operation(schema: unknown[], limit: LimitFile["operations"][string]): OperationContract {
    const traits = readTraits(schema[3]);
    const operation: OperationContract = {
      input: this.target(schema[4] as Ref, limit.input).shape,
      output: this.target(schema[5] as Ref).shape,
      errors: limit.errors.map((error) => this.errorShape(error)),
    };
    if (limit.unsigned) operation.unsigned = true;
    if (Array.isArray(traits.http)) {
      const [method, uri, code] = traits.http as [string, string, number];
      operation.http = { method, uri: this.boundUri(uri, operation.input), code };
    }
    const [input, output] = [this.streamsEvents(operation.input), this.streamsEvents(operation.output)];
    if (input || output) operation.eventStream = input && output ? "both" : input ? "input" : "output";
    return operation;
  }

  /**
   * The SDK takes S3's bucket out of the template and into its endpoint rules: it becomes the first segment again.
   * `x-id` only names the operation for a reader of logs; most clients do not send it.
   */
  private boundUri(uri: string, input: string): string {
    const { members } = this.shapes[input] as StructureShape;
    const unbound = Object.keys(members).filter(
      (name) => members[name]?.httpLabel && !uri.includes(`{${name}}`) && !uri.includes(`{${name}+}`),
    );
    const plain = uri.replace(/([?&])x-id=[^&]*&?/, "$1").replace(/[?&]$/, "");
    return unbound.map((name) => `/{${name}}`).join("") + plain;
  }

  private streamsEvents(shapeName: string): boolean {
    const shape = this.shapes[shapeName] as StructureShape;
    return Object.values(shape.members).some(
      (member) => member.streaming && this.shapes[member.shape]?.type === "union",
    );
  }

  private errorShape(name: string): string {
    const schema = this.schemas[`${name}$`];
    if (Array.isArray(schema)) return this.target(schema, name).shape;
    // Known to the limits alone: such errors have their text and nothing else.
    const members = { message: { shape: this.simple(0, undefined) } };
    this.shapes[name] ??= { type: "structure", members, error: this.errorFacts(name, {}) };
    return name;
  }

  private errorFacts(name: string, traits: Traits): NonNullable<StructureShape["error"]> {
    const limit = this.limits.shapes[name] ?? {};
    const status = limit.status ?? (traits.httpError as number | undefined) ?? 400;
    const code = limit.error ?? name;
    const queryCode = (traits.awsQueryError as [string, number] | undefined)?.[0];
    return {
      code,
      status,
      fault: status >= 500 || traits.error === "server" ? "server" : "client",
      ...(this.speaksQuery && queryCode && queryCode !== code && { queryCode }),
    };
  }

  /** The contract member for a schema reference: its shape, its format, the traits of pair and target. */
  private target(ref: Ref, limitName?: string): Member {
    let schema = ref;
    let traits: Traits = {};
    while (typeof schema === "function" || (Array.isArray(schema) && schema.length === 2)) {
      if (typeof schema === "function") schema = schema();
      else {
        traits = { ...readTraits(schema[1]), ...traits };
        schema = schema[0] as Ref;
      }
    }
    let limit = limitName;
    if (Array.isArray(schema) && schema[0] === 0) {
      traits = { ...inherited(schema[3]), ...traits };
      limit ??= schema[2] as string;
      schema = schema[4] as number;
    }
    if (Array.isArray(schema)) traits = { ...inherited(schema[3]), ...traits };
    const member: Member = { shape: this.shapeOf(schema, limit) };
    if (typeof schema === "number") {
      const format = timestampFormats[schema];
      if (format) member.timestampFormat = format;
      if (schema === 42) member.streaming = true;
    }
    return withTraits(member, traits);
  }

  private shapeOf(schema: Ref, limitName: string | undefined): string {
    if (schema === "unit") {
      this.shapes[unit] = { type: "structure", members: {} };
      return unit;
    }
    if (typeof schema === "number") return this.inlined(schema, limitName);
    if (!Array.isArray(schema)) throw new Error(`unknown schema ${String(schema)}`);
    const name = limitName ?? (schema[2] as string);
    if (this.shapes[name]) return name;
    switch (schema[0]) {
      case 1:
        this.list(name, schema[4] as Ref);
        break;
      case 2:
        this.map(name, schema[4] as Ref, schema[5] as Ref);
        break;
      case 3:
      case 4:
      case -3:
        this.structure(name, schema);
        break;
      default:
        throw new Error(`unknown schema ${name}: ${String(schema[0])}`);
    }
    const own = readTraits(schema[3]);
    const made: object | undefined = this.shapes[name];
    if (made && own.sparse) Object.assign(made, { sparse: true });
    return name;
  }

  private inlined(schema: number, limitName: string | undefined): string {
    if (schema < 64) return this.simple(schema, limitName);
    const name = limitName ?? (schema < 128 ? `ListOf${schema & 63}` : `MapOf${schema & 63}`);
    if (this.shapes[name]) return name;
    if (schema < 128) this.list(name, schema & 63);
    else this.map(name, 0, schema & 63);
    return name;
  }

  private list(name: string, member: Ref): void {
    const limit = this.limits.shapes[name];
    const shape: Shape = { type: "list", member: { shape: "" }, ...range(limit) };
    this.shapes[name] = shape;
    shape.member = this.target(member, limit?.member);
  }

  private map(name: string, key: Ref, value: Ref): void {
    const limit = this.limits.shapes[name];
    const shape: Shape = { type: "map", key: { shape: "" }, value: { shape: "" }, ...range(limit) };
    this.shapes[name] = shape;
    shape.key = this.target(key, limit?.key);
    shape.value = this.target(value, limit?.value);
  }

  private structure(name: string, schema: readonly unknown[]): void {
    const limit = this.limits.shapes[name];
    const own = readTraits(schema[3]);
    const shape: StructureShape = { type: schema[0] === 4 ? "union" : "structure", members: {} };
    if (typeof own.xmlName === "string") shape.xmlName = own.xmlName;
    if (Array.isArray(own.xmlNamespace)) shape.xmlNamespace = namespace(own.xmlNamespace);
    this.shapes[name] = shape;
    const names = schema[4] as string[];
    const refs = schema[5] as Ref[];
    names.forEach((memberName, index) => {
      shape.members[memberName] = this.target(refs[index] as Ref, limit?.members?.[memberName]);
    });
    const required = limit?.required?.filter((member) => names.includes(member));
    if (required?.length) shape.required = required;
    if (schema[0] === -3) shape.error = this.errorFacts(name, own);
  }

  /** A simple shape under its limits' name; under the type's own name where the two sources disagree. */
  private simple(schema: number, limitName: string | undefined): string {
    const limit = limitName === undefined ? undefined : this.limits.shapes[limitName];
    const type = simpleTypes[schema];
    if (!type) throw new Error(`unknown simple schema ${schema}`);
    if (limit?.type && limitName !== undefined && agrees(type, limit.type)) {
      this.shapes[limitName] ??= { type: limit.type as ScalarType, ...range(limit) };
      return limitName;
    }
    const named = type === "double" ? numberNamed(limitName ?? "") : type;
    const name = `smithy#${named}`;
    this.shapes[name] ??= { type: named };
    return name;
  }
}
