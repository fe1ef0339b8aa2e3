import type { StreamedBody } from "../kit/body.ts";
import type { DigestName } from "../kit/digests.ts";
import type { AwsError } from "../kit/errors.ts";
import { recordLog } from "../kit/record.ts";
import { FinishedBody, type StagedBody } from "../storage/bytes.ts";
import type { Incoming } from "./arriving.ts";
import type { Environment } from "./call.ts";
import { type Call, type Outcome, runAhead } from "./call.ts";
import { type BodyDigests, digestsHere } from "./digestThread.ts";
import { inMemory } from "./memoryBody.ts";
import { Refused } from "./refuse.ts";

/**
 * Takes in the body of an operation that streams it, before the operation's own transaction: small ones into
 * memory, large ones into the byte store, sealed and synced. Whoever may not make the call is refused before a
 * large body is read, so that nobody else can fill the disk.
 */

/** Bodies up to this stay in memory, and in a row of the store; larger ones go to files. */
export const maxInlineBytes = 64 * 1024;
/** Digests of bodies from this size on, and of those of unknown size, are computed on a thread of their own. */
const minThreadBytes = 2 ** 20;

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
    if (pieces !== undefined) call.body = await staged(pieces, digests, environment);
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
      : await staged(arriving.pieces(), digests, environment, arriving);
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

/** Computes digests beside the main thread where that is worth the way there. */
async function staged(
  pieces: AsyncIterable<Buffer>,
  names: readonly DigestName[],
  { bytes, digests: thread }: Pick<Environment, "bytes" | "digests">,
  source?: Pick<Incoming, "trailers" | "size">,
): Promise<StreamedBody> {
  const trailers = () => source?.trailers ?? {};
  const first: Buffer[] = [];
  let size = 0;
  let file: StagedBody | undefined;
  let running: BodyDigests | undefined;
  try {
    for await (const piece of pieces) {
      size += piece.length;
      if (file === undefined || running === undefined) {
        first.push(piece);
        if (size <= maxInlineBytes) continue;
        file = await bytes.stage();
        const isLong = (source?.size ?? minThreadBytes) >= minThreadBytes && names.length > 0;
        running = isLong ? thread.begin(names) : digestsHere(names);
        for (const one of first) await both(running.update(one), file.write(one));
      } else await both(running.update(piece), file.write(piece));
    }
    if (file === undefined || running === undefined) return inMemory(Buffer.concat(first), names, trailers());
    const [digests, content] = await both(running.digest(), file.finish());
    return { size, digests, trailers: trailers(), content };
  } catch (error) {
    running?.drop();
    await file?.discard();
    throw error;
  }
}

/** Two things side by side. When one fails, the other has ended too. */
async function both<One, Other>(one: Promise<One>, other: Promise<Other>): Promise<[One, Other]> {
  await Promise.allSettled([one, other]);
  return await Promise.all([one, other]);
}
