import type { Context } from "../../kit/context.ts";
import type { Operation } from "../../kit/service.ts";
import { checkRate } from "./auth/attempts.ts";

/** As the record names who calls without credentials. https://docs.aws.amazon.com/cognito/latest/developerguide/logging-using-cloudtrail.html */
const nobody = { type: "Unknown", principalId: "Anonymous" };

/** An operation that anybody may call: a flood of calls is refused, and the record says that they were nobody's. */
export function openToAll(operation: Operation): Operation {
  if (typeof operation.access === "function") return operation;
  const { handle } = operation;
  return {
    ...operation,
    handle(input: never, ctx: Context<never>) {
      if (ctx.caller.principal.kind === "anonymous") ctx.event.userIdentity = nobody;
      checkRate(ctx as Context);
      return handle(input, ctx);
    },
  };
}
