import { AwsError } from "../kit/errors.ts";
import type { Reason } from "../kit/record.ts";
import { denialMessage, explain, smallestStatement } from "../policy/index.ts";
import type { Protocol } from "../protocols/contract.ts";
import type { Judgement } from "./authorize.ts";
import { nameOf } from "./dialect.ts";

/** The error that a denied caller gets: AWS's code for the wire, AWS's words. */
export function denied(
  { access, request, decision }: Judgement,
  protocol: Protocol,
  encodedMessage?: string,
): AwsError {
  const { code, status } = nameOf("accessDenied", protocol);
  const shown = access.shownAs === undefined ? request : { ...request, resource: access.shownAs };
  const message = denialMessage(shown, decision);
  if (encodedMessage === undefined) return new AwsError(code, message, { status });
  return new AwsError(code, `${message}. Encoded authorization failure message: ${encodedMessage}`, {
    status,
  });
}

/**
 * A denial in the form that DecodeAuthorizationMessage shows.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_DecodeAuthorizationMessage.html
 */
export function denialDetails({ request, decision }: Judgement): object {
  const { principal, action, resource } = request;
  return {
    allowed: false,
    explicitDeny: decision.reason === "ExplicitDeny",
    matchedStatements: { items: decision.decidedBy === undefined ? [] : [decision.decidedBy] },
    failures: { items: [] },
    context: {
      principal: { id: principal.userId, arn: principal.arn },
      action,
      resource,
      conditions: { items: [] },
    },
  };
}

export function reasonOf({ request, policies, decision }: Judgement): Reason {
  return {
    action: request.action,
    resource: request.resource,
    principal: request.principal.arn || request.principal.service || request.principal.kind,
    allowed: decision.allowed,
    decidedBy: decision.decidedBy,
    lines: decision.allowed ? undefined : explain(request, policies, decision),
    remedy: decision.allowed ? undefined : smallestStatement(request, decision),
  };
}
