import {
  CreateTagsCommand,
  DescribeInstancesCommand,
  EC2Client,
  RunInstancesCommand,
} from "@aws-sdk/client-ec2";
import { describe, expect, test } from "vitest";
import { clientConfig, contractOf, requestId, server } from "./testing.ts";

const ec2 = contractOf("ec2");

function client(answer: Record<string, unknown> | { code: string; message: string }) {
  const { requestHandler, exchanges } = server(ec2, () => answer);
  return { client: new EC2Client({ ...clientConfig, requestHandler }), exchanges };
}

describe("ec2Query with the official client", () => {
  test("flat lists and EC2's own names are read", async () => {
    const { client: sender, exchanges } = client({});
    const input = {
      InstanceIds: ["i-1", "i-2"],
      Filters: [{ Name: "tag:a", Values: ["x", "y"] }],
      DryRun: false,
      MaxResults: 5,
    };
    await sender.send(new DescribeInstancesCommand(input));
    expect(exchanges[0]).toMatchObject({ protocol: "ec2Query", operation: "DescribeInstances" });
    expect(exchanges[0]?.input).toEqual(input);
    const run = {
      MinCount: 1,
      MaxCount: 1,
      BlockDeviceMappings: [{ DeviceName: "/dev/xvda", Ebs: { VolumeSize: 8, Encrypted: true } }],
      TagSpecifications: [{ ResourceType: "instance" as const, Tags: [{ Key: "a", Value: "b" }] }],
      ClientToken: "t",
    };
    await sender.send(new RunInstancesCommand(run));
    expect(exchanges[1]?.input).toEqual(run);
  });

  test("answers and errors arrive as they were written", async () => {
    const LaunchTime = new Date("2026-11-24T01:53:28Z");
    const Reservations = [
      { ReservationId: "r", Instances: [{ InstanceId: "i-1", LaunchTime, EbsOptimized: true, Tags: [] }] },
    ];
    const answer = await client({ Reservations, NextToken: "n" }).client.send(
      new DescribeInstancesCommand({}),
    );
    expect(answer).toMatchObject({ Reservations, NextToken: "n" });

    const tagging = client({});
    await tagging.client.send(new CreateTagsCommand({ Resources: ["i-1"], Tags: [] }));
    expect(tagging.exchanges[0]?.response.body).toBe(
      `<CreateTagsResponse xmlns="http://ec2.amazonaws.com/doc/2016-11-15"><requestId>${requestId}</requestId><return>true</return></CreateTagsResponse>`,
    );

    const refused = client({
      code: "InvalidInstanceID.NotFound",
      message: "The instance ID 'i-1' does not exist",
    });
    await expect(refused.client.send(new DescribeInstancesCommand({}))).rejects.toMatchObject({
      name: "InvalidInstanceID.NotFound",
      message: "The instance ID 'i-1' does not exist",
    });
  });
});
