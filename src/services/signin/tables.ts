import type { Caller } from "../../kit/caller.ts";
import { table } from "../../kit/table.ts";

/** A sign-in between its pages: it waits for a code, or for a new password. */
export type PendingRow = { expiresMs: number } & (
  | {
      waitsFor: "code";
      accountId: string;
      userName: string;
      userId: string;
      judgedMs: number;
      /** Not told before the code has come. */
      isRight: boolean;
      attempt: string;
    }
  | {
      waitsFor: "newPassword";
      /** With the session that it is to have. */
      caller: Caller;
      tries: number;
    }
);

/** By the hash of the cookie's value, which opens it. */
export const pending = table<PendingRow, [hash: string]>("signin", "pending");
