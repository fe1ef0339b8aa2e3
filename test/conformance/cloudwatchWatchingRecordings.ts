import { cloudkeep, cloudwatch, minuteMs, newName, now, type Recording } from "./cloudwatchCalls.ts";
import { answerOf, parsedDocuments } from "./recorded.ts";

/** Metric streams, insight rules and anomaly detectors, as recorded from AWS. */

const detector = {
  Namespace: "MyNamespace",
  MetricName: "MyMetric",
  Dimensions: [{ Name: "DimensionName", Value: "DimensionValue" }],
  Stat: "Sum",
};

const ruleDefinition = {
  Schema: { Name: "CloudWatchLogRule", Version: 1 },
  LogGroupNames: ["API-Gateway-Access-Logs*"],
  LogFormat: "CLF",
  Fields: { "4": "IpAddress", "7": "StatusCode" },
  Contribution: { Keys: ["IpAddress"], Filters: [{ Match: "StatusCode", EqualTo: 200 }] },
  AggregateOn: "Count",
};

export const watching: Recording[] = [
  {
    name: "test_create_metric_stream[json]",
    run: async () => {
      const Name = newName("stream");
      const { accountId } = cloudkeep;
      const input = {
        Name,
        FirehoseArn: `arn:aws:firehose:us-east-1:${accountId}:deliverystream/metrics`,
        RoleArn: `arn:aws:iam::${accountId}:role/streams`,
        OutputFormat: "json" as const,
      };
      return {
        create_metric_stream: await answerOf(cloudwatch.putMetricStream(input)),
        get_metric_stream: await answerOf(cloudwatch.getMetricStream({ Name })),
        start_metric_stream: await answerOf(cloudwatch.startMetricStreams({ Names: [Name] })),
        stop_metric_stream: await answerOf(cloudwatch.stopMetricStreams({ Names: [Name] })),
        delete_metric_stream: await answerOf(cloudwatch.deleteMetricStream({ Name })),
      };
    },
  },
  {
    name: "test_insight_rule[json]",
    run: async () => {
      const RuleName = newName("rule");
      const input = { RuleName, RuleDefinition: JSON.stringify(ruleDefinition), RuleState: "ENABLED" };
      // An hour that begins between two periods touches thirteen of them.
      const EndTime = new Date(Math.floor(now() / (5 * minuteMs)) * 5 * minuteMs + minuteMs);
      const StartTime = new Date(EndTime.getTime() - 60 * minuteMs);
      const report = { RuleName, StartTime, EndTime, Period: 300, Metrics: ["UniqueContributors"] };
      return parsedDocuments(
        {
          create_insight_rule: await answerOf(cloudwatch.putInsightRule(input)),
          describe_insight_rule: await answerOf(cloudwatch.describeInsightRules({})),
          disable_insight_rule: await answerOf(cloudwatch.disableInsightRules({ RuleNames: [RuleName] })),
          enable_insight_rule: await answerOf(cloudwatch.enableInsightRules({ RuleNames: [RuleName] })),
          get_insight_rule_report: await answerOf(cloudwatch.getInsightRuleReport(report)),
          delete_insight_rule: await answerOf(cloudwatch.deleteInsightRules({ RuleNames: [RuleName] })),
        },
        new Set(["Definition"]),
      );
    },
  },
  {
    name: "test_anomaly_detector_lifecycle[json]",
    run: async () => ({
      create_anomaly_detector: await answerOf(cloudwatch.putAnomalyDetector(detector)).then(
        ({ AnomalyDetectorId: _, ...rest }) => rest,
      ),
      describe_anomaly_detector: await answerOf(
        cloudwatch.describeAnomalyDetectors({ AnomalyDetectorTypes: ["SINGLE_METRIC"] }),
      ),
      delete_anomaly_detector: await answerOf(
        cloudwatch.deleteAnomalyDetector({ SingleMetricAnomalyDetector: detector }),
      ),
    }),
  },
];
