import type { KeyLastUsageTrackingOperation } from "@aws-sdk/client-kms";
import type { Context } from "../../kit/context.ts";
import { newestEvents, type TrailEvent } from "../../kit/record.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { findKeyById } from "./find.ts";
import type { KeyRow } from "./tables.ts";

/** The record keeps 90 days; what is older cannot be said. */
const trackedMs = 90 * 86_400_000;

const tracked: readonly KeyLastUsageTrackingOperation[] = [
  "Decrypt",
  "DeriveSharedSecret",
  "Encrypt",
  "GenerateDataKey",
  "GenerateDataKeyPair",
  "GenerateDataKeyPairWithoutPlaintext",
  "GenerateDataKeyWithoutPlaintext",
  "GenerateMac",
  "ReEncrypt",
  "Sign",
  "Verify",
  "VerifyMac",
];

/** The last successful call of one operation with a key, from the record. */
async function lastUse(operation: string, key: KeyRow, ctx: Context): Promise<TrailEvent | undefined> {
  const from = ctx.clock.now() - trackedMs;
  const terms = [`at=${key.account}/${key.region}`, `EventName=${operation}`, `ResourceName=${key.arn}`];
  for await (const { event } of newestEvents({ from, terms }, ctx)) {
    if (event.errorCode === undefined) return event;
  }
  return undefined;
}

/**
 * When a key was last used, and for what: read from the record itself.
 * https://docs.aws.amazon.com/kms/latest/APIReference/API_GetKeyLastUsage.html
 */
export const getKeyLastUsage = kms.operation("GetKeyLastUsage", {
  access: onKey("GetKeyLastUsage"),
  async handle({ KeyId }, ctx) {
    const key = await findKeyById(KeyId, ctx);
    const uses = await Promise.all(
      tracked.map(async (operation) => ({ operation, event: await lastUse(operation, key, ctx) })),
    );
    const [latest] = uses
      .filter((use) => use.event !== undefined)
      .sort((a, b) => ((a.event?.eventTime ?? "") < (b.event?.eventTime ?? "") ? 1 : -1));
    return {
      KeyId: key.arn,
      KeyCreationDate: new Date(key.createDate),
      TrackingStartDate: new Date(Math.max(key.createDate, ctx.clock.now() - trackedMs)),
      KeyLastUsage:
        latest?.event === undefined
          ? {}
          : {
              Operation: latest.operation,
              Timestamp: new Date(latest.event.eventTime),
              CloudTrailEventId: latest.event.eventID,
              ...(latest.event.requestID !== undefined && { KmsRequestId: latest.event.requestID }),
            },
    };
  },
});
