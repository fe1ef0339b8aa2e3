/**
 * Checks inputs against the constraints of the contract, one closure per shape, in AWS's words:
 * "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: …".
 *
 * As recorded from AWS: members have a small first letter, list items are `tags.1.member.key`, map values
 * `attributes.name.member.dataType`; a list of scalars is reported as a whole with all constraints of its items;
 * a sensitive value is left out (`Value at 'plaintext' failed …`); IAM leaves out every value and enum set.
 */
import { Compiled, isScalar, isStructure, membersOf, shapeNamed } from "./compile.ts";
import type {
  Contract,
  Limits,
  ListShape,
  MapShape,
  Member,
  ScalarShape,
  StructureShape,
} from "./contract.ts";
import { ValidationFailure, type Violation } from "./errors.ts";
import { javaDouble, lowerFirst, quoted } from "./javaText.ts";
import { maxPatternCharacters, maxViolations } from "./limits.ts";
import { compilePattern } from "./patterns.ts";

export { ValidationFailure };

type Check = (value: unknown, path: string, found: Violation[]) => void;
/** One constraint of a scalar, and whether a value satisfies it. */
interface Constraint {
  words: string;
  holds(value: unknown): boolean;
}

export type Validate = (input: Record<string, unknown>) => void;

/** Compiles validators for the structures of one contract. */
export function validator(contract: Contract): (shapeName: string) => Validate {
  const compiler = new ValidatorCompiler(contract);
  return (shapeName) => {
    const check = compiler.check({ shape: shapeName });
    if (!check) return () => {};
    return (input) => {
      const found: Violation[] = [];
      check(input, "", found);
      if (found.length > 0) throw new ValidationFailure(found);
    };
  };
}

class ValidatorCompiler {
  private readonly contract: Contract;
  private readonly structures = new Compiled<string, [unknown, string, Violation[]], void>((name) =>
    this.structure(shapeNamed(this.contract, name) as StructureShape),
  );

  constructor(contract: Contract) {
    this.contract = contract;
  }

  /** Undefined where nothing can go wrong. */
  check(member: Member): Check | undefined {
    const shape = shapeNamed(this.contract, member.shape);
    if (isStructure(shape)) return this.structures.get(member.shape);
    if (shape.type === "list") return this.list(member, shape);
    if (shape.type === "map") return this.map(member, shape);
    return this.scalar(member, shape);
  }

  private structure(shape: StructureShape): Check {
    const required = new Set(shape.required);
    const members = membersOf(shape).flatMap(([name, member]) => {
      // What is wrong with a header or parameter S3 says in words of its own, operation by operation.
      const isS3Header = this.contract.bareErrors && (member.httpHeader ?? member.httpQuery) !== undefined;
      const check = isS3Header ? undefined : this.check(member);
      if (!check && !required.has(name)) return [];
      return [{ name, path: lowerFirst(name), required: required.has(name), check }];
    });
    return (value, path, found) => {
      const source = value as Record<string, unknown>;
      for (const member of members) {
        const field = source[member.name];
        if (field !== undefined && field !== null) {
          member.check?.(field, path === "" ? member.path : `${path}.${member.path}`, found);
        } else if (member.required) {
          const where = path === "" ? member.path : `${path}.${member.path}`;
          report(found, { path: where, value: "null", constraint: "Member must not be null" });
        }
      }
    };
  }

  private scalar(member: Member, shape: ScalarShape): Check | undefined {
    const constraints = this.constraints(shape);
    if (constraints.length === 0) return undefined;
    return (value, path, found) => {
      for (const { words, holds } of constraints) {
        if (holds(value)) continue;
        report(found, { path, value: quoted(this.contract, member, value), constraint: words });
      }
    };
  }

  private list(member: Member, shape: ListShape): Check | undefined {
    const length = lengthConstraints(shape);
    const items = this.items(shape.member, "Member must satisfy constraint: ", true);
    const nested = items ? undefined : this.nested(shape.member);
    if (length.length === 0 && !items && !nested) return undefined;
    return (value, path, found) => {
      const list = value as unknown[];
      const broken = length.filter(({ holds }) => !holds(list)).map(({ words }) => words);
      if (items && !list.every(items.holds)) broken.push(items.words);
      for (const constraint of broken) {
        report(found, { path, value: quoted(this.contract, member, list), constraint });
      }
      if (!nested) return;
      for (let index = 0; index < list.length && found.length < maxViolations; index++) {
        const item = list[index];
        if (item !== null) nested(item, `${path}.${index + 1}.member`, found);
      }
    };
  }

  private map(member: Member, shape: MapShape): Check | undefined {
    const size = lengthConstraints(shape);
    const keys = this.items(shape.key, "Map keys must satisfy constraint: ", false);
    const values = this.items(shape.value, "Map value must satisfy constraint: ", true);
    const nested = values ? undefined : this.nested(shape.value);
    if (size.length === 0 && !keys && !values && !nested) return undefined;
    return (value, path, found) => {
      const entries = Object.entries(value as Record<string, unknown>);
      const broken = size.filter(({ holds }) => !holds(entries)).map(({ words }) => words);
      if (keys && !entries.every(([key]) => keys.holds(key))) broken.push(keys.words);
      if (values && !entries.every(([, item]) => values.holds(item))) broken.push(values.words);
      for (const constraint of broken) {
        report(found, { path, value: quoted(this.contract, member, value), constraint });
      }
      if (!nested) return;
      for (const [key, item] of entries) {
        if (found.length >= maxViolations) return;
        if (item !== null) nested(item, `${path}.${key}.member`, found);
      }
    };
  }

  /** The check of items that are themselves structures, lists or maps. */
  private nested(member: Member): Check | undefined {
    return isScalar(shapeNamed(this.contract, member.shape)) ? undefined : this.check(member);
  }

  /** All constraints of scalar items as one, in the order that AWS lists them. */
  private items(member: Member, prefix: string, notNull: boolean): Constraint | undefined {
    const shape = shapeNamed(this.contract, member.shape);
    if (!isScalar(shape)) return undefined;
    const { pattern, ...others } = shape;
    const constraints = [
      ...this.constraints(others),
      ...this.constraints({ type: shape.type, ...(pattern !== undefined && { pattern }) }),
    ];
    if (constraints.length === 0) return undefined;
    const words = constraints.map((constraint) => constraint.words);
    if (notNull) words.push("Member must not be null");
    return {
      words: `${prefix}[${words.join(", ")}]`,
      holds: (value) => value === null || constraints.every(({ holds }) => holds(value)),
    };
  }

  private constraints(shape: ScalarShape): Constraint[] {
    const constraints: Constraint[] = [];
    if (shape.pattern !== undefined) constraints.push(...patternConstraint(shape.pattern, shape.max));
    if (["integer", "long", "float", "double"].includes(shape.type)) constraints.push(...range(shape));
    else constraints.push(...lengthConstraints(shape));
    if (shape.enum) {
      const allowed = new Set<unknown>(shape.enum);
      const listed = this.contract.terseValidation ? "" : `: [${shape.enum.join(", ")}]`;
      constraints.push({
        words: `Member must satisfy enum value set${listed}`,
        holds: (value) => allowed.has(value),
      });
    }
    return constraints;
  }
}

function report(found: Violation[], violation: Violation): void {
  if (found.length < maxViolations) found.push(violation);
}

/** Characters of a string are code points; everything else counts its entries or bytes. */
function lengthOf(value: unknown): number {
  if (typeof value !== "string") return (value as { length: number }).length;
  let { length } = value;
  for (let index = 0; index < value.length - 1; index++) {
    const unit = value.charCodeAt(index);
    if (unit < 0xd800 || unit > 0xdbff) continue;
    const next = value.charCodeAt(index + 1);
    if (next >= 0xdc00 && next <= 0xdfff) length--;
  }
  return length;
}

function lengthConstraints({ min, max }: Limits): Constraint[] {
  const constraints: Constraint[] = [];
  if (max !== undefined) {
    constraints.push({
      words: `Member must have length less than or equal to ${max}`,
      // Code points are never more than UTF-16 units.
      holds: (value) => (value as { length: number }).length <= max || lengthOf(value) <= max,
    });
  }
  if (min !== undefined) {
    const trivial = min === 0;
    constraints.push({
      words: `Member must have length greater than or equal to ${min}`,
      holds: (value) => trivial || lengthOf(value) >= min,
    });
  }
  return constraints;
}

function range({ min, max, type }: ScalarShape): Constraint[] {
  const spell = type === "double" || type === "float" ? javaDouble : String;
  const constraints: Constraint[] = [];
  if (max !== undefined) {
    constraints.push({
      words: `Member must have value less than or equal to ${spell(max)}`,
      holds: (value) => (value as number) <= max,
    });
  }
  if (min !== undefined) {
    constraints.push({
      words: `Member must have value greater than or equal to ${spell(min)}`,
      holds: (value) => (value as number) >= min,
    });
  }
  return constraints;
}

/**
 * A text well over its length limit is reported for that alone: a pattern that backtracks must not be fed what the
 * limit was to keep from it. Just over it, AWS reports both, and so does this.
 */
function patternConstraint(pattern: string, max: number | undefined): Constraint[] {
  const expression = compilePattern(pattern);
  if (!expression) return [];
  const longest = max === undefined ? maxPatternCharacters : 4 * max;
  return [
    {
      words: `Member must satisfy regular expression pattern: ${pattern}`,
      holds: (value) => (value as string).length > longest || expression.test(value as string),
    },
  ];
}
