import type { Caller } from "../kit/caller.ts";

/** Sessions are used again for this long: as AWS's services do, which take a role now and then, not for every call. */
const reuseMs = 5 * 60_000;
const maxSessions = 10_000;

/** Sessions of the roles that customers gave to resources, as the services took them on. */
export class ServiceRoles {
  readonly #sessions = new Map<string, { caller: Caller; untilMs: number }>();

  find(roleArn: string, by: Caller, sessionName: string, nowMs: number): Caller | undefined {
    const known = this.#sessions.get(keyOf(roleArn, by, sessionName));
    return known !== undefined && nowMs < known.untilMs ? known.caller : undefined;
  }

  keep(roleArn: string, by: Caller, sessionName: string, caller: Caller, nowMs: number): void {
    const key = keyOf(roleArn, by, sessionName);
    this.#sessions.delete(key);
    this.#sessions.set(key, { caller, untilMs: nowMs + reuseMs });
    if (this.#sessions.size > maxSessions)
      this.#sessions.delete(this.#sessions.keys().next().value as string);
  }
}

function keyOf(
  roleArn: string,
  { principal, sourceArn, sourceAccount }: Caller,
  sessionName: string,
): string {
  return [roleArn, principal.service, sourceArn, sourceAccount, sessionName].join("\n");
}
