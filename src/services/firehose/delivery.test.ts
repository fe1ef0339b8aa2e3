import { type FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from "@aws-sdk/client-firehose";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

let cloudkeep: Cloudkeep;
let firehose: FirehoseClient;
let aws: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
  aws = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const put = (DeliveryStreamName: string, ...texts: string[]) =>
  firehose.send(
    new PutRecordBatchCommand({
      DeliveryStreamName,
      Records: texts.map((text) => ({ Data: Buffer.from(text) })),
    }),
  );

/** A bucket, and a role that may put into it. */
async function place() {
  const bucket = await newBucket(aws.s3);
  const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket));
  return { bucket, RoleARN, BucketARN: `arn:aws:s3:::${bucket}` };
}

describe("a delivery to S3", () => {
  it("comes when its first record has waited long enough", async () => {
    const { bucket, ...config } = await place();
    const name = await newDeliveryStream(firehose, { ...config, BufferingHints: { IntervalInSeconds: 60 } });
    const one = await firehose.send(
      new PutRecordCommand({ DeliveryStreamName: name, Record: { Data: Buffer.from("one\n") } }),
    );
    expect(one).toMatchObject({ RecordId: expect.stringMatching(/^.{216}$/), Encrypted: false });
    const more = await put(name, "two\n", "three\n");
    expect(more.FailedPutCount).toBe(0);
    expect(new Set(more.RequestResponses?.map(({ RecordId }) => RecordId)).size).toBe(2);
    await cloudkeep.clock.advance(58_000);
    expect((await objectsIn(aws.s3, bucket)).size).toBe(0);
    await cloudkeep.clock.advance(3_000);
    const objects = [...(await objectsIn(aws.s3, bucket))];
    expect(objects.map(([, body]) => body.toString())).toEqual(["one\ntwo\nthree\n"]);
    expect(objects[0]?.[0]).toMatch(
      new RegExp(`^\\d{4}/\\d\\d/\\d\\d/\\d\\d/${name}-1-\\d{4}(-\\d\\d){5}-[0-9a-f-]{36}$`),
    );
  });
});
