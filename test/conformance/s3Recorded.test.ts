import { KMS } from "@aws-sdk/client-kms";
import { S3 } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { optionsOf, startForTest } from "../harness.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";
import { copyRecordings, preconditionRecordings } from "./s3CopyRecordings.ts";
import { listRecordings, versionListRecordings } from "./s3ListRecordings.ts";
import { asRecorder, type Recordings, Scene } from "./s3Scene.ts";

/** S3's answers, held against those recorded from AWS, file by file. */

const files: Record<string, Recordings> = {
  test_s3_preconditions: preconditionRecordings,
  test_s3_list_operations: { ...listRecordings, ...versionListRecordings },
  test_s3_api: copyRecordings,
};

let cloudkeep: Cloudkeep;
let scene: () => Scene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const inRegion = (region: string) => {
    const options = optionsOf(cloudkeep, cloudkeep.credentials, region);
    return asRecorder(new S3({ ...options, forcePathStyle: true }));
  };
  const s3 = inRegion("us-east-1");
  const kms = new KMS(optionsOf(cloudkeep, cloudkeep.credentials));
  const { accountId: account, endpoint } = cloudkeep;
  scene = () => new Scene({ s3, kms, account, endpoint, inRegion });
});
afterAll(() => cloudkeep.stop());

/** Texts that the recorder put in place of others. */
const replaced = /^(?:owner-id|i-d|bucket|amz-id|key)$/;

/** One form for both: markers as texts, nothing for an empty element, and no names of owners (none since 2025). */
function inOneForm(value: unknown, name = ""): unknown {
  if (Array.isArray(value)) return value.map((item) => inOneForm(item));
  if (/PartNumberMarker$/.test(name)) return String(value);
  if (typeof value === "string" && replaced.test(value)) return `<${value}>`;
  if (value === null) return "";
  if (typeof value !== "object" || value instanceof Date || value instanceof Uint8Array) return value;
  const entries = Object.entries(value).filter(([key]) => key !== "DisplayName");
  return Object.fromEntries(entries.map(([key, item]) => [key, inOneForm(item, key)]));
}

describe.each(Object.entries(files))("%s", (file, recordings) => {
  const recorded = recordedAnswers(`s3/${file}.snapshot.json`);
  it.skipIf(recorded === undefined).each(Object.keys(recordings))("%s", async (name) => {
    const recordedSteps = recorded?.[name] ?? {};
    const asked = scene();
    await recordings[name]?.(asked);
    const steps = Object.keys(asked.answers);
    expect(Object.keys(recordedSteps)).toEqual(expect.arrayContaining(steps));
    const wanted = Object.fromEntries(steps.map((step) => [step, recordedSteps[step]]));
    expectRecorded(inOneForm(asked.answers), inOneForm(wanted));
  });
});
