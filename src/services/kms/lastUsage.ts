import type { KeyLastUsageTrackingOperation } from "@aws-sdk/client-kms";
import type { Context } from "../../kit/context.ts";
import { onKey } from "./access.ts";
import { kms } from "./contract.ts";
import { findKeyById } from "./find.ts";
import type { KeyRow } from "./tables.ts";

const recordLog = "record";
/** The record keeps 90 days; what is older cannot be said. */
const trackedMs = 90 * 86_400_000;
const pageSize = 20;

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

interface RecordedUse {
  event: { eventID: string; eventTime: string; requestID?: string; errorCode?: string };
}

/** The last successful call of one operation with a key, from the record. */
async function lastUse(
  operation: string,
  key: KeyRow,
  ctx: Context,
): Promise<RecordedUse["event"] | undefined> {
  let after: string | undefined;
  do {
    const { entries, next } = await ctx.log(recordLog).read({
      from: ctx.clock.now() - trackedMs,
      terms: [`at=${key.account}/${key.region}`, `EventName=${operation}`, `ResourceName=${key.arn}`],
      reverse: true,
      limit: pageSize,
      ...(after !== undefined && { after }),
    });
    for (const { text } of entries) {
      const { event } = JSON.parse(text) as RecordedUse;
      if (event.errorCode === undefined) return event;
    }
    after = next;
  } while (after !== undefined);
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
