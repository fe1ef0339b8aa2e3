import {
  CreateRoleCommand,
  GetUserCommand,
  ListUsersCommand,
  PutRolePolicyCommand,
} from "@aws-sdk/client-iam";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { clients, errorOf, policyOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

let cloudkeep: Cloudkeep;
let root: ReturnType<typeof clients>;
let RoleArn: string;
beforeAll(async () => {
  cloudkeep = await startForTest();
  root = clients(cloudkeep, cloudkeep.credentials);
  const { Role } = await root.iam.send(
    new CreateRoleCommand({
      RoleName: "scheduler",
      AssumeRolePolicyDocument: policyOf({
        Principal: { Service: "scheduler.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: {
          ArnLike: { "aws:SourceArn": `arn:aws:scheduler:us-east-1:${cloudkeep.accountId}:schedule-group/*` },
        },
      }),
    }),
  );
  RoleArn = Role?.Arn ?? "";
  const PolicyDocument = policyOf({ Action: ["iam:CreateUser", "events:PutEvents"], Resource: "*" });
  await root.iam.send(new PutRolePolicyCommand({ RoleName: "scheduler", PolicyName: "act", PolicyDocument }));
});
afterAll(() => cloudkeep.stop());

const off = { FlexibleTimeWindow: { Mode: "OFF" as const } };
const minuteMs = 60_000;

/** Makes users: each run of a schedule one, named for its time. */
function makesUsers(prefix: string) {
  return {
    Arn: "arn:aws:scheduler:::aws-sdk:iam:createUser",
    RoleArn,
    Input: JSON.stringify({ UserName: `${prefix}-<aws.scheduler.execution-id>` }),
  };
}

async function usersNamed(prefix: string): Promise<number> {
  const { Users = [] } = await root.iam.send(new ListUsersCommand({ MaxItems: 1_000 }));
  return Users.filter(({ UserName }) => UserName?.startsWith(prefix)).length;
}

describe("a schedule", () => {
  it("calls any operation, again and again, by the role's permission", async () => {
    await root.scheduler.createSchedule({
      Name: "rate",
      ScheduleExpression: "rate(10 minutes)",
      Target: makesUsers("rate"),
      ...off,
    });
    await cloudkeep.clock.advance(31 * minuteMs);
    expect(await usersNamed("rate")).toBe(3);
    await root.scheduler.deleteSchedule({ Name: "rate" });
    await cloudkeep.clock.advance(60 * minuteMs);
    expect(await usersNamed("rate")).toBe(3);
  });

  it("runs once at its local time, and is deleted if it asks for that", async () => {
    const local = new Date(cloudkeep.clock.now() + 90 * minuteMs);
    const berlin = new Intl.DateTimeFormat("sv-SE", {
      timeZone: "Europe/Berlin",
      dateStyle: "short",
      timeStyle: "medium",
    }).format(local);
    await root.scheduler.createSchedule({
      Name: "once",
      ScheduleExpression: `at(${berlin.replace(" ", "T")})`,
      ScheduleExpressionTimezone: "Europe/Berlin",
      ActionAfterCompletion: "DELETE",
      Target: { ...makesUsers("once"), Input: JSON.stringify({ UserName: "once" }) },
      ...off,
    });
    await cloudkeep.clock.advance(88 * minuteMs);
    expect(await usersNamed("once")).toBe(0);
    await cloudkeep.clock.advance(3 * minuteMs);
    expect(await root.iam.send(new GetUserCommand({ UserName: "once" }))).toBeDefined();
    expect((await errorOf(root.scheduler.getSchedule({ Name: "once" }))).message).toBe(
      "Schedule once does not exist.",
    );
  });

  it("keeps within its window, its start and its end", async () => {
    const now = cloudkeep.clock.now();
    await root.scheduler.createSchedule({
      Name: "window",
      ScheduleExpression: "rate(1 hour)",
      FlexibleTimeWindow: { Mode: "FLEXIBLE", MaximumWindowInMinutes: 15 },
      StartDate: new Date(now + 24 * 60 * minuteMs),
      EndDate: new Date(now + 26.5 * 60 * minuteMs),
      Target: makesUsers("window"),
    });
    await cloudkeep.clock.advance(24 * 60 * minuteMs - minuteMs);
    expect(await usersNamed("window")).toBe(0);
    await cloudkeep.clock.advance(6 * 60 * minuteMs);
    expect(await usersNamed("window")).toBe(2);
  });

  it("puts events onto a bus", async () => {
    const { EventBusArn } = await root.events.createEventBus({ Name: "timed" });
    await root.events.createArchive({ ArchiveName: "timed", EventSourceArn: EventBusArn });
    await root.scheduler.createSchedule({
      Name: "bus",
      ScheduleExpression: "rate(1 minute)",
      Target: {
        Arn: EventBusArn,
        RoleArn,
        Input: '{"report":"daily"}',
        EventBridgeParameters: { Source: "reports", DetailType: "Due" },
      },
      ...off,
    });
    await cloudkeep.clock.advance(2.5 * minuteMs);
    expect((await root.events.describeArchive({ ArchiveName: "timed" })).EventCount).toBe(2);
    await root.scheduler.updateSchedule({
      Name: "bus",
      State: "DISABLED",
      ScheduleExpression: "rate(1 minute)",
      Target: { ...makesUsers("never"), RoleArn },
      ...off,
    });
    await cloudkeep.clock.advance(10 * minuteMs);
    expect((await root.events.describeArchive({ ArchiveName: "timed" })).EventCount).toBe(2);
    expect(await usersNamed("never")).toBe(0);
  });

  it.each([
    [{ ScheduleExpression: "rate(10 seconds)" }, "Invalid Schedule Expression rate(10 seconds)."],
    [{ ScheduleExpressionTimezone: "Europe/Nowhere" }, "Invalid ScheduleExpressionTimezone Europe/Nowhere."],
    [
      { Target: { Arn: "arn:aws:scheduler:::aws-sdk:iam:listUsers" } },
      "listUsers is not a supported action: it only reads.",
    ],
  ])("%j is refused", async (wrong, message) => {
    const { Target: target, ...rest } = { Target: {}, ...wrong };
    const input = { Name: "wrong", ScheduleExpression: "rate(1 minute)", ...off, ...rest };
    const call = root.scheduler.createSchedule({ ...input, Target: { ...makesUsers("wrong"), ...target } });
    expect(await errorOf(call)).toMatchObject({ name: "ValidationException", message });
  });
});

describe("a group", () => {
  it("holds schedules of its own, and takes them with it", async () => {
    await root.scheduler.createScheduleGroup({ Name: "reports", Tags: [{ Key: "team", Value: "data" }] });
    for (const GroupName of ["reports", "default"])
      await root.scheduler.createSchedule({
        Name: "same",
        GroupName,
        ScheduleExpression: "cron(0 12 * * ? *)",
        Target: makesUsers("same"),
        ...off,
      });
    const { Schedules } = await root.scheduler.listSchedules({ GroupName: "reports" });
    expect(Schedules?.map(({ Name, GroupName }) => [GroupName, Name])).toEqual([["reports", "same"]]);
    expect((await errorOf(root.scheduler.createScheduleGroup({ Name: "reports" }))).name).toBe(
      "ConflictException",
    );
    const group = await root.scheduler.getScheduleGroup({ Name: "reports" });
    await root.scheduler.tagResource({ ResourceArn: group.Arn, Tags: [{ Key: "tier", Value: "1" }] });
    await root.scheduler.untagResource({ ResourceArn: group.Arn, TagKeys: ["team"] });
    expect((await root.scheduler.listTagsForResource({ ResourceArn: group.Arn })).Tags).toEqual([
      { Key: "tier", Value: "1" },
    ]);
    await root.scheduler.deleteScheduleGroup({ Name: "reports" });
    expect((await root.scheduler.listSchedules({ NamePrefix: "same" })).Schedules).toHaveLength(1);
  });
});
