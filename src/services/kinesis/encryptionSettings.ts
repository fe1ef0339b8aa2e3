import type { Context } from "../../kit/context.ts";
import { existingStream, onStream, putStream } from "./access.ts";
import { kinesis } from "./contract.ts";
import { dataKeyFor } from "./encryption.ts";

/** Which KMS key a stream's new records are sealed under. https://docs.aws.amazon.com/streams/latest/dev/server-side-encryption.html */

function checkType(type: string, ctx: Context<"InvalidArgumentException">): void {
  if (type !== "KMS") throw ctx.error("InvalidArgumentException", "EncryptionType must be KMS.");
}

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StartStreamEncryption.html */
export const startStreamEncryption = kinesis.operation("StartStreamEncryption", {
  access: onStream("StartStreamEncryption"),
  async handle(input, ctx) {
    checkType(input.EncryptionType, ctx);
    const stream = await existingStream(input, ctx);
    const changed = { ...stream, kmsKeyId: input.KeyId };
    // A key that the caller may not use, or that is not there, is refused now rather than with the next record.
    await dataKeyFor(changed, ctx);
    putStream(changed, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/kinesis/latest/APIReference/API_StopStreamEncryption.html */
export const stopStreamEncryption = kinesis.operation("StopStreamEncryption", {
  access: onStream("StopStreamEncryption"),
  async handle(input, ctx) {
    checkType(input.EncryptionType, ctx);
    const { kmsKeyId: _, ...stream } = await existingStream(input, ctx);
    putStream(stream, ctx);
    return {};
  },
});
