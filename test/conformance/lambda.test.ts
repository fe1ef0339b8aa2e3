import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { functionRecordings } from "./lambdaFunctionRecordings.ts";
import { invocationRecordings } from "./lambdaInvocationRecordings.ts";
import { layerRecordings } from "./lambdaLayerRecordings.ts";
import { leftOut } from "./lambdaLeftOut.ts";
import { mappingRecordings } from "./lambdaMappingRecordings.ts";
import { policyRecordings } from "./lambdaPolicyRecordings.ts";
import { provisionedRecordings } from "./lambdaProvisionedRecordings.ts";
import { resourceRecordings } from "./lambdaResourceRecordings.ts";
import { type Answers, normalized, Scene } from "./lambdaScene.ts";
import { signingRecordings } from "./lambdaSigningRecordings.ts";
import { versionRecordings } from "./lambdaVersionRecordings.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";

/** Lambda, held against answers recorded from AWS. */

const files = {
  api: recordedAnswers("lambda_/test_lambda_api.snapshot.json"),
  lambda: recordedAnswers("lambda_/test_lambda.snapshot.json"),
  common: recordedAnswers("lambda_/test_lambda_common.snapshot.json"),
  runtimes: recordedAnswers("lambda_/test_lambda_runtimes.snapshot.json"),
  destinations: recordedAnswers("lambda_/test_lambda_destinations.snapshot.json"),
  sqs: recordedAnswers("lambda_/event_source_mapping/test_lambda_integration_sqs.snapshot.json"),
  kinesis: recordedAnswers("lambda_/event_source_mapping/test_lambda_integration_kinesis.snapshot.json"),
  tables: recordedAnswers(
    "lambda_/event_source_mapping/test_lambda_integration_dynamodbstreams.snapshot.json",
  ),
};

export interface Recording {
  file: keyof typeof files;
  name: string;
  /** Answers by the names that they have in the recording; those that are not given are not asked. */
  run: (scene: Scene) => Promise<Answers>;
}

let cloudkeep: Cloudkeep;
let scene: Scene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  scene = new Scene(cloudkeep);
  await scene.prepare();
});
afterAll(() => cloudkeep.stop());

const recordings: Recording[] = [
  ...functionRecordings,
  ...versionRecordings,
  ...layerRecordings,
  ...policyRecordings,
  ...mappingRecordings,
  ...provisionedRecordings,
  ...resourceRecordings,
  ...invocationRecordings,
  ...signingRecordings,
];

describe.skipIf(files.api === undefined)("Lambda answers as recorded:", () => {
  it.each(recordings)("$file $name", async ({ file, name, run }) => {
    const recorded = files[file]?.[name];
    if (recorded === undefined) throw new Error(`${file} has no case ${name}.`);
    const known = new Map<string, string>();
    for (const [answer, ours] of Object.entries(await run(scene))) {
      if (!(answer in recorded)) throw new Error(`${name} has no answer ${answer}.`);
      expectRecorded(ours, normalized(recorded[answer]), known);
    }
  });

  it("what is not asked is listed, with the reason", () => {
    const asked = new Set(recordings.map(({ file, name }) => `${file} ${name}`));
    const open = Object.entries(files).flatMap(([file, cases]) =>
      Object.keys(cases ?? {})
        .map((name) => `${file} ${name}`)
        .filter((name) => !asked.has(name) && !leftOut.some(({ cases: pattern }) => pattern.test(name))),
    );
    expect(open).toEqual([]);
  });
});
