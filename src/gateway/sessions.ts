import { SessionProblem } from "../kit/ports.ts";
import type { Sessions } from "../kit/sessions.ts";
import type { Transaction } from "../storage/store.ts";
import type { Environment } from "./callTypes.ts";

/** Sessions for services whose callers do not sign (a browser with a cookie), from the ports of the path. */
export function sessionsOf(
  { ports, clock }: Pick<Environment, "ports" | "clock">,
  tx: Transaction,
): Sessions {
  return {
    async issue(caller) {
      if (ports.issueSession === undefined) throw new Error("No service makes sessions.");
      return await ports.issueSession(caller, tx);
    },
    async open(accessKeyId, token) {
      try {
        const caller = (await ports.openSession?.(accessKeyId, token, tx, clock))?.caller;
        const exists = caller !== undefined && (await ports.principalPolicies?.(caller, tx)) !== undefined;
        return exists ? caller : undefined;
      } catch (error) {
        if (error instanceof SessionProblem) return undefined;
        throw error;
      }
    },
  };
}
