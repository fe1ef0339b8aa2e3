import {
  DeleteAccountPolicyCommand,
  DeleteIndexPolicyCommand,
  DeleteTransformerCommand,
  DescribeFieldIndexesCommand,
  DescribeIndexPoliciesCommand,
  FilterLogEventsCommand,
  GetQueryResultsCommand,
  GetTransformerCommand,
  type Processor,
  PutAccountPolicyCommand,
  PutIndexPolicyCommand,
  PutMetricFilterCommand,
  PutTransformerCommand,
  StartQueryCommand,
  TestTransformerCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { logsClient, newGroup, put } from "./testing.ts";

/** Lines in another form, by AWS's processors; and the fields that are indexed. */

let cloudkeep: Cloudkeep;
let logs: ReturnType<typeof logsClient>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

async function transformed(message: string, ...transformerConfig: Processor[]): Promise<unknown> {
  const { transformedLogs = [] } = await logs.send(
    new TestTransformerCommand({ transformerConfig, logEventMessages: [message] }),
  );
  const text = transformedLogs[0]?.transformedEventMessage;
  return text === undefined ? undefined : JSON.parse(text);
}

async function query(logGroupName: string, queryString: string) {
  const now = Math.floor(Date.now() / 1000);
  const { queryId } = await logs.send(
    new StartQueryCommand({ logGroupName, queryString, startTime: now - 600, endTime: now + 600 }),
  );
  await cloudkeep.clock.advance(0);
  const { results = [] } = await logs.send(new GetQueryResultsCommand({ queryId }));
  return results.map((row) => Object.fromEntries(row.map(({ field = "", value }) => [field, value])));
}

const json: Processor = { parseJSON: {} };
const nested = '{"outer": {"inner": " A "}, "list": [{"name": "x", "value": 1}, {"name": "x", "value": 2}]}';
const outer = { inner: " A " };
const list = [
  { name: "x", value: 1 },
  { name: "x", value: 2 },
];

const cases: [name: string, message: string, processors: Processor[], expected: unknown][] = [
  ["parseJSON", nested, [json], { outer, list }],
  ["parseJSON with a destination", nested, [{ parseJSON: { destination: "d" } }], { d: { outer, list } }],
  ["what cannot be parsed", "no JSON", [json], undefined],
  [
    "parseKeyValue",
    "k1:v1!k2:v2!k3",
    [
      {
        parseKeyValue: {
          fieldDelimiter: "!",
          keyValueDelimiter: ":",
          nonMatchValue: "none",
          keyPrefix: "p_",
        },
      },
    ],
    { p_k1: "v1", p_k2: "v2", p_k3: "none" },
  ],
  [
    "csv",
    "'Akua Mansa',28,'New York, USA'",
    [{ csv: { quoteCharacter: "'", columns: ["name", "age"] } }],
    { name: "Akua Mansa", age: "28", column_3: "New York, USA" },
  ],
  [
    "grok",
    '293750 server-01.internal.network.com OK "[Thread-000]" 2024-01-01T10:00:00Z',
    [
      {
        grok: {
          match:
            "%{NUMBER:version:integer} %{HOSTNAME:host.name} %{NOTSPACE:status} %{QUOTEDSTRING:thread} %{TIMESTAMP_ISO8601:at}",
        },
      },
    ],
    {
      version: 293750,
      host: { name: "server-01.internal.network.com" },
      status: "OK",
      thread: '"[Thread-000]"',
      at: "2024-01-01T10:00:00Z",
    },
  ],
  [
    "parseVPC",
    "2 123456789010 eni-abc123de 192.0.2.0 192.0.2.24 20641 22 6 20 4249 1418530010 1418530070 ACCEPT OK",
    [{ parseVPC: {} }],
    {
      version: 2,
      accountId: "123456789010",
      interfaceId: "eni-abc123de",
      srcAddr: "192.0.2.0",
      dstAddr: "192.0.2.24",
      srcPort: 20641,
      dstPort: 22,
      protocol: 6,
      packets: 20,
      bytes: 4249,
      start: 1418530010,
      end: 1418530070,
      action: "ACCEPT",
      logStatus: "OK",
    },
  ],
  [
    "parsePostgres",
    '2019-03-10 03:54:59 UTC:10.0.0.123(52834):postgres@logtestdb:[20175]:ERROR: column "wrong" does not exist',
    [{ parsePostgres: {} }],
    {
      logTime: "2019-03-10 03:54:59 UTC",
      srcIp: "10.0.0.123(52834)",
      userName: "postgres",
      dbName: "logtestdb",
      processId: "20175",
      logLevel: "ERROR",
    },
  ],
  [
    "addKeys",
    nested,
    [
      json,
      { deleteKeys: { withKeys: ["list"] } },
      {
        addKeys: {
          entries: [
            { key: "outer.new", value: "v" },
            { key: "outer.inner", value: "not this" },
          ],
        },
      },
    ],
    { outer: { inner: " A ", new: "v" } },
  ],
  [
    "moveKeys",
    '{"outer_key1": {"inner_key1": "a"}, "outer_key2": {"inner_key2": "b"}}',
    [json, { moveKeys: { entries: [{ source: "outer_key1.inner_key1", target: "outer_key2" }] } }],
    { outer_key1: {}, outer_key2: { inner_key2: "b", inner_key1: "a" } },
  ],
  [
    "renameKeys and copyValue",
    '{"a": 1}',
    [
      json,
      { renameKeys: { entries: [{ key: "a", renameTo: "b" }] } },
      { copyValue: { entries: [{ source: "b", target: "c.d" }] } },
    ],
    { b: 1, c: { d: 1 } },
  ],
  [
    "listToMap",
    nested,
    [
      json,
      { listToMap: { source: "list", key: "name", valueKey: "value", target: "map" } },
      { deleteKeys: { withKeys: ["list", "outer"] } },
    ],
    { map: { x: [1, 2] } },
  ],
  [
    "texts",
    '{"a": " Ab ", "b": "x,y", "c": "[1] cat"}',
    [
      json,
      { trimString: { withKeys: ["a"] } },
      { upperCaseString: { withKeys: ["a"] } },
      { lowerCaseString: { withKeys: ["a"] } },
      { splitString: { entries: [{ source: "b", delimiter: "," }] } },
      { substituteString: { entries: [{ source: "c", from: "\\[(\\d)\\]", to: "$1_" }] } },
    ],
    { a: "ab", b: ["x", "y"], c: "1_ cat" },
  ],
  [
    "typeConverter",
    '{"a": "12.7", "b": "true", "c": 5, "d": "no"}',
    [
      json,
      {
        typeConverter: {
          entries: [
            { key: "a", type: "integer" },
            { key: "b", type: "boolean" },
            { key: "c", type: "string" },
            { key: "d", type: "double" },
          ],
        },
      },
    ],
    { a: 12, b: true, c: "5", d: "no" },
  ],
  [
    "dateTimeConverter",
    '{"at": "12-Dec-2024 10:00:05"}',
    [
      json,
      {
        dateTimeConverter: {
          source: "at",
          target: "utc",
          matchPatterns: ["epoch", "dd-MMM-yyyy HH:mm:ss"],
          sourceTimezone: "America/New_York",
        },
      },
    ],
    { at: "12-Dec-2024 10:00:05", utc: "2024-12-12T15:00:05.000Z" },
  ],
  [
    "keys that are none of an object's",
    '{"__proto__": {"x": 1}}',
    [json, { addKeys: { entries: [{ key: "__proto__.y", value: "2" }] } }],
    JSON.parse('{"__proto__": {"x": 1, "y": "2"}}'),
  ],
];

describe("a transformer", () => {
  it.each(cases)("does %s", async (_, message, processors, expected) => {
    expect(await transformed(message, ...processors)).toEqual(expected);
    expect(({} as { y?: unknown }).y).toBeUndefined();
  });

  it.each<[string, Processor[]]>([
    ["without a parser first", [{ trimString: { withKeys: ["a"] } }]],
    ["of an unknown grok pattern", [{ grok: { match: "%{NOTHING:a}" } }]],
    ["of two parsers of AWS's logs", [{ parseVPC: {} }, { parseRoute53: {} }]],
    ["of what is not built", [{ parseWAF: {} }]],
  ])("is refused %s", async (_, processors) => {
    expect((await errorOf(transformed("x", ...processors))).name).toBe("InvalidParameterException");
  });

  it("makes the fields that queries see, of what comes while it holds", async () => {
    const group = await newGroup(logs);
    await put(logs, group, ["user=before"]);
    const logGroupIdentifier = group;
    const transformerConfig: Processor[] = [{ parseKeyValue: {} }];
    await logs.send(new PutTransformerCommand({ logGroupIdentifier, transformerConfig }));
    expect(await logs.send(new GetTransformerCommand({ logGroupIdentifier }))).toMatchObject({
      logGroupIdentifier,
      transformerConfig,
      creationTime: expect.any(Number),
    });
    await put(logs, group, ["user=ann"]);
    expect(await query(group, "fields user, @message | filter ispresent(user)")).toMatchObject([
      { user: "ann", "@message": "user=ann" },
    ]);
    const { events } = await logs.send(new FilterLogEventsCommand({ logGroupName: group }));
    expect(events?.map(({ message }) => message)).toEqual(["user=before", "user=ann"]);
    await logs.send(new DeleteTransformerCommand({ logGroupIdentifier }));
    await put(logs, group, ["user=after"]);
    expect(await query(group, "fields user | filter ispresent(user)")).toHaveLength(1);
    const gone = await logs.send(new GetTransformerCommand({ logGroupIdentifier }));
    expect(gone.transformerConfig).toBeUndefined();
    const again = await errorOf(logs.send(new DeleteTransformerCommand({ logGroupIdentifier })));
    expect(again.name).toBe("ResourceNotFoundException");
  });

  it("shows metric filters its form, if they ask for it; an account's holds for groups by prefix", async () => {
    const group = await newGroup(logs);
    const input = { policyName: "kv", policyType: "TRANSFORMER_POLICY" } as const;
    const policyDocument = JSON.stringify([{ parseKeyValue: {} }]);
    const selectionCriteria = `LogGroupNamePrefix IN ["${group}"]`;
    await logs.send(new PutAccountPolicyCommand({ ...input, policyDocument, selectionCriteria }));
    for (const applyOnTransformedLogs of [true, false]) {
      const metricName = applyOnTransformedLogs ? "seen" : "unseen";
      const metric = { metricName, metricNamespace: "forms", metricValue: "1" };
      await logs.send(
        new PutMetricFilterCommand({
          logGroupName: group,
          filterName: metricName,
          filterPattern: '{ $.user = "ann" }',
          metricTransformations: [metric],
          applyOnTransformedLogs,
        }),
      );
    }
    await put(logs, group, ["user=ann"]);
    await cloudkeep.clock.advance(0);
    const { cloudwatch } = clients(cloudkeep, cloudkeep.credentials);
    const { Metrics = [] } = await cloudwatch.listMetrics({ Namespace: "forms" });
    expect(Metrics.map(({ MetricName }) => MetricName)).toEqual(["seen"]);
    const overlapping = { ...input, policyName: "other", policyDocument };
    expect((await errorOf(logs.send(new PutAccountPolicyCommand(overlapping)))).name).toBe(
      "InvalidParameterException",
    );
    await logs.send(new DeleteAccountPolicyCommand(input));
  });
});

describe("an index policy", () => {
  it("is a group's own, or its account's", async () => {
    const group = await newGroup(logs);
    const input = { policyName: "fields", policyType: "FIELD_INDEX_POLICY" } as const;
    const ofAccount = JSON.stringify({ Fields: ["requestId"] });
    await logs.send(new PutAccountPolicyCommand({ ...input, policyDocument: ofAccount }));
    const describePolicies = new DescribeIndexPoliciesCommand({ logGroupIdentifiers: [group] });
    expect((await logs.send(describePolicies)).indexPolicies).toMatchObject([
      { source: "ACCOUNT", policyName: "fields", policyDocument: ofAccount },
    ]);
    const policyDocument = JSON.stringify({ FieldsV2: { user: { type: "FACET" } } });
    const bad = new PutIndexPolicyCommand({ logGroupIdentifier: group, policyDocument: "{}" });
    expect((await errorOf(logs.send(bad))).name).toBe("InvalidParameterException");
    await logs.send(new PutIndexPolicyCommand({ logGroupIdentifier: group, policyDocument }));
    expect((await logs.send(describePolicies)).indexPolicies).toMatchObject([
      { source: "LOG_GROUP", policyDocument },
    ]);
    const fields = await logs.send(new DescribeFieldIndexesCommand({ logGroupIdentifiers: [group] }));
    expect(fields.fieldIndexes?.[0]).toMatchObject({ fieldIndexName: "user", type: "FACET" });
    await logs.send(new DeleteIndexPolicyCommand({ logGroupIdentifier: group }));
    expect((await logs.send(describePolicies)).indexPolicies).toMatchObject([{ source: "ACCOUNT" }]);
    await logs.send(new DeleteAccountPolicyCommand(input));
    expect((await logs.send(describePolicies)).indexPolicies).toEqual([]);
  });
});
