import type { Context, Host } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Operation } from "../../kit/service.ts";

/** As the record names who calls without credentials. */
const nobody = { type: "Unknown", principalId: "Anonymous" };

/**
 * Calls that anybody may make, each second, to one account in one Region: beyond AWS's own quotas, and there to keep a
 * flood from everybody else. https://docs.aws.amazon.com/cognito/latest/developerguide/quotas.html
 */
const maxPublicCalls = 2_000;
const windowMs = 1_000;

const windows = new WeakMap<Host, Map<string, { startMs: number; count: number; requestId: string }>>();

function checkRate({ host, account, region, clock, requestId }: Context): void {
  let known = windows.get(host);
  if (known === undefined) {
    known = new Map();
    windows.set(host, known);
  }
  const key = `${account}/${region}`;
  const nowMs = clock.now();
  const window = known.get(key);
  if (window === undefined || nowMs - window.startMs >= windowMs) {
    known.set(key, { startMs: nowMs, count: 1, requestId });
    return;
  }
  // A call whose transaction runs again counts once.
  if (window.requestId !== requestId) window.count += 1;
  window.requestId = requestId;
  if (window.count > maxPublicCalls) throw new AwsError("TooManyRequestsException", "Rate exceeded");
}

/** An operation that anybody may call. */
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
