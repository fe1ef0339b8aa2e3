export { type CompiledPolicy, compileCached, contextKeysOf, parsePolicy, type Statement } from "./compile.ts";
export type { DecidedBy, Decision, KindResult, NamedPolicy, PolicySet, ResourceRules } from "./decision.ts";
export { evaluate } from "./evaluate.ts";
export { explain } from "./explain.ts";
export type { ParseOptions } from "./grammar.ts";
export { MalformedPolicy, type PolicyProblem, type Position } from "./malformed.ts";
export { denialMessage } from "./messages.ts";
export { type Remedy, smallestStatement } from "./remedy.ts";
export type { PolicyVersion } from "./source.ts";
export { type MatchedStatement, matchedStatements, missingContextKeys, resultsByPolicy } from "./trace.ts";
export type {
  AuthorizationRequest,
  ContextKeys,
  DocumentKind,
  PolicyKind,
  Principal,
} from "./types.ts";
