import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Cloudkeep } from "../../src/start.ts";
import { clients, errorOf, policyOf, startForTest } from "../harness.ts";
import { answerOf, expectRecorded, parsedDocuments, recordedAnswers } from "./recorded.ts";

/** EventBridge and its Scheduler, held against answers recorded from AWS. */

type Answers = Record<string, unknown>;

const files = {
  events: recordedAnswers("events/test_events.snapshot.json"),
  tags: recordedAnswers("events/test_events_tags.snapshot.json"),
  archives: recordedAnswers("events/test_archive_and_replay.snapshot.json"),
  apis: recordedAnswers("events/test_api_destinations_and_connection.snapshot.json"),
  schedules: recordedAnswers("events/test_events_schedule.snapshot.json"),
  inputs: recordedAnswers("events/test_events_inputs.snapshot.json"),
  patterns: recordedAnswers("events/test_events_patterns.snapshot.json"),
  scheduler: recordedAnswers("scheduler/test_scheduler.snapshot.json"),
};

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const pattern = {
  source: ["core.update-account-command"],
  "detail-type": ["core.update-account-command"],
  detail: { command: ["update-account"] },
};
const EventPattern = JSON.stringify(pattern);
const detail = { command: "update-account", payload: { acc_id: "0a787ecb-4015", sf_id: "baz" } };
const entry = { Source: "core.update-account-command", DetailType: "core.update-account-command" };

const documents = new Set(["EventPattern", "Policy"]);

const answer = async (call: Promise<object>) => parsedDocuments(await answerOf(call), documents);

interface Recording {
  file: keyof typeof files;
  name: string;
  run: () => Promise<Answers>;
}

let serial = 0;
const fresh = (name: string) => {
  serial += 1;
  return `${name}-${serial}`;
};

async function newBus(): Promise<string> {
  const Name = fresh("bus");
  await root.events.createEventBus({ Name });
  return Name;
}

/** Answers of a rule's life on the default bus or on one of its own. */
async function ruleLife(EventBusName: string | undefined): Promise<Answers> {
  const Name = fresh("rule");
  const on = EventBusName === undefined ? {} : { EventBusName };
  return {
    "put-rule": await answer(root.events.putRule({ Name, EventPattern, ...on })),
    "list-rules": await answer(root.events.listRules({ NamePrefix: Name, ...on })),
    "describe-rule": await answer(root.events.describeRule({ Name, ...on })),
    "delete-rule": await answer(root.events.deleteRule({ Name, ...on })),
    "list-rules-after-delete": await answer(root.events.listRules({ NamePrefix: Name, ...on })),
  };
}

const putOne = (change: object) =>
  answerOf(root.events.putEvents({ Entries: [{ ...entry, Detail: "{}", ...change }] }));

const malformed: Record<string, string> = {
  STRING: "this is a text",
  ARRAY: '["one"]',
  MALFORMED_JSON: "{",
  SERIALIZED_STRING: '"{}"',
};

const recordings: Recording[] = [
  ...["Source", "Detail", "DetailType"].map(
    (member): Recording => ({
      file: "events",
      name: {
        Source: "test_put_events_without_source",
        Detail: "test_put_event_without_detail",
        DetailType: "test_put_event_without_detail_type",
      }[member] as string,
      run: async () => ({ "put-events": await putOne({ [member]: undefined }) }),
    }),
  ),
  ...Object.entries(malformed).map(
    ([kind, Detail]): Recording => ({
      file: "events",
      name: `test_put_event_malformed_detail[${kind}]`,
      run: async () => ({ "put-events": await putOne({ Detail }) }),
    }),
  ),
  {
    file: "events",
    name: "test_put_event_with_too_big_detail",
    run: async () => ({
      "put-events-too-big-detail-error": await putOne({
        Detail: JSON.stringify({ a: "x".repeat(256 * 1024) }),
      }),
    }),
  },
  {
    file: "events",
    name: "test_put_list_with_prefix_describe_delete_rule[default]",
    run: () => ruleLife(undefined),
  },
  {
    file: "events",
    name: "test_put_list_with_prefix_describe_delete_rule[custom]",
    run: async () => ruleLife(await newBus()),
  },
  {
    file: "events",
    name: "test_create_multiple_event_buses_same_name",
    run: async () => {
      const Name = await newBus();
      return { "create-multiple-event-buses-same-name": await answer(root.events.createEventBus({ Name })) };
    },
  },
  {
    file: "events",
    name: "test_delete_default_event_bus",
    run: async () => ({
      "delete-default-event-bus-error": await answer(root.events.deleteEventBus({ Name: "default" })),
    }),
  },
  {
    file: "events",
    name: "test_delete_rule_with_targets",
    run: async () => {
      const Name = fresh("rule");
      await root.events.putRule({ Name, EventPattern });
      await root.events.putTargets({
        Rule: Name,
        Targets: [{ Id: "1", Arn: "arn:aws:sqs:us-east-1:000000000000:q" }],
      });
      return { "delete-rule-with-targets-error": await answer(root.events.deleteRule({ Name })) };
    },
  },
  {
    file: "events",
    name: "test_describe_nonexistent_rule",
    run: async () => ({
      "describe-not-existing-rule-error": await answer(root.events.describeRule({ Name: "no-such-rule" })),
    }),
  },
  {
    file: "events",
    name: "test_add_exceed_fife_targets_per_rule",
    run: async () => {
      const Rule = fresh("rule");
      await root.events.putRule({ Name: Rule, EventPattern });
      const Targets = Array.from({ length: 7 }, (_, i) => ({
        Id: `id${i}`,
        Arn: "arn:aws:sqs:us-east-1:000000000000:q",
      }));
      return { "put-targets-client-error": await answer(root.events.putTargets({ Rule, Targets })) };
    },
  },
  {
    file: "schedules",
    name: "tests_put_rule_with_schedule_custom_event_bus",
    run: async () => ({
      "put-rule-with-custom-event-bus-error": await answer(
        root.events.putRule({
          Name: "scheduled",
          ScheduleExpression: "rate(1 minute)",
          EventBusName: await newBus(),
        }),
      ),
    }),
  },
  {
    file: "tags",
    name: "tests_tag_list_untag_not_existing_resource[not_existing_rule]",
    run: async () => {
      const ResourceARN = `arn:aws:events:us-east-1:${cloudkeep.accountId}:rule/no-such-rule`;
      return {
        tag_not_existing_resource_error: await answer(
          root.events.tagResource({ ResourceARN, Tags: [{ Key: "k", Value: "v" }] }),
        ),
        list_tags_for_not_existing_resource_error: await answer(
          root.events.listTagsForResource({ ResourceARN }),
        ),
        untag_not_existing_resource_error: await answer(
          root.events.untagResource({ ResourceARN, TagKeys: ["k"] }),
        ),
      };
    },
  },
  {
    file: "archives",
    name: "test_create_list_describe_update_delete_archive[custom]",
    run: async () => {
      const { EventBusArn } = await root.events.createEventBus({ Name: fresh("archived") });
      const ArchiveName = fresh("archive");
      const made = await answer(
        root.events.createArchive({
          ArchiveName,
          EventSourceArn: EventBusArn,
          Description: "description of the archive",
          EventPattern,
          RetentionDays: 1,
        }),
      );
      return {
        "create-archive": made,
        "list-archives": await answer(root.events.listArchives({ NamePrefix: ArchiveName })),
        "describe-archive": await answer(root.events.describeArchive({ ArchiveName })),
        "update-archive": await answer(root.events.updateArchive({ ArchiveName, Description: "other" })),
        "delete-archive": await answer(root.events.deleteArchive({ ArchiveName })),
      };
    },
  },
  {
    file: "archives",
    name: "test_describe_archive_error_unknown_archive",
    run: async () => ({
      "describe-archive-unknown-archive-error": await answer(
        root.events.describeArchive({ ArchiveName: "no-such-archive" }),
      ),
    }),
  },
  {
    file: "apis",
    name: "test_list_connections",
    run: async () => {
      const there = clients(cloudkeep, cloudkeep.credentials, "eu-central-1").events;
      await there.createConnection({
        Name: "listed",
        AuthorizationType: "BASIC",
        AuthParameters: { BasicAuthParameters: { Username: "user", Password: "pass" } },
      });
      return { "list-connections": await answer(there.listConnections({})) };
    },
  },
];

describe.each(recordings)("$name", ({ file, name, run }) => {
  const recorded = files[file]?.[name];
  it.skipIf(files[file] === undefined)("answers as recorded", async () => {
    expect(recorded).toBeDefined();
    expectRecorded(await run(), recorded);
  });
});

const invalidPatterns = Object.entries(files.patterns ?? {}).flatMap(([name, answers]) => {
  const [recorded] = Object.values(answers) as { exception_message?: { Error: { Message: string } } }[];
  return recorded?.exception_message === undefined
    ? []
    : [{ name, words: recorded.exception_message.Error.Message }];
});

describe.skipIf(invalidPatterns.length === 0)("what is no pattern", () => {
  it.each(invalidPatterns)("$name is refused in AWS's words", async ({ name, words }) => {
    const { readFileSync } = await import("node:fs");
    const file = /\[(.+)\]/.exec(name)?.[1];
    const text = readFileSync(`../shared/vectors/event-patterns/${file}.json5`, "utf8")
      .replace(/("(?:[^"\\]|\\.)*")|\/\/[^\n]*/g, (_, quoted) => quoted ?? "")
      .replace(/,(\s*[}\]])/g, "$1");
    const { Event, EventPattern: asked } = JSON.parse(text);
    const call = root.events.testEventPattern({
      Event: JSON.stringify(Event),
      EventPattern: JSON.stringify(asked),
    });
    const error = await errorOf(call);
    expect([error.name, error.message]).toEqual(["InvalidEventPatternException", words.split("\n")[0]]);
  });
});

/** What a template makes of the event, as it arrives in a queue. */
const templates = Object.keys(files.inputs ?? {}).flatMap((name) => {
  const template = /^test_input_transformer_nested_keys_replacement\[(.+)\]$/s.exec(name)?.[1];
  const recorded = files.inputs?.[name]?.["input-transformed-messages"] as { Body: unknown }[] | undefined;
  return template === undefined || recorded === undefined
    ? []
    : [{ template: template.replaceAll("\\n", "\n"), body: recorded[0]?.Body }];
});

describe.skipIf(templates.length === 0)("an input template", () => {
  it.each(templates)("$template", async ({ template, body }) => {
    const QueueName = fresh("queue");
    const queueArn = `arn:aws:sqs:us-east-1:${cloudkeep.accountId}:${QueueName}`;
    const Policy = policyOf({
      Principal: { Service: "events.amazonaws.com" },
      Action: "sqs:SendMessage",
      Resource: queueArn,
    });
    const { CreateQueueCommand, ReceiveMessageCommand } = await import("@aws-sdk/client-sqs");
    const { QueueUrl } = await root.sqs.send(new CreateQueueCommand({ QueueName, Attributes: { Policy } }));
    const EventBusName = await newBus();
    await root.events.putRule({
      Name: "r",
      EventBusName,
      EventPattern: '{"source":["core.update-account-command"]}',
    });
    await root.events.putTargets({
      Rule: "r",
      EventBusName,
      Targets: [
        {
          Id: "q",
          Arn: queueArn,
          InputTransformer: {
            InputTemplate: template,
            InputPathsMap: {
              userId: "$.detail.payload.acc_id",
              payload: "$.detail.payload",
              systemstring: "$.account-id",
              listsingle: "$.detail.listsingle",
              listmulti: "$.detail.listmulti",
              valid: "$.detail.valid",
            },
          },
        },
      ],
    });
    const Detail = JSON.stringify({
      ...detail,
      listsingle: ["HIGH"],
      listmulti: ["ACTIVE", "INACTIVE"],
      valid: true,
    });
    await root.events.putEvents({ Entries: [{ ...entry, Detail, EventBusName }] });
    await vi.waitFor(async () => {
      const { Messages = [] } = await root.sqs.send(new ReceiveMessageCommand({ QueueUrl }));
      const text = Messages[0]?.Body ?? "";
      // Multiple replacements and texts over lines stand as they are; documents as what they say.
      expect(typeof body === "string" ? text : JSON.parse(text)).toEqual(body);
    });
  });
});

const expressions = Object.keys(files.scheduler ?? {}).flatMap((name) => {
  const match =
    /^(?:tests?_create_schedule_with_(invalid|valid)_(?:schedule|cron)_expressions?)\[(.+)\]$/.exec(name);
  return match === null ? [] : [{ name, valid: match[1] === "valid", expression: match[2] as string }];
});

describe.skipIf(expressions.length === 0)("a schedule's expression", () => {
  it.each(expressions)("$expression is taken: $valid", async ({ name, valid, expression }) => {
    const { CreateRoleCommand } = await import("@aws-sdk/client-iam");
    const trust = policyOf({ Principal: { Service: "scheduler.amazonaws.com" }, Action: "sts:AssumeRole" });
    const role = new CreateRoleCommand({ RoleName: fresh("role"), AssumeRolePolicyDocument: trust });
    const { Role } = await root.iam.send(role);
    const made = await answerOf(
      root.scheduler.createSchedule({
        Name: fresh("schedule"),
        ScheduleExpression: expression,
        FlexibleTimeWindow: { Mode: "OFF" },
        Target: { Arn: "arn:aws:sqs:us-east-1:000000000000:q", RoleArn: Role?.Arn },
      }),
    );
    const recorded = Object.values(files.scheduler?.[name] ?? {})[0] as Answers;
    if (valid) return expectRecorded(made, recorded);
    const { Message: _, ...words } = recorded;
    expectRecorded(made, words);
  });
});
