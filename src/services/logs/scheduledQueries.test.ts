import {
  CreateLogAnomalyDetectorCommand,
  CreateLookupTableCommand,
  CreateScheduledQueryCommand,
  DeleteLogAnomalyDetectorCommand,
  DeleteLookupTableCommand,
  DeleteScheduledQueryCommand,
  DescribeLookupTablesCommand,
  GetLogAnomalyDetectorCommand,
  GetLookupTableCommand,
  GetScheduledQueryCommand,
  GetScheduledQueryHistoryCommand,
  ListAnomaliesCommand,
  ListLogAnomalyDetectorsCommand,
  ListScheduledQueriesCommand,
  ListTagsForResourceCommand,
  UpdateLogAnomalyDetectorCommand,
  UpdateLookupTableCommand,
  UpdateScheduledQueryCommand,
} from "@aws-sdk/client-cloudwatch-logs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";
import { mayPut, newBucket, newServiceRole, objectsIn } from "../firehose/testing.ts";
import { logsClient, newGroup, put } from "./testing.ts";

/** Queries by a schedule; detectors and tables that are kept. */

let cloudkeep: Cloudkeep;
let logs: ReturnType<typeof logsClient>;
let home: ReturnType<typeof clients>;
beforeAll(async () => {
  cloudkeep = await startForTest();
  logs = logsClient(cloudkeep, cloudkeep.credentials);
  home = clients(cloudkeep, cloudkeep.credentials);
});
afterAll(() => cloudkeep.stop());

const hourMs = 3_600_000;
const mayQuery = { Action: ["logs:StartQuery"], Resource: "*" };

async function newScheduled(more: object = {}) {
  const group = await newGroup(logs);
  const executionRoleArn = await newServiceRole(home.iam, "logs.amazonaws.com", mayQuery);
  const input = {
    name: `query-of-${group}`,
    queryLanguage: "CWLI" as const,
    queryString: "stats count(*) as lines",
    scheduleExpression: "cron(0 * * * ? *)",
    logGroupIdentifiers: [group],
    executionRoleArn,
    startTimeOffset: 7_200,
    ...more,
  };
  const answer = await logs.send(new CreateScheduledQueryCommand(input));
  return { group, input, identifier: answer.scheduledQueryArn ?? "" };
}

async function history(identifier: string) {
  const times = { startTime: 0, endTime: 10 ** 13 };
  const { triggerHistory } = await logs.send(new GetScheduledQueryHistoryCommand({ identifier, ...times }));
  return triggerHistory ?? [];
}

describe("a scheduled query", () => {
  it("runs as its role, and writes its answer to a bucket", async () => {
    const bucket = await newBucket(home.s3);
    const roleArn = await newServiceRole(home.iam, "logs.amazonaws.com", mayPut(bucket));
    const s3Configuration = { destinationIdentifier: `s3://${bucket}/answers`, roleArn };
    const { group, input, identifier } = await newScheduled({
      destinationConfiguration: { s3Configuration },
      tags: { a: "1" },
    });
    await put(logs, group, ["one", "two"]);
    await cloudkeep.clock.advance(hourMs);
    const [run, ...more] = await history(identifier);
    expect(more).toEqual([]);
    const queryId = run?.queryId ?? "";
    const key = `answers/${input.name}/${queryId}.json`;
    expect(run).toMatchObject({
      executionStatus: "Complete",
      destinations: [{ status: "COMPLETE", processedIdentifier: `s3://${bucket}/${key}` }],
    });
    const object = (await objectsIn(home.s3, bucket)).get(key);
    expect(JSON.parse(object?.toString() ?? "")).toEqual([{ lines: "2" }]);
    const shown = await logs.send(new GetScheduledQueryCommand({ identifier: input.name }));
    expect(shown).toMatchObject({ scheduledQueryArn: identifier, lastExecutionStatus: "Complete" });
    const { tags } = await logs.send(new ListTagsForResourceCommand({ resourceArn: identifier }));
    expect(tags).toEqual({ a: "1" });
    await logs.send(new DeleteScheduledQueryCommand({ identifier }));
    const gone = await errorOf(logs.send(new GetScheduledQueryCommand({ identifier })));
    expect(gone.name).toBe("ResourceNotFoundException");
  });

  it("tells of runs that its role does not allow, and does not run while it is disabled", async () => {
    const executionRoleArn = await newServiceRole(home.iam, "logs.amazonaws.com", {
      Action: "logs:GetLogEvents",
      Resource: "*",
    });
    const { input, identifier } = await newScheduled({ executionRoleArn });
    await cloudkeep.clock.advance(hourMs);
    const [run] = await history(identifier);
    expect(run).toMatchObject({
      executionStatus: "Failed",
      errorMessage: expect.stringContaining("logs:StartQuery"),
    });
    const { name: _, ...rest } = input;
    await logs.send(new UpdateScheduledQueryCommand({ identifier, ...rest, state: "DISABLED" }));
    await cloudkeep.clock.advance(hourMs);
    expect(await history(identifier)).toHaveLength(1);
    const { scheduledQueries } = await logs.send(new ListScheduledQueriesCommand({ state: "DISABLED" }));
    expect(scheduledQueries?.map(({ name }) => name)).toEqual([input.name]);
  });

  it.each([
    ["a rate", { scheduleExpression: "rate(1 hour)" }],
    ["no query", { queryString: "nonsense" }],
    ["an empty span", { startTimeOffset: 10, endTimeOffset: 10 }],
  ])("is refused with %s", async (_, more) => {
    expect((await errorOf(newScheduled(more))).name).toBe("ValidationException");
  });
});

describe("an anomaly detector", () => {
  it("is kept", async () => {
    const arn = `arn:aws:logs:us-east-1:${cloudkeep.accountId}:log-group:${await newGroup(logs)}`;
    const input = { logGroupArnList: [arn], detectorName: "d", evaluationFrequency: "ONE_HOUR" } as const;
    const { anomalyDetectorArn } = await logs.send(
      new CreateLogAnomalyDetectorCommand({ ...input, logGroupArnList: [arn] }),
    );
    const get = new GetLogAnomalyDetectorCommand({ anomalyDetectorArn });
    expect(await logs.send(get)).toMatchObject({ ...input, anomalyDetectorStatus: "TRAINING" });
    await logs.send(new UpdateLogAnomalyDetectorCommand({ anomalyDetectorArn, enabled: false }));
    const { anomalyDetectors } = await logs.send(
      new ListLogAnomalyDetectorsCommand({ filterLogGroupArn: arn }),
    );
    expect(anomalyDetectors).toMatchObject([{ anomalyDetectorArn, anomalyDetectorStatus: "PAUSED" }]);
    const { anomalies } = await logs.send(new ListAnomaliesCommand({ anomalyDetectorArn }));
    expect(anomalies).toEqual([]);
    await logs.send(new DeleteLogAnomalyDetectorCommand({ anomalyDetectorArn }));
    expect((await errorOf(logs.send(get))).name).toBe("ResourceNotFoundException");
  });
});

describe("a lookup table", () => {
  it("is kept", async () => {
    const tableBody = "code,meaning\n1,one\n2,two\n";
    const create = new CreateLookupTableCommand({ lookupTableName: "codes", tableBody });
    const { lookupTableArn } = await logs.send(create);
    expect((await errorOf(logs.send(create))).name).toBe("ResourceAlreadyExistsException");
    expect(await logs.send(new GetLookupTableCommand({ lookupTableArn }))).toMatchObject({ tableBody });
    await logs.send(new UpdateLookupTableCommand({ lookupTableArn, tableBody: "code\n1" }));
    const { lookupTables } = await logs.send(new DescribeLookupTablesCommand({ maxResults: -1 }));
    expect(lookupTables).toMatchObject([{ lookupTableArn, tableFields: ["code"], recordsCount: 1 }]);
    await logs.send(new DeleteLookupTableCommand({ lookupTableArn }));
    const gone = await errorOf(logs.send(new GetLookupTableCommand({ lookupTableArn })));
    expect(gone.name).toBe("ResourceNotFoundException");
  });
});
