/**
 * A copy of an input or output for the audit record, as CloudTrail prints `requestParameters` and
 * `responseElements`: members with a small first letter, sensitive ones replaced, bytes and streams left out,
 * times as "Aug 10, 2022, 10:38:27 PM".
 * https://docs.aws.amazon.com/kms/latest/developerguide/ct-createkey.html
 */
import { Compiled, isScalar, membersOf, setEntry, shapeNamed } from "./compile.ts";
import type { Contract, Member, Shape } from "./contract.ts";
import { lowerFirst } from "./javaText.ts";

/** CloudTrail's own words for a value that it withholds. */
const hidden = "HIDDEN_DUE_TO_SECURITY_REASONS";
const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

type Copy = (value: unknown) => unknown;

/** What becomes of a sensitive member: some services leave it out, others say that it was there. */
export type Sensitive = "hide" | "leave out";

const compilers: Record<Sensitive, WeakMap<Contract, Redactors>> = {
  hide: new WeakMap(),
  "leave out": new WeakMap(),
};

/** Copies a structure of the contract for the record; undefined members and unknown ones are left out. */
export function redactor(contract: Contract, shapeName: string, sensitive: Sensitive = "hide"): Copy {
  let compiler = compilers[sensitive].get(contract);
  if (!compiler) {
    compiler = new Redactors(contract, sensitive);
    compilers[sensitive].set(contract, compiler);
  }
  return compiler.copy(shapeName);
}

class Redactors {
  private readonly contract: Contract;
  private readonly sensitive: Sensitive;
  private readonly copies = new Compiled<string, [unknown], unknown>((name) => this.compile(name));

  constructor(contract: Contract, sensitive: Sensitive) {
    this.contract = contract;
    this.sensitive = sensitive;
  }

  copy(shapeName: string): Copy {
    return this.copies.get(shapeName);
  }

  /** Undefined for a member that the record never holds. */
  private member(member: Member): Copy | undefined {
    if (member.streaming) return undefined;
    const shape = shapeNamed(this.contract, member.shape);
    // Also before the sensitive ones: CloudTrail leaves out `plaintext` of KMS rather than naming it.
    if (shape.type === "blob") return undefined;
    if (member.sensitive) return this.sensitive === "hide" ? () => hidden : undefined;
    return isScalar(shape) ? copyScalar(shape) : this.copy(member.shape);
  }

  private compile(name: string): Copy {
    const shape = shapeNamed(this.contract, name);
    if (isScalar(shape)) return copyScalar(shape);
    if (shape.type === "list") {
      const copy = this.member(shape.member);
      return (value) => (copy ? (value as unknown[]).map((item) => (item === null ? null : copy(item))) : []);
    }
    if (shape.type === "map") return copyMap(this.member(shape.key), this.member(shape.value));
    const members = membersOf(shape).flatMap(([memberName, member]) => {
      const copy = this.member(member);
      return copy ? [{ from: memberName, to: lowerFirst(memberName), copy }] : [];
    });
    return (value) => {
      const source = value as Record<string, unknown>;
      const result: Record<string, unknown> = {};
      for (const { from, to, copy } of members) {
        const field = source[from];
        if (field !== undefined && field !== null) result[to] = copy(field);
      }
      return result;
    };
  }
}

/** Keys of a map are the client's, and stay as they are; sensitive keys fall together. */
function copyMap(copyKey: Copy | undefined, copyValue: Copy | undefined): Copy {
  return (value) => {
    const result: Record<string, unknown> = {};
    if (!copyValue || !copyKey) return result;
    for (const [key, item] of Object.entries(value as Record<string, unknown>)) {
      setEntry(result, String(copyKey(key)), item === null ? null : copyValue(item));
    }
    return result;
  };
}

function copyScalar(shape: Shape): Copy {
  if (shape.type === "timestamp") return (value) => auditTime(value as Date);
  if (shape.type === "document") return (value) => structuredClone(value);
  if (shape.type === "bigInteger" || shape.type === "long") {
    return (value) => (typeof value === "bigint" ? String(value) : value);
  }
  return (value) => value;
}

/** "Nov 24, 2026, 1:53:28 AM", in UTC. */
export function auditTime(date: Date): string {
  const hours = date.getUTCHours();
  const pad = (part: number) => String(part).padStart(2, "0");
  const day = `${months[date.getUTCMonth()]} ${date.getUTCDate()}, ${date.getUTCFullYear()}`;
  const time = `${hours % 12 || 12}:${pad(date.getUTCMinutes())}:${pad(date.getUTCSeconds())}`;
  return `${day}, ${time} ${hours < 12 ? "AM" : "PM"}`;
}
