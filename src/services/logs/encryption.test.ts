import {
  AssociateKmsKeyCommand,
  type CloudWatchLogsClient,
  CreateLogGroupCommand,
  DescribeLogGroupsCommand,
  DisassociateKmsKeyCommand,
  FilterLogEventsCommand,
  GetLogEventsCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import {
  CreateKeyCommand,
  DisableKeyCommand,
  EnableKeyCommand,
  PutKeyPolicyCommand,
} from "@aws-sdk/client-kms";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf } from "../../../test/harness.ts";
import { type Cloudkeep, start } from "../../start.ts";
import { MemoryStore } from "../../storage/memory.ts";
import { decodeChunk, keyNumberOf, openChunk } from "./store/chunk.ts";
import { logsClient, newGroup, put } from "./testing.ts";

const store = new MemoryStore();
let cloudkeep: Cloudkeep;
let logs: CloudWatchLogsClient;
let kms: ReturnType<typeof clients>["kms"];
beforeAll(async () => {
  cloudkeep = await start({ store });
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  ({ kms } = clients(cloudkeep, cloudkeep.credentials));
});
afterAll(() => cloudkeep.stop());

function policyFor(principal: string): string {
  const { accountId } = cloudkeep;
  const Condition = {
    ArnLike: { "kms:EncryptionContext:aws:logs:arn": `arn:aws:logs:us-east-1:${accountId}:log-group:*` },
  };
  return JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Principal: { AWS: `arn:aws:iam::${accountId}:root` },
        Action: "kms:*",
        Resource: "*",
      },
      {
        Effect: "Allow",
        Principal: { Service: principal },
        Action: ["kms:Decrypt*", "kms:GenerateDataKey*"],
        Resource: "*",
        Condition,
      },
    ],
  });
}

async function newKey(principal = "logs.us-east-1.amazonaws.com"): Promise<string> {
  const { KeyMetadata } = await kms.send(new CreateKeyCommand({ Policy: policyFor(principal) }));
  return KeyMetadata?.Arn ?? "";
}

async function texts(logGroupName: string): Promise<(string | undefined)[] | undefined> {
  const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName }));
  return events?.map(({ message }) => message);
}

/** Values of all chunks in the store. */
async function chunks(): Promise<[place: string, value: Uint8Array][]> {
  const rows = await store.transact((tx) => tx.range("logs/chunks", "logs/chunks~"));
  return rows.map(([key, value]) => [key.split("\u0000").at(-1) ?? "", value]);
}

const refused = /^The specified KMS key does not exist or is not allowed to be used with Arn 'arn:aws:logs:/;

describe("a group with a KMS key", () => {
  it("seals its lines under it, and shows them for as long as the key allows it", async () => {
    const KeyId = await newKey();
    const logGroupName = await newGroup(logs, { kmsKeyId: KeyId });
    const secret = "the customer's secret line";
    await put(logs, logGroupName, [secret]);
    expect(await texts(logGroupName)).toEqual([secret]);
    const [[place, value]] = (await chunks()) as [[string, Uint8Array]];
    expect(keyNumberOf(value)).toBe(1);
    await expect(decodeChunk(openChunk(value, place, undefined))).rejects.toThrow();
    await kms.send(new DisableKeyCommand({ KeyId }));
    const read = () => errorOf(logs.send(new GetLogEventsCommand({ logGroupName, logStreamName: "s" })));
    const error = await read();
    expect([error.name, error.message]).toEqual(["AccessDeniedException", expect.stringMatching(refused)]);
    expect((await errorOf(put(logs, logGroupName, ["x"]))).name).toBe("AccessDeniedException");
    await kms.send(new EnableKeyCommand({ KeyId }));
    expect(await texts(logGroupName)).toEqual([secret]);
    const Policy = policyFor("s3.amazonaws.com");
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy }));
    expect((await read()).message).toMatch(refused);
    // Counting goes on without the key, and merging waits.
    await cloudkeep.clock.advance(100_000);
    await kms.send(new PutKeyPolicyCommand({ KeyId, Policy: policyFor("logs.us-east-1.amazonaws.com") }));
    expect(await texts(logGroupName)).toEqual([secret]);
  });

  it("keeps older lines under the key that they came with", async () => {
    const logGroupName = await newGroup(logs);
    await put(logs, logGroupName, ["plain"]);
    const first = await newKey();
    await logs.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId: first }));
    await put(logs, logGroupName, ["first"]);
    const second = await newKey();
    await logs.send(new AssociateKmsKeyCommand({ logGroupName, kmsKeyId: second }));
    await put(logs, logGroupName, ["second"]);
    await logs.send(new DisassociateKmsKeyCommand({ logGroupName }));
    await put(logs, logGroupName, ["none"]);
    await cloudkeep.clock.advance(10_000);
    expect((await texts(logGroupName))?.sort()).toEqual(["first", "none", "plain", "second"]);
    const { logGroups } = await logs.send(new DescribeLogGroupsCommand({ logGroupNamePrefix: logGroupName }));
    expect(logGroups?.[0]?.kmsKeyId).toBeUndefined();
    await kms.send(new DisableKeyCommand({ KeyId: first }));
    expect((await errorOf(texts(logGroupName))).message).toMatch(refused);
  });

  it("is not made with a key that does not allow it", async () => {
    const create = async (kmsKeyId: string) => {
      const command = new CreateLogGroupCommand({ logGroupName: "never", kmsKeyId });
      return (await errorOf(logs.send(command))).message;
    };
    expect(await create(await newKey("logs.eu-west-1.amazonaws.com"))).toMatch(refused);
    const missing = `arn:aws:kms:us-east-1:${cloudkeep.accountId}:key/00000000-0000-4000-8000-000000000000`;
    expect(await create(missing)).toMatch(refused);
  });
});
