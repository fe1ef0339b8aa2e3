import {
  type CloudWatchLogsClient,
  DescribeQueriesCommand,
  DescribeQueryDefinitionsCommand,
  GetLogGroupFieldsCommand,
  GetLogRecordCommand,
  GetQueryResultsCommand,
  PutQueryDefinitionCommand,
  StartQueryCommand,
  StopQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { logsClient, newGroup, newStream, put } from "./testing.ts";

let cloudkeep: Cloudkeep;
let logs: CloudWatchLogsClient;
let logGroupName: string;
/** The start of an hour of some hours ago. */
const start = Math.floor(Date.now() / 3_600_000 - 5) * 3_600_000;

const lines: [message: string, timestamp: number][] = [
  [`{"level":"info","path":"/a","ms":10,"user":{"name":"ann","roles":["x","y"]},"ip":"10.0.0.7"}`, start],
  [`{"level":"error","path":"/b","ms":250,"user":{"name":"bob"},"ip":"203.0.113.9"}`, start + 1_000],
  [`{"level":"info","path":"/a","ms":30,"user":{"name":"ann"}}`, start + 301_000],
  [`GET /c 200 took=12ms by [carl]`, start + 302_000],
  [`{"level":"warn","path":"/a","ms":"40"}`, start + 3_600_000],
  [
    "REPORT RequestId: 11111111-2222-4333-8444-555555555555\tDuration: 102.25 ms\tBilled Duration: 103 ms\tMemory Size: 128 MB\tMax Memory Used: 71 MB\t",
    start + 3_601_000,
  ],
];

beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  logGroupName = await newGroup(logs);
  await newStream(logs, logGroupName, "t");
  await put(logs, logGroupName, lines.slice(0, 3));
  await put(logs, logGroupName, lines.slice(3), "t");
});
afterAll(() => cloudkeep.stop());

type Answer = Record<string, string>[];

async function results(queryId: string | undefined) {
  for (;;) {
    const answer = await logs.send(new GetQueryResultsCommand({ queryId }));
    if (answer.status === "Complete") return answer;
    if (answer.status !== "Scheduled" && answer.status !== "Running") throw new Error(answer.status);
  }
}

/** The answer to a query, without pointers. */
async function ask(queryString: string): Promise<Answer> {
  const range = { startTime: start / 1000, endTime: start / 1000 + 7200 };
  const { queryId } = await logs.send(new StartQueryCommand({ logGroupName, queryString, ...range }));
  const answer = await results(queryId);
  return (answer.results ?? []).map((row) =>
    Object.fromEntries(row.filter(({ field }) => field !== "@ptr").map(({ field, value }) => [field, value])),
  );
}

const at = (ms: number) => new Date(ms).toISOString().replace("T", " ").slice(0, 23);

const cases: [query: string, answer: Answer][] = [
  ["fields level | filter level = 'error'", [{ level: "error" }]],
  [
    "fields path, ms | filter ms > 20 and level != 'error' | sort ms desc",
    [
      { path: "/a", ms: "40" },
      { path: "/a", ms: "30" },
    ],
  ],
  [
    "fields user.name as who | filter ispresent(user.name) | sort who | limit 2",
    [{ who: "ann" }, { who: "ann" }],
  ],
  ["fields user.roles.1 as role | filter user.roles.0 = 'x'", [{ role: "y" }]],
  ["filter @message like /took=\\d+ms/ | display @logStream", [{ "@logStream": "t" }]],
  [
    "filter @message like 'took' | parse @message '* * * took=*ms by [*]' as verb, path, code, t, who | display verb, path, code, t, who",
    [{ verb: "GET", path: "/c", code: "200", t: "12", who: "carl" }],
  ],
  [
    "parse @message /(?<verb>[A-Z]{3,}) (?<p>\\/\\S+) / | filter ispresent(verb) and verb = 'GET' | display verb, p",
    [{ verb: "GET", p: "/c" }],
  ],
  ["filter @message not like /level/ | stats count(*) as n", [{ n: "2" }]],
  [
    "stats count(*) as n, sum(ms), avg(ms) as mean, min(ms), max(ms) by path | filter ispresent(path) | sort n desc",
    [
      { path: "/a", n: "3", "sum(ms)": "80", mean: "26.666666666666668", "min(ms)": "10", "max(ms)": "40" },
      { path: "/b", n: "1", "sum(ms)": "250", mean: "250", "min(ms)": "250", "max(ms)": "250" },
    ],
  ],
  [
    "stats count(*) as n by bin(5m) as t | sort t",
    [
      { t: at(start), n: "2" },
      { t: at(start + 300_000), n: "2" },
      { t: at(start + 3_600_000), n: "2" },
    ],
  ],
  [
    "stats count(*) by bin(1h) | sort bin(1h) asc",
    [
      { "bin(1h)": at(start), "count(*)": "4" },
      { "bin(1h)": at(start + 3_600_000), "count(*)": "2" },
    ],
  ],
  [
    "stats pct(ms, 50) as p, count_distinct(path) as d, stddev(ms) as s, earliest(level) as e, latest(path) as l",
    [{ p: "35", d: "2", s: "97.30750228014281", e: "info", l: "/a" }],
  ],
  ["stats sum(ms) / count(ms) as mean | fields round(mean, 1) as r | display r", [{ r: "82.5" }]],
  ["stats count(*) as n by path | stats max(n) as top", [{ top: "3" }]],
  ["fields path | filter path in ['/b', '/c']", [{ path: "/b" }]],
  [
    "fields path | filter ispresent(path) | sort @timestamp desc | dedup path",
    [{ path: "/a" }, { path: "/b" }],
  ],
  [
    "filter @type = 'REPORT' | display @duration, @maxMemoryUsed, @billedDuration + 1 as b",
    [{ "@duration": "102.25", "@maxMemoryUsed": "71000000", b: "104" }],
  ],
  [
    "filter isPrivateIP(ip) or isIpv4InSubnet(ip, '203.0.113.0/24') | sort ms | display ip, isReservedIP(ip) as r",
    [
      { ip: "10.0.0.7", r: "0" },
      { ip: "203.0.113.9", r: "1" },
    ],
  ],
  [
    "filter level = 'error' | display toupper(path) as u, strlen(path) as n, concat(level, '-', ms) as c, substr(level, 1, 3) as s, replace(level, 'r', 'R') as x, trim('  q ') as q",
    [{ u: "/B", n: "2", c: "error-250", s: "rro", x: "eRRoR", q: "q" }],
  ],
  [
    "filter level = 'error' | display if(ms > 100, 'slow', 'fast') as a, case(ms < 100, 'x', ms < 300, 'y', 'z') as b, coalesce(none, level) as c, 2 ^ 3 + 10 % 3 as d, -ms as e, abs(-5) as f",
    [{ a: "slow", b: "y", c: "error", d: "9", e: "-250", f: "5" }],
  ],
  [
    "filter level = 'error' | display datefloor(@timestamp, 1h) as f, toMillis(@timestamp) - toMillis(f) as d, strftime(@timestamp, '%Y') as y, parseDate('2024-02-03 04:05', 'yyyy-MM-dd HH:mm') as p",
    [
      {
        f: at(start),
        d: "1000",
        y: String(new Date(start).getUTCFullYear()),
        p: String(Date.UTC(2024, 1, 3, 4, 5)),
      },
    ],
  ],
  [
    "fields jsonParse(@message) as j | filter j.user.name = 'bob' | display j.`user`.name, regexReplace(path, '[a-z]', 'z') as r",
    [{ "j.user.name": "bob", r: "/z" }],
  ],
  [
    "# a comment\nfields @timestamp | filter level = 'warn' # the end",
    [{ "@timestamp": at(start + 3_600_000) }],
  ],
];

describe("a query", () => {
  it.each(cases)("%s", async (query, answer) => {
    expect(await ask(query)).toEqual(answer);
  });

  it("answers with all lines, newest first, over several groups, and counts what it did", async () => {
    const other = await newGroup(logs);
    await put(logs, other, [["between", start + 2_000]]);
    const { queryId } = await logs.send(
      new StartQueryCommand({
        logGroupNames: [logGroupName, other],
        queryString: "fields @message",
        startTime: start / 1000,
        endTime: start / 1000 + 7200,
      }),
    );
    const answer = await results(queryId);
    const messages = answer.results?.map((row) => row[0]?.value);
    expect(messages?.indexOf("between")).toBe(4);
    expect(messages).toHaveLength(7);
    expect(answer.statistics).toMatchObject({ recordsMatched: 7, recordsScanned: 7, logGroupsScanned: 2 });
    const pointer = answer.results?.[1]?.find(({ field }) => field === "@ptr")?.value;
    const { logRecord } = await logs.send(new GetLogRecordCommand({ logRecordPointer: pointer }));
    expect(logRecord).toMatchObject({ "@message": lines[4]?.[0], level: "warn", "@logStream": "t" });
    await cloudkeep.clock.advance(8 * 86_400_000);
    const error = await errorOf(logs.send(new GetQueryResultsCommand({ queryId })));
    expect(error.name).toBe("ResourceNotFoundException");
  });

  it.each([
    ["fields @message | nonsense", "unexpected symbol found nonsense at line 1 and position 19"],
    ["filter x like /(/", "invalid regular expression ( at line 1 and position 1"],
    ["fields unknown(x)", "invalid function unknown at line 1 and position 1"],
    ["stats x", "stats needs an aggregate function at line 1 and position 1"],
    ["fields 'x", "unterminated quoted text at line 1 and position 8"],
  ])("that is malformed is refused: %s", async (queryString, message) => {
    const query = new StartQueryCommand({ logGroupName, queryString, startTime: 0, endTime: 1 });
    const error = await errorOf(logs.send(query));
    expect([error.name, error.message]).toEqual(["MalformedQueryException", message]);
  });

  it("is listed, and cannot be stopped once it has ended", async () => {
    const { queryId } = await logs.send(
      new StartQueryCommand({ logGroupName, queryString: "fields @message", startTime: 1, endTime: 2 }),
    );
    await results(queryId);
    const { queries } = await logs.send(new DescribeQueriesCommand({ logGroupName, maxResults: 1 }));
    expect(queries).toMatchObject([
      {
        queryId,
        status: "Complete",
        queryString: `SOURCE "${logGroupName}" START=1000 END=2999 | fields @message`,
      },
    ]);
    const error = await errorOf(logs.send(new StopQueryCommand({ queryId })));
    expect(error.name).toBe("InvalidParameterException");
  });

  it("is kept under a name", async () => {
    const definition = { name: "ops/errors", queryString: "fields @message", logGroupNames: [logGroupName] };
    const { queryDefinitionId } = await logs.send(new PutQueryDefinitionCommand(definition));
    await logs.send(
      new PutQueryDefinitionCommand({ ...definition, queryDefinitionId, queryString: "limit 1" }),
    );
    const { queryDefinitions } = await logs.send(
      new DescribeQueryDefinitionsCommand({ queryDefinitionNamePrefix: "ops/" }),
    );
    expect(queryDefinitions).toMatchObject([{ ...definition, queryDefinitionId, queryString: "limit 1" }]);
  });
});

it("the fields of a group are discovered", async () => {
  const time = Math.floor(start / 1000);
  const { logGroupFields } = await logs.send(new GetLogGroupFieldsCommand({ logGroupName, time }));
  const shares = Object.fromEntries(logGroupFields?.map(({ name, percent }) => [name, percent]) ?? []);
  expect(shares).toMatchObject({ "@message": 100, level: 75, "user.name": 75, "user.roles.0": 25 });
});
