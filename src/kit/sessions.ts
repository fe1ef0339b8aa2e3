import type { Caller } from "./caller.ts";

/** Temporary credentials, as STS answers them. */
export interface TemporaryCredentials {
  AccessKeyId: string;
  SecretAccessKey: string;
  SessionToken: string;
  Expiration: Date;
}

/** Makes and opens sessions, for services whose callers prove themselves by something else than a signature. */
export interface Sessions {
  /** `caller.session.expiresAt` tells how long they live. */
  issue(caller: Caller): Promise<TemporaryCredentials>;
  /** The session's caller; undefined if the token is not ours, has expired, or its principal is no more. */
  open(accessKeyId: string, token: string): Promise<Caller | undefined>;
}
