import { IAM } from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, credentialsOf, errorOf, optionsOf, startForTest } from "../harness.ts";
import { expectRecorded, parsedDocuments, recordedAnswers } from "./recorded.ts";
import { pushRecordings } from "./snsPushRecordings.ts";
import { publishRecordings, type Scene, topicOf, topicRecordings } from "./snsRecordings.ts";
import { subscriptionRecordings } from "./snsSubscriptionRecordings.ts";

/** SNS, held against answers recorded from AWS. */

const recorded = recordedAnswers("sns/test_sns.snapshot.json");
const filters = recordedAnswers("sns/test_sns_filter_policy.snapshot.json");

let cloudkeep: Cloudkeep;
let scene: Scene;
beforeAll(async () => {
  cloudkeep = await startForTest();
  const iam = new IAM(optionsOf(cloudkeep, cloudkeep.credentials));
  await iam.createUser({ UserName: "caller" });
  await iam.attachUserPolicy({
    UserName: "caller",
    PolicyArn: "arn:aws:iam::aws:policy/AdministratorAccess",
  });
  const { AccessKey } = await iam.createAccessKey({ UserName: "caller" });
  const { sns } = clients(cloudkeep, credentialsOf(AccessKey));
  const elsewhere = clients(cloudkeep, credentialsOf(AccessKey), "eu-central-1").sns;
  scene = { sns, elsewhere, account: cloudkeep.accountId };
});
afterAll(() => cloudkeep.stop());

/** Where AWS's JSON parser stopped, and what it would have liked, is its own. */
function withoutParser<T>(value: T): T {
  const text = JSON.stringify(value, (_, member) =>
    typeof member === "string" ? member.replace(/(failed to parse JSON\.).*$/s, "$1") : member,
  );
  return JSON.parse(text) as T;
}

const documents = new Set(["Policy", "EffectiveDeliveryPolicy", "DeliveryPolicy", "FilterPolicy"]);

describe.skipIf(recorded === undefined)("SNS answers as recorded", () => {
  it.each([...topicRecordings, ...subscriptionRecordings, ...publishRecordings, ...pushRecordings])(
    "$name",
    async ({ name, run }) => {
      const answers = recorded?.[name];
      expect(answers).toBeDefined();
      const ours = parsedDocuments(await run(scene), documents);
      // Answers that would need a client which sends what the SDK does not let through are not asked for.
      const wanted = Object.fromEntries(Object.keys(ours).map((key) => [key, answers?.[key]]));
      expectRecorded(withoutParser(ours), withoutParser(wanted));
    },
  );
});

/** The recorded refusals name the policy that was refused. */
const refusals = Object.values(filters ?? {}).flatMap((answers) =>
  Object.values(answers).flatMap((answer) => {
    const message = (answer as { Error?: { Message?: string } }).Error?.Message;
    const [, words, policy] =
      /^(.*)\n at \[Source: \(String\)"(.*)"; line: 1, column: \d+\]$/s.exec(message ?? "") ?? [];
    return words === undefined || !words.includes("Attributes Reason")
      ? []
      : [{ words, policy: policy ?? "" }];
  }),
);

describe.skipIf(filters === undefined)("a filter policy", () => {
  it.each(refusals)("$policy is refused in AWS's words", async ({ words, policy }) => {
    const refused = scene.sns.subscribe({
      TopicArn: await topicOf(scene.sns),
      Protocol: "sms",
      Endpoint: "+123123123",
      Attributes: { FilterPolicy: policy },
    });
    const error = await errorOf(refused);
    expect([error.name, error.message.split("\n")[0]]).toEqual(["InvalidParameterException", words]);
  });

  const many = (count: number, name = "v") => Array.from({ length: count }, (_, i) => `${name}${i}`);
  const tooComplex: [string, object][] = [
    ["one key of 151 values", { key: many(151) }],
    ["two keys of 100 and 51 values", { key1: many(100), key2: many(51) }],
    [
      "alternatives that sum to 152",
      {
        source: many(4),
        $or: [
          { metricName: many(6) },
          { metricType: many(4), $or: [{ metricId: many(4) }, { spaceId: many(4) }] },
        ],
      },
    ],
  ];
  it.each(tooComplex)("of %s is too complex", async (_, policy) => {
    const refused = scene.sns.subscribe({
      TopicArn: await topicOf(scene.sns),
      Protocol: "sms",
      Endpoint: "+123123123",
      Attributes: { FilterPolicy: JSON.stringify(policy) },
    });
    expect((await errorOf(refused)).message).toBe(
      "Invalid parameter: Attributes Reason: FilterPolicy: Filter policy is too complex",
    );
  });
});
