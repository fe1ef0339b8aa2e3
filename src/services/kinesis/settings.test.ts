import {
  AddTagsToStreamCommand,
  DescribeAccountSettingsCommand,
  DisableEnhancedMonitoringCommand,
  EnableEnhancedMonitoringCommand,
  type KinesisClient,
  ListTagsForResourceCommand,
  ListTagsForStreamCommand,
  RemoveTagsFromStreamCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateAccountSettingsCommand,
} from "@aws-sdk/client-kinesis";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { kinesisClient, newStream } from "./testing.ts";

let cloudkeep: Cloudkeep;
let kinesis: KinesisClient;
beforeAll(async () => {
  cloudkeep = await startForTest();
  kinesis = kinesisClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const hourMs = 3_600_000;

describe("settings", () => {
  it("tags, by both sets of operations", async () => {
    const { StreamName, StreamARN } = await newStream(kinesis, { Tags: { b: "2" } });
    await kinesis.send(new AddTagsToStreamCommand({ StreamName, Tags: { a: "1" } }));
    await kinesis.send(new TagResourceCommand({ ResourceARN: StreamARN, Tags: { c: "3" } }));
    const page = await kinesis.send(new ListTagsForStreamCommand({ StreamName, Limit: 2 }));
    expect([page.Tags, page.HasMoreTags]).toEqual([
      [
        { Key: "a", Value: "1" },
        { Key: "b", Value: "2" },
      ],
      true,
    ]);
    await kinesis.send(new RemoveTagsFromStreamCommand({ StreamName, TagKeys: ["a"] }));
    await kinesis.send(new UntagResourceCommand({ ResourceARN: StreamARN, TagKeys: ["b"] }));
    const { Tags } = await kinesis.send(new ListTagsForResourceCommand({ ResourceARN: StreamARN }));
    expect(Tags).toEqual([{ Key: "c", Value: "3" }]);
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`t${i}`, ""]));
    const refused = await errorOf(kinesis.send(new AddTagsToStreamCommand({ StreamName, Tags: many })));
    expect(refused.name).toBe("InvalidArgumentException");
  });

  it("enhanced monitoring", async () => {
    const { StreamName } = await newStream(kinesis);
    const on = await kinesis.send(
      new EnableEnhancedMonitoringCommand({
        StreamName,
        ShardLevelMetrics: ["OutgoingBytes", "IncomingBytes"],
      }),
    );
    expect([on.CurrentShardLevelMetrics, on.DesiredShardLevelMetrics]).toEqual([
      [],
      ["IncomingBytes", "OutgoingBytes"],
    ]);
    const off = await kinesis.send(
      new DisableEnhancedMonitoringCommand({ StreamName, ShardLevelMetrics: ["ALL"] }),
    );
    expect(off.DesiredShardLevelMetrics).toEqual([]);
  });

  it("an account's commitment, which cannot be ended at once", async () => {
    const { MinimumThroughputBillingCommitment: none } = await kinesis.send(
      new DescribeAccountSettingsCommand({}),
    );
    expect(none?.Status).toBe("DISABLED");
    const set = (Status: "ENABLED" | "DISABLED") =>
      kinesis.send(new UpdateAccountSettingsCommand({ MinimumThroughputBillingCommitment: { Status } }));
    expect((await set("ENABLED")).MinimumThroughputBillingCommitment?.Status).toBe("ENABLED");
    expect((await set("DISABLED")).MinimumThroughputBillingCommitment?.Status).toBe(
      "ENABLED_UNTIL_EARLIEST_ALLOWED_END",
    );
    await cloudkeep.clock.advance(25 * hourMs);
    expect((await set("DISABLED")).MinimumThroughputBillingCommitment?.Status).toBe("DISABLED");
  });
});
