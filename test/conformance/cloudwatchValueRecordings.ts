import type { MetricDatum } from "@aws-sdk/client-cloudwatch";
import {
  CreateQueueCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from "@aws-sdk/client-sqs";
import {
  all,
  cloudkeep,
  cloudwatch,
  getData,
  getStatistics,
  newName,
  now,
  put,
  type Recording,
} from "./cloudwatchCalls.ts";
import { answerOf } from "./recorded.ts";

/** Values put and read, as recorded from AWS. */

export const values: Recording[] = [
  {
    name: "test_put_metric_data_values_list[json]",
    run: async () => {
      await put("values", { MetricName: "test-metric", Values: [1, 10], Counts: [2, 4], Unit: "Count" });
      return {
        get_metric_statistics: await getStatistics("values", "test-metric", [
          "SampleCount",
          "Sum",
          "Maximum",
        ]),
      };
    },
  },
  {
    name: "test_put_metric_data_validation[json]",
    run: async () => {
      const refused = (datum: Partial<MetricDatum>) =>
        answerOf(cloudwatch.putMetricData({ Namespace: "n", MetricData: [{ MetricName: "m", ...datum }] }));
      const StatisticValues = { SampleCount: 1, Sum: 1, Minimum: 1, Maximum: 1 };
      return {
        "invalid-param-combination": await refused({ Value: 1, Values: [1] }),
        "invalid-param-value": await refused({ Values: [1, 2], Counts: [1] }),
        "invalid-param-combination-2": await refused({ Value: 1, StatisticValues }),
      };
    },
  },
  {
    name: "test_get_metric_data_for_multiple_metrics[json]",
    run: async () => {
      for (const [i, Value] of [50, 25, 55].entries())
        await put("several", { MetricName: `metric${i + 1}`, Value });
      const asked = [1, 2, 3].map((i) => ({ Id: `result${i}`, MetricName: `metric${i}`, Stat: "Sum" }));
      return { get_metric_data: await getData("several", asked) };
    },
  },
  ...["Sum", "SampleCount", "Minimum", "Maximum", "Average"].map((Stat) => ({
    name: `test_get_metric_data_stats[json-${Stat}]`,
    run: async () => {
      const Namespace = newName("stats");
      for (let Value = 1; Value <= 11; Value += 1) await put(Namespace, { MetricName: "metric1", Value });
      return {
        get_metric_data: await getData(Namespace, [
          { Id: "result1", MetricName: "metric1", Stat, Period: 600 },
        ]),
      };
    },
  })),
  {
    name: "test_get_metric_data_with_dimensions[json]",
    run: async () => {
      const Dimensions = [{ Name: "InstanceId", Value: "one" }];
      await put("dims", { MetricName: "metric1", Value: 11, Dimensions });
      await put("dims", {
        MetricName: "metric1",
        Value: 88,
        Dimensions: [{ Name: "InstanceId", Value: "two" }],
      });
      const asked = [{ Id: "result1", MetricName: "metric1", Stat: "Sum", Dimensions }];
      return { get_metric_data: await getData("dims", asked) };
    },
  },
  {
    name: "test_get_metric_data_with_zero_and_labels[json]",
    run: async () => {
      for (const Value of [0, 2, 4, 3.5, 7, 100]) await put("zero", { MetricName: "metric1", Value });
      const asked = ["Average", "Sum", "Minimum", "Maximum"].map((Stat) => ({
        Id: `result_${Stat}`,
        MetricName: "metric1",
        Stat,
        Period: 600,
      }));
      return { get_metric_data_with_zero_and_labels: await getData("zero", asked) };
    },
  },
  {
    name: "test_get_metric_statistics[json]",
    run: async () => {
      for (let Value = 0; Value < 10; Value += 1) await put("ten", { MetricName: "metric", Value });
      const Statistics = ["SampleCount", "Average", "Sum", "Minimum", "Maximum"];
      return { get_metric_statistics: await getStatistics("ten", "metric", Statistics) };
    },
  },
  {
    name: "test_handle_different_units[json]",
    run: async () => {
      await put("units", { MetricName: "m-test", Value: 10 });
      await put("units", { MetricName: "m-test", Value: 5, Unit: "Count" });
      await put("units", { MetricName: "m-test", Value: 1, Unit: "Seconds" });
      return {
        get_metric_statistics_with_different_units: await getStatistics("units", "m-test", ["Average"]),
      };
    },
  },
  {
    name: "test_get_metric_data_with_different_units[json]",
    run: async () => {
      await put("units-2", { MetricName: "m-test", Value: 60, Unit: "Milliseconds" });
      await put("units-2", { MetricName: "m-test", Value: 1, Unit: "Seconds" });
      const asked = [{ Id: "m1", MetricName: "m-test", Stat: "Average", Unit: "Seconds" as const }];
      return { get_metric_data_with_different_units: await getData("units-2", asked) };
    },
  },
  ...[
    [
      ["Seconds", 60],
      ["Milliseconds", 60_000],
    ],
    [
      ["Milliseconds", 120_000],
      ["Seconds", 60],
    ],
    [
      ["Seconds", 1],
      ["Count", 5],
      ["Milliseconds", 100],
    ],
  ].map((data, i) => ({
    name: `test_get_metric_data_different_units_no_unit_in_query[json-metric_data${i}]`,
    run: async () => {
      const Namespace = newName("no-unit");
      for (const [Unit, Value] of data as [MetricDatum["Unit"], number][])
        await put(Namespace, { MetricName: "m-test", Value, Unit });
      const asked = [{ Id: "m1", MetricName: "m-test", Stat: "Average" }];
      return { get_metric_data_with_no_unit_specified: await getData(Namespace, asked) };
    },
  })),
  ...(
    [
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 30, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 60, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 30, "Seconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 30, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Minimum", 60, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 30, "Milliseconds"],
      ],
      [
        ["Sum", 60, "Seconds"],
        ["Sum", 60, "Milliseconds"],
      ],
    ] as const
  ).map((pairs, i) => ({
    name: `test_label_generation[json-input_pairs${i}]`,
    run: async () => {
      const Namespace = newName("labels");
      for (const Value of [0, 2, 7, 100])
        await put(Namespace, { MetricName: "metric1", Value, Unit: "Seconds" });
      const asked = pairs.map(([Stat, Period, Unit]) => ({
        Id: `result_${Stat}_${Period}_${Unit}`,
        MetricName: "metric1",
        Stat,
        Period,
        Unit,
      }));
      return { label_generation: await getData(Namespace, asked) };
    },
  })),
  {
    name: "test_get_metric_with_null_dimensions[json]",
    run: async () => {
      const Dimensions = [{ Name: "d", Value: "v" }];
      await put("null-dims", { MetricName: "m", Value: 1, Dimensions });
      return {
        get_metric_with_null_dimensions: await getData("null-dims", [
          { Id: "i", MetricName: "m", Stat: "Sum" },
        ]),
      };
    },
  },
  {
    name: "test_get_metric_with_no_results[json]",
    run: async () => ({ result: await getData("nothing", [{ Id: "result", MetricName: "m", Stat: "Sum" }]) }),
  },
  {
    name: "test_multiple_dimensions_statistics[json]",
    run: async () => {
      const MetricName = "http.server.requests.count";
      const Dimensions = Object.entries({
        error: "none",
        exception: "none",
        method: "GET",
        outcome: "SUCCESS",
        uri: "/greetings",
        status: "200",
      }).map(([Name, Value]) => ({ Name, Value }));
      await put("multi", { MetricName, Value: 5, Dimensions, Unit: "Count" });
      return {
        "get-metric-stats-max": await getData("multi", [
          { Id: "result1", MetricName, Stat: "Maximum", Dimensions },
        ]),
        "list-metrics": await answerOf(cloudwatch.listMetrics({ Namespace: "multi", MetricName })),
      };
    },
  },
  {
    name: "test_invalid_amount_of_datapoints[json]",
    run: async () => {
      const end = Math.floor(now() / 1000);
      const ask = (StartTime: number, EndTime: number, Period: number) =>
        answerOf(
          cloudwatch.getMetricStatistics({
            Namespace: "n",
            MetricName: "metric_name",
            StartTime: new Date(StartTime * 1000),
            EndTime: new Date(EndTime * 1000),
            Period,
            Statistics: ["SampleCount"],
          }),
        );
      return {
        "error-invalid-amount-datapoints": await ask(end - 86_400, end, 1),
        "error-invalid-time-frame": await ask(end, end, 60),
        "get-metric-statitics": await ask(end - 86_400, end, 60),
      };
    },
  },
  {
    name: "test_aws_sqs_metrics_created",
    run: async () => {
      const QueueName = newName("queue");
      const { sqs } = all;
      const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName }));
      await sqs.send(new SendMessageCommand({ QueueUrl, MessageBody: "Hello" }));
      const receive = async () => (await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages?.[0];
      const message = await receive();
      await sqs.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle: message?.ReceiptHandle }));
      await receive();
      await cloudkeep.clock.advance(0);
      const ask = (names: Record<string, string>) =>
        getData(
          "AWS/SQS",
          Object.entries(names).map(([Id, MetricName]) => ({
            Id,
            MetricName,
            Stat: "Sum",
            Dimensions: [{ Name: "QueueName", Value: QueueName }],
          })),
        );
      return {
        get_metric_data: await ask({
          sent: "NumberOfMessagesSent",
          sent_size: "SentMessageSize",
          empty_receives: "NumberOfEmptyReceives",
        }),
        get_metric_data_2: await ask({
          num_msg_received: "NumberOfMessagesReceived",
          num_msg_deleted: "NumberOfMessagesDeleted",
        }),
      };
    },
  },
];
