/** What is wrong with a policy document, for services whose words differ from IAM's. */
export type PolicyProblem =
  | "json"
  | "too-large"
  | "version"
  | "missing-field"
  | "prohibited-field"
  | "unknown-field"
  | "invalid-value"
  | "sid"
  | "action"
  | "resource"
  | "principal"
  | "condition";

export interface Position {
  /** From 1. */
  line: number;
  /** From 1. */
  column: number;
}

/**
 * A policy document that AWS would refuse. `message` is what IAM answers with `MalformedPolicyDocument`;
 * services that word it differently go by `problem` and `field`.
 */
export class MalformedPolicy extends Error {
  readonly problem: PolicyProblem;
  readonly field: string | undefined;
  readonly position: Position | undefined;

  constructor(message: string, problem: PolicyProblem, at: { field?: string; position?: Position } = {}) {
    super(message);
    this.name = "MalformedPolicy";
    this.problem = problem;
    this.field = at.field;
    this.position = at.position;
  }
}
