import type { Context } from "../../kit/context.ts";
import type { DeliveryStreamRow } from "./tables.ts";

/** https://docs.aws.amazon.com/firehose/latest/dev/monitoring-with-cloudwatch-metrics.html */

type Unit = "Count" | "Bytes" | "Seconds" | "Milliseconds";

export function metric(
  { name: DeliveryStreamName, account, region }: DeliveryStreamRow,
  name: string,
  value: number,
  ctx: Context,
  unit: Unit = "Count",
): void {
  ctx.metric({
    namespace: "AWS/Firehose",
    name,
    dimensions: { DeliveryStreamName },
    value,
    unit,
    account,
    region,
  });
}
