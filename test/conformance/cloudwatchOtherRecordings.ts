import {
  type Answers,
  cloudkeep,
  cloudwatch,
  describeAlarm,
  newAlarm,
  newName,
  type Recording,
} from "./cloudwatchCalls.ts";
import { answerOf } from "./recorded.ts";

/** Tags and dashboards, as recorded from AWS. */

const arnOf = (name: string) => `arn:aws:cloudwatch:us-east-1:${cloudkeep.accountId}:alarm:${name}`;
const tagsOf = (name: string) => answerOf(cloudwatch.listTagsForResource({ ResourceARN: arnOf(name) }));
const tag = (name: string) =>
  cloudwatch.tagResource({
    ResourceARN: arnOf(name),
    Tags: [
      { Key: "tag1", Value: "foo" },
      { Key: "tag2", Value: "bar" },
    ],
  });
const untag = (name: string) => cloudwatch.untagResource({ ResourceARN: arnOf(name), TagKeys: ["tag1"] });
const Tags = [{ Key: "Environment", Value: "Production" }];

const done = { ResponseMetadata: { HTTPStatusCode: 200 } };

export const others: Recording[] = [
  {
    name: "test_store_tags[json]",
    run: async () => {
      const name = await newAlarm({ MetricName: "store_tags" });
      const [described, none] = [await describeAlarm(name), await tagsOf(name)];
      await tag(name);
      const tagged = await tagsOf(name);
      await untag(name);
      return {
        put_metric_alarm: done,
        describe_alarms: described,
        "list_tags_for_resource_empty ": none,
        list_tags_for_resource: tagged,
        list_tags_for_resource_post_untag: await tagsOf(name),
      };
    },
  },
  ...["metric", "composite"].map((kind) => ({
    name: `test_tagging_${kind}_alarm[json]`,
    run: async () => {
      const name = kind === "metric" ? await newAlarm({ Tags }) : newName("composite");
      if (kind === "composite")
        await cloudwatch.putCompositeAlarm({ AlarmName: name, AlarmRule: "TRUE", Tags });
      const created = await tagsOf(name);
      await tag(name);
      const updated = await tagsOf(name);
      await untag(name);
      const untagged = await tagsOf(name);
      await cloudwatch.deleteAlarms({ AlarmNames: [name] });
      return {
        ...(kind === "metric" && { put_metric_alarm: done }),
        [`list_tags_for_resource_after_creation${kind === "metric" ? "" : " "}`]: created,
        list_tags_for_resource_updated: updated,
        list_tags_for_resource_post_untag: untagged,
        list_tags_for_deleted_resource: await tagsOf(name),
      };
    },
  })),
  {
    name: "test_invalid_dashboard_name[json]",
    run: async () => ({
      "error-invalid-dashboardname": await answerOf(
        cloudwatch.putDashboard({ DashboardName: "Inv@lid", DashboardBody: "{}" }),
      ),
    }),
  },
  {
    name: "test_dashboard_lifecycle[json]",
    run: async () => {
      const DashboardName = newName("dashboard");
      const properties = {
        metrics: [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]],
        region: "us-east-1",
        view: "timeSeries",
        stacked: false,
      };
      const widget = { type: "metric", x: 0, y: 0, width: 6, height: 6, properties };
      // With blanks as Python's JSON has them: the size counts them.
      const DashboardBody = JSON.stringify({ widgets: [widget] }).replace(/(?<=")([:,])|,(?=["[{])/g, "$&");
      await cloudwatch.putDashboard({ DashboardName, DashboardBody: DashboardBody.padEnd(240) });
      const list = (DashboardNamePrefix?: string) =>
        answerOf(cloudwatch.listDashboards({ DashboardNamePrefix }));
      const answers: Answers = {
        get_dashboard: await answerOf(cloudwatch.getDashboard({ DashboardName })),
        list_dashboards: await list(),
        list_dashboards_prefix_empty: await list("no-such"),
        list_dashboards_prefix: await list("dashboard"),
      };
      await cloudwatch.deleteDashboards({ DashboardNames: [DashboardName] });
      return { ...answers, list_dashboards_empty: await list() };
    },
  },
];
