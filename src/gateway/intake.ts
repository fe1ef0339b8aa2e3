import type { StreamedBody } from "../kit/body.ts";
import type { DigestName } from "../kit/digests.ts";
import type { AwsError } from "../kit/errors.ts";
import { recordLog } from "../kit/record.ts";
import { type ByteStore, FinishedBody, type StagedBody } from "../storage/bytes.ts";
import type { Incoming } from "./arriving.ts";
import type { Environment } from "./call.ts";
import { type Call, type Outcome, runAhead } from "./call.ts";
import { inMemory, RunningDigests } from "./memoryBody.ts";
import { Refused } from "./refuse.ts";

/**
 * Takes in the body of an operation that streams it, before the operation's own transaction: small ones into
 * memory, large ones into the byte store, sealed and synced. Whoever may not make the call is refused before a
 * large body is read, so that nobody else can fill the disk.
 */

/** Bodies up to this stay in memory, and in a row of the store; larger ones go to files. */
export const maxInlineBytes = 64 * 1024;

/** Undefined if the call may go on; its body is in place. Throws Refused if the body is not what was signed. */
export async function takeBody(
  call: Call,
  arriving: Incoming | undefined,
  environment: Environment,
): Promise<Outcome | undefined> {
  const options = call.operation.operation.body;
  if (options === undefined) return undefined;
  const size = arriving?.size ?? 0;
  let pieces: AsyncIterable<Buffer> | undefined;
  if (options.from !== undefined || size > maxInlineBytes || arriving?.isAwaited) {
    const ahead = await authorizeAhead(call, environment);
    if ("error" in ahead) return ahead;
    pieces = ahead.from;
  }
  const digests = options.digests(call.input as never, arriving?.announced ?? []);
  if (arriving === undefined) {
    if (pieces !== undefined) call.body = await staged(pieces, digests, environment.bytes);
    return undefined;
  }
  if (size > options.maxBytes) {
    throw new Refused("tooLarge", `Request size exceeded ${options.maxBytes} bytes`, undefined, {
      ProposedSize: size,
      MaxSizeAllowed: options.maxBytes,
    });
  }
  call.body =
    size <= maxInlineBytes
      ? inMemory(await arriving.whole(2 * maxInlineBytes), digests, arriving.trailers)
      : await staged(arriving.pieces(), digests, environment.bytes, arriving);
  return undefined;
}

/** Drops what was staged for a call that did not come to name it. */
export async function dropBody({ body }: Call, { bytes }: Environment): Promise<void> {
  if (body?.content instanceof FinishedBody) await bytes.discardNow(body.content.id);
}

async function authorizeAhead(
  call: Call,
  environment: Environment,
): Promise<Extract<Outcome, { error: AwsError }> | { from: AsyncIterable<Buffer> | undefined }> {
  return await environment.store.transact(async (tx) => {
    call.events.length = 0;
    const ahead = await runAhead(call, tx, environment);
    if ("error" in ahead) for (const event of call.events) tx.append(recordLog, event);
    return ahead;
  });
}

async function staged(
  pieces: AsyncIterable<Buffer>,
  names: readonly DigestName[],
  bytes: ByteStore,
  source?: Pick<Incoming, "trailers">,
): Promise<StreamedBody> {
  const running = new RunningDigests(names);
  const first: Buffer[] = [];
  let size = 0;
  let file: StagedBody | undefined;
  try {
    for await (const piece of pieces) {
      running.update(piece);
      size += piece.length;
      if (file === undefined) {
        first.push(piece);
        if (size <= maxInlineBytes) continue;
        file = await bytes.stage();
        await file.write(Buffer.concat(first));
      } else await file.write(piece);
    }
    const content = file === undefined ? Buffer.concat(first) : await file.finish();
    return { size, digests: running.digest(), trailers: source?.trailers ?? {}, content };
  } catch (error) {
    await file?.discard();
    throw error;
  }
}
