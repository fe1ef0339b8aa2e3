import { AwsError } from "../kit/errors.ts";
import type { BrokenLimit } from "../kit/service.ts";
import type { Contract, Member } from "../protocols/contract.ts";
import type { ValidationFailure, Violation } from "../protocols/index.ts";
import type { Call } from "./callTypes.ts";
import { nameOf } from "./dialect.ts";

/** What a client learns of an input that breaks the contract's limits: in the service's words, or those of its wire. */
export function violationError(
  { errors, message }: ValidationFailure,
  { protocol, service, operation }: Call,
): AwsError {
  const { code, status } = nameOf("validation", protocol);
  const broken = () => errors.map((one) => brokenLimit(one, service.contract, operation.name));
  const own = service.definition.refusesInput?.(broken(), message);
  return new AwsError(own?.code ?? code, own?.message ?? message, { status });
}

function brokenLimit({ path, constraint }: Violation, contract: Contract, operation: string): BrokenLimit {
  const member = memberOf(path.split(".", 1)[0] ?? "", contract, operation);
  const isElsewhere =
    member?.httpHeader !== undefined ||
    member?.httpQuery !== undefined ||
    member?.httpLabel === true ||
    member?.httpPrefixHeaders !== undefined;
  return { path, constraint, inBody: member !== undefined && !isElsewhere };
}

/** The input's member by its name as violations say it, with a small first letter. */
function memberOf(name: string, contract: Contract, operation: string): Member | undefined {
  const shape = contract.shapes[contract.operations[operation]?.input ?? ""];
  if (shape === undefined || !("members" in shape)) return undefined;
  const wanted = name.toLowerCase();
  return Object.entries(shape.members).find(([one]) => one.toLowerCase() === wanted)?.[1];
}
