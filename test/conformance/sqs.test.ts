import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { startForTest } from "../harness.ts";
import { expectRecorded, recordedAnswers } from "./recorded.ts";
import { fifoRecordings } from "./sqsFifoRecordings.ts";
import { moveRecordings, receiveRecordings } from "./sqsReceiveRecordings.ts";
import { attributeRecordings, batchRecordings, sendRecordings } from "./sqsRecordings.ts";
import { type Call, jsonWire, queryWire } from "./sqsWires.ts";

/** SQS as recorded from AWS, over both of its wires. */

const recorded = recordedAnswers("sqs/test_sqs.snapshot.json");
const moves = recordedAnswers("sqs/test_sqs_move_task.snapshot.json");

let cloudkeep: Cloudkeep;
beforeAll(async () => {
  cloudkeep = await startForTest();
});
afterAll(() => cloudkeep.stop());

/** Recordings that cannot be repeated here, each with the reason. */
const leftOut: Record<string, string> = {
  test_invalid_dead_letter_arn_rejected_before_lookup: "nothing was recorded",
  test_fifo_delete_message_with_expired_receipt_handle: "nothing was recorded",
  test_dead_letter_queue_with_fifo_and_content_based_deduplication: "nothing was recorded",
  test_set_empty_redrive_policy: "nothing was recorded",
  test_message_deduplication_id_success: "nothing was recorded",
  test_approximate_number_of_messages_not_visible: "nothing was recorded",
  test_fifo_approximate_number_of_messages_not_visible: "nothing was recorded",
  test_list_queues_pagination: "not recorded from AWS: its URLs are another emulator's",
  test_fifo_change_to_high_throughput_after_creation:
    "AWS takes up to a minute to follow a change of the scope; here it counts at once",
  test_move_task_delete_destination_queue_while_running: "its figures depend on AWS's pace",
  test_move_task_cancel: "its figures depend on AWS's pace",
};

const baseName = (name: string) => name.replace(/\[.*$/, "");

/** What the recorder put in place of times, and JSON texts that it has parsed. */
function asRecorded(value: unknown, name = ""): unknown {
  if (Buffer.isBuffer(value)) return value;
  if (Array.isArray(value)) return value.map((item) => asRecorded(item));
  if (typeof value === "object" && value !== null)
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, asRecorded(item, key)]));
  if (/Timestamp$/.test(name)) return "timestamp";
  if (typeof value === "string" && /^\{.*\}$/s.test(value) && (name === "Policy" || name === "Body"))
    return JSON.parse(value);
  return value;
}

function withoutDetail(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutDetail);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== "Detail");
  return Object.fromEntries(entries.map(([name, item]) => [name, withoutDetail(item)]));
}

const wires: Record<string, (server: Cloudkeep) => Call> = { sqs: jsonWire, sqs_query: queryWire };
const recordings = [
  ...attributeRecordings,
  ...sendRecordings,
  ...batchRecordings,
  ...receiveRecordings,
  ...fifoRecordings,
];

describe.skipIf(recorded === undefined).each(Object.keys(wires))("SQS over %s, as recorded", (wire) => {
  it.each(recordings)("$name", async ({ name, run }) => {
    const named = [name.replace("[", `[${wire}-`), `${name}[${wire}]`, name].find((one) => recorded?.[one]);
    const expected = recorded?.[named ?? ""] ?? {};
    const call = (wires[wire] as (server: Cloudkeep) => Call)(cloudkeep);
    const ours = await run({ call, cloudkeep });
    const judged = Object.keys(expected).filter((answer) => ours[answer] !== undefined);
    expect(judged.length).toBeGreaterThan(0);
    const known = new Map<string, string>();
    for (const answer of judged) {
      const wanted = withoutDetail(expected[answer]) as { Error?: object };
      // The name of the error's shape travels in JSON only.
      if (wire !== "sqs" && wanted.Error) delete (wanted.Error as { QueryErrorCode?: string }).QueryErrorCode;
      expectRecorded(asRecorded(ours[answer]), wanted, known);
    }
  });
});

describe.skipIf(moves === undefined)("message move tasks, as recorded", () => {
  it.each(moveRecordings)("$name", async ({ name, run }) => {
    const expected = moves?.[name] ?? {};
    const ours = await run({ call: jsonWire(cloudkeep), cloudkeep });
    const judged = Object.keys(expected).filter((answer) => ours[answer] !== undefined);
    expect(judged.length).toBeGreaterThan(0);
    const known = new Map<string, string>();
    for (const answer of judged)
      expectRecorded(asRecorded(ours[answer]), withoutDetail(expected[answer]), known);
  });
});

it.skipIf(recorded === undefined)("every recorded case is repeated, or left out for a reason", () => {
  const done = new Set([...recordings, ...moveRecordings].map(({ name }) => baseName(name)));
  const all = [...Object.keys(recorded ?? {}), ...Object.keys(moves ?? {})].map(baseName);
  expect([...new Set(all)].filter((name) => !done.has(name) && leftOut[name] === undefined)).toEqual([]);
});
