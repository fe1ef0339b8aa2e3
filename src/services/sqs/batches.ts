import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";

/**
 * What is common to batches: each entry succeeds or fails by itself.
 * https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-batch-api-actions.html
 */

const maxEntries = 10;
const idForm = /^[A-Za-z0-9_-]{1,80}$/;

type BatchErrors =
  | "EmptyBatchRequest"
  | "TooManyEntriesInBatchRequest"
  | "InvalidBatchEntryId"
  | "BatchEntryIdsNotDistinct";

export function checkEntries(
  entries: readonly { Id: string }[],
  entryName: string,
  ctx: Context<BatchErrors>,
): void {
  if (entries.length === 0) {
    throw ctx.error("EmptyBatchRequest", `There should be at least one ${entryName} in the request.`);
  }
  if (entries.length > maxEntries) {
    throw ctx.error(
      "TooManyEntriesInBatchRequest",
      `Maximum number of entries per request are ${maxEntries}. You have sent ${entries.length}.`,
    );
  }
  const ids = new Set<string>();
  for (const { Id } of entries) {
    if (!idForm.test(Id)) {
      throw ctx.error(
        "InvalidBatchEntryId",
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long.",
      );
    }
    if (ids.has(Id)) throw ctx.error("BatchEntryIdsNotDistinct", `Id ${Id} repeated.`);
    ids.add(Id);
  }
}

export interface FailedEntry {
  Id: string;
  Code: string;
  Message: string;
  SenderFault: boolean;
}

/** Codes as batches show them: those of the query protocol. */
const shownCodes: Record<string, string> = {
  InvalidParameterValueException: "InvalidParameterValue",
  MissingRequiredParameterException: "MissingParameter",
  UnsupportedOperation: "AWS.SimpleQueueService.UnsupportedOperation",
  MessageNotInflight: "AWS.SimpleQueueService.MessageNotInflight",
};

/** Does each entry; what one of them throws for the client is its own failure. */
export async function eachEntry<Entry extends { Id: string }, Done>(
  entries: readonly Entry[],
  work: (entry: Entry) => Promise<Done>,
): Promise<{ Successful: Done[]; Failed: FailedEntry[] }> {
  const Successful: Done[] = [];
  const Failed: FailedEntry[] = [];
  for (const entry of entries) {
    try {
      Successful.push(await work(entry));
    } catch (error) {
      if (!(error instanceof AwsError) || error.code.startsWith("Kms")) throw error;
      const { code, message } = error;
      Failed.push({ Id: entry.Id, Code: shownCodes[code] ?? code, Message: message, SenderFault: true });
    }
  }
  return { Successful, Failed };
}

/** An answer without failures has no `Failed`: AWS's has none either. */
export function batchResult<Done>({ Successful, Failed }: { Successful: Done[]; Failed: FailedEntry[] }) {
  return {
    ...(Successful.length > 0 && { Successful }),
    ...(Failed.length > 0 && { Failed }),
  } as { Successful: Done[]; Failed: FailedEntry[] };
}
