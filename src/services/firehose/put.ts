import type { Context } from "../../kit/context.ts";
import { draw } from "../../kit/ids.ts";
import { existingDeliveryStream, onDeliveryStream } from "./access.ts";
import { buffer, isFull, slowDown } from "./buffer.ts";
import { firehose } from "./contract.ts";
import { maxBatchBytes, mebibyte } from "./limits.ts";
import { metric } from "./metrics.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** Records by direct put: on disk before the answer. */

/** Bytes of a record's id, before base64. */
const recordIdBytes = 162;

function newRecordId(): string {
  return draw(recordIdBytes).toString("base64");
}

async function directStream(
  name: string,
  ctx: Context<"ResourceNotFoundException" | "InvalidSourceException" | "InvalidArgumentException">,
): Promise<DeliveryStreamRow> {
  const stream = await existingDeliveryStream(name, ctx);
  if (stream.source !== undefined) {
    throw ctx.error(
      "InvalidArgumentException",
      "This operation is not permitted on KinesisStreamAsSource delivery stream type.",
    );
  }
  return stream;
}

async function take(stream: DeliveryStreamRow, data: readonly Uint8Array[], ctx: Context): Promise<number> {
  const arrivalMs = Math.floor(ctx.clock.now());
  const bytes = data.reduce((sum, one) => sum + one.byteLength, 0);
  if (await isFull(stream, ctx)) throw slowDown();
  await buffer(
    stream,
    data.map((one) => ({ arrivalMs, data: one })),
    ctx,
  );
  metric(stream, "IncomingBytes", bytes, ctx, "Bytes");
  metric(stream, "IncomingRecords", data.length, ctx);
  metric(stream, "IncomingPutRequests", 1, ctx);
  return bytes;
}

/** Records may hold anything: the record names where they went. */
const record = {
  data: true as const,
  requestOnly: ({ DeliveryStreamName }: { DeliveryStreamName: string }) => ({
    deliveryStreamName: DeliveryStreamName,
  }),
  response: () => null,
};

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecord.html */
export const putRecord = firehose.operation("PutRecord", {
  access: onDeliveryStream("PutRecord"),
  async handle({ DeliveryStreamName, Record }, ctx) {
    const stream = await directStream(DeliveryStreamName, ctx);
    const bytes = await take(stream, [Record.Data as Uint8Array], ctx);
    metric(stream, "PutRecord.Bytes", bytes, ctx, "Bytes");
    metric(stream, "PutRecord.Requests", 1, ctx);
    return { RecordId: newRecordId(), Encrypted: stream.encryption !== undefined };
  },
  record,
});

/** https://docs.aws.amazon.com/firehose/latest/APIReference/API_PutRecordBatch.html */
export const putRecordBatch = firehose.operation("PutRecordBatch", {
  access: onDeliveryStream("PutRecordBatch"),
  async handle({ DeliveryStreamName, Records }, ctx) {
    const stream = await directStream(DeliveryStreamName, ctx);
    const data = Records.map(({ Data }) => Data as Uint8Array);
    const size = data.reduce((sum, one) => sum + one.byteLength, 0);
    if (size > maxBatchBytes) {
      throw ctx.error(
        "InvalidArgumentException",
        `Records size exceeds ${maxBatchBytes / mebibyte} MB limit`,
      );
    }
    const bytes = await take(stream, data, ctx);
    metric(stream, "PutRecordBatch.Bytes", bytes, ctx, "Bytes");
    metric(stream, "PutRecordBatch.Records", data.length, ctx);
    metric(stream, "PutRecordBatch.Requests", 1, ctx);
    return {
      FailedPutCount: 0,
      Encrypted: stream.encryption !== undefined,
      RequestResponses: data.map(() => ({ RecordId: newRecordId() })),
    };
  },
  record,
});
