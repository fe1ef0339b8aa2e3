import { PutRecordBatchCommand } from "@aws-sdk/client-firehose";
import { expect, it } from "vitest";
import { clients, startForTest } from "../../../test/harness.ts";
import { lambdaClient, lambdaRole, makeFunction } from "../lambda/testing.ts";
import { firehoseClient, mayPut, newBucket, newDeliveryStream, newRole, objectsIn } from "./testing.ts";

const source = `export const handler = async ({ records }) => ({
  records: records.map(({ recordId, data }) => ({
    recordId,
    result: "Ok",
    data: Buffer.from(Buffer.from(data, "base64").toString().toUpperCase()).toString("base64"),
  })),
});`;

it("transforms records by a function that Lambda runs", async () => {
  const cloudkeep = await startForTest();
  try {
    const aws = clients(cloudkeep, cloudkeep.credentials);
    const firehose = firehoseClient(cloudkeep, cloudkeep.credentials);
    await makeFunction(lambdaClient(cloudkeep), "upper", await lambdaRole(cloudkeep, "upper"), source);
    const FunctionArn = `arn:aws:lambda:us-east-1:${cloudkeep.accountId}:function:upper`;
    const bucket = await newBucket(aws.s3);
    const RoleARN = await newRole(aws.iam, cloudkeep.accountId, mayPut(bucket), {
      Action: "lambda:InvokeFunction",
      Resource: [FunctionArn, `${FunctionArn}:*`],
    });
    const DeliveryStreamName = await newDeliveryStream(firehose, {
      RoleARN,
      BucketARN: `arn:aws:s3:::${bucket}`,
      BufferingHints: { IntervalInSeconds: 60 },
      ProcessingConfiguration: {
        Enabled: true,
        Processors: [
          { Type: "Lambda", Parameters: [{ ParameterName: "LambdaArn", ParameterValue: FunctionArn }] },
        ],
      },
    });
    const Records = ["one\n", "two\n"].map((text) => ({ Data: Buffer.from(text) }));
    await firehose.send(new PutRecordBatchCommand({ DeliveryStreamName, Records }));
    await cloudkeep.clock.advance(61_000);
    expect([...(await objectsIn(aws.s3, bucket)).values()].map(String)).toEqual(["ONE\nTWO\n"]);
  } finally {
    await cloudkeep.stop();
  }
});
