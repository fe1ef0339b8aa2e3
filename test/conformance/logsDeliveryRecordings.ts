import {
  CreateDeliveryCommand,
  DeleteDeliveryCommand,
  DeleteDeliveryDestinationCommand,
  DeleteDeliveryDestinationPolicyCommand,
  DeleteDeliverySourceCommand,
  DescribeDeliveriesCommand,
  DescribeDeliveryDestinationsCommand,
  DescribeDeliverySourcesCommand,
  GetDeliveryCommand,
  GetDeliveryDestinationCommand,
  GetDeliveryDestinationPolicyCommand,
  GetDeliverySourceCommand,
  PutDeliveryDestinationCommand,
  type PutDeliveryDestinationCommandInput,
  PutDeliveryDestinationPolicyCommand,
  PutDeliverySourceCommand,
  type PutDeliverySourceCommandInput,
} from "@aws-sdk/client-cloudwatch-logs";
import type { Forwarding, ForwardingRecording } from "./logsForwardingRecordings.ts";
import { answerOf } from "./recorded.ts";

/** Answers recorded of deliveries, asked again here. */

let serial = 0;
const unique = (word: string) => `${word}-${++serial}`;

type T = Forwarding;

async function putDestination({ logs }: T, more: Partial<PutDeliveryDestinationCommandInput> = {}) {
  const name = more.name ?? unique("destination");
  const deliveryDestinationConfiguration = { destinationResourceArn: `arn:aws:s3:::${unique("bucket")}` };
  const input = { name, deliveryDestinationConfiguration, ...more };
  return { name, answer: await answerOf(logs.send(new PutDeliveryDestinationCommand(input))) };
}

async function putSource(
  { logs, account }: T,
  more: Partial<PutDeliverySourceCommandInput> = {},
  distribution = unique("E1Q5F"),
) {
  const name = unique("source");
  const resourceArn = `arn:aws:cloudfront::${account}:distribution/${distribution}`;
  const input = { name, resourceArn, logType: "ACCESS_LOGS", ...more };
  return { name, resourceArn, answer: await answerOf(logs.send(new PutDeliverySourceCommand(input))) };
}

/** The recorder did not replace the distribution and its account. */
function asNamed(answer: object, resourceArn: string, recorded: string): Record<string, unknown> {
  return JSON.parse(JSON.stringify(answer).replaceAll(resourceArn, recorded));
}
const recordedDistribution = "arn:<partition>:cloudfront::111111111111:distribution/E1Q5F5862X9VJ5";
const describedDistribution = "arn:<partition>:cloudfront::123456789012:distribution/E19DL18TOXN9JU";

async function putPolicy({ logs, account }: T, deliveryDestinationName: string) {
  const prefix = `arn:aws:logs:us-east-1:${account}`;
  const statement = {
    Sid: "AllowLogDeliveryActions",
    Effect: "Allow",
    Principal: { AWS: `arn:aws:iam::${account}:root` },
    Action: "logs:CreateDelivery",
    Resource: ["source", "", "destination"].map((one) => `${prefix}:delivery${one && `-${one}`}:*`),
  };
  const deliveryDestinationPolicy = JSON.stringify({ Version: "2012-10-17", Statement: [statement] });
  return await answerOf(
    logs.send(
      new PutDeliveryDestinationPolicyCommand({ deliveryDestinationName, deliveryDestinationPolicy }),
    ),
  );
}

async function newDelivery(t: T, more: object = {}) {
  const { name: deliverySourceName } = await putSource(t);
  const { answer } = await putDestination(t);
  const { arn } = answer.deliveryDestination as { arn: string };
  const input = { deliverySourceName, deliveryDestinationArn: arn, ...more };
  const created = await answerOf(t.logs.send(new CreateDeliveryCommand(input)));
  return { created, id: (created.delivery as { id: string }).id, deliverySourceName };
}

const destinations: ForwardingRecording[] = [
  {
    name: "test_put_delivery_destination",
    run: async (t) => ({
      "put-delivery-destination": (await putDestination(t, { outputFormat: "json" })).answer,
    }),
  },
  {
    name: "test_put_delivery_destination_invalid_format",
    run: async (t) => ({
      "error-invalid-format": (await putDestination(t, { outputFormat: "foobar" as never })).answer,
    }),
  },
  {
    name: "test_put_delivery_destination_update",
    run: async (t) => {
      const { name } = await putDestination(t, { outputFormat: "json" });
      return { "put-delivery-destination-update": (await putDestination(t, { name })).answer };
    },
  },
  {
    name: "test_get_delivery_destination",
    run: async (t) => {
      const { name } = await putDestination(t);
      const answer = await answerOf(t.logs.send(new GetDeliveryDestinationCommand({ name })));
      return { "get-delivery-destination": answer };
    },
  },
  {
    name: "test_get_delivery_destination_not_found",
    run: async ({ logs }) => ({
      "error-not-found": await answerOf(logs.send(new GetDeliveryDestinationCommand({ name: "none" }))),
    }),
  },
  {
    name: "test_describe_delivery_destinations",
    run: async (t) => {
      const resource = { destinationResourceArn: "arn:aws:s3:::described" };
      const input = { deliveryDestinationConfiguration: resource };
      const names = [await putDestination(t, input), await putDestination(t, input)].map(({ name }) => name);
      const { deliveryDestinations = [] } = await t.logs.send(new DescribeDeliveryDestinationsCommand({}));
      const found = deliveryDestinations.filter(({ name = "" }) => names.includes(name));
      return { "describe-delivery-destinations": found };
    },
  },
  {
    name: "test_delete_delivery_destination",
    run: async (t) => {
      const { name } = await putDestination(t);
      await t.logs.send(new DeleteDeliveryDestinationCommand({ name }));
      const answer = await answerOf(t.logs.send(new GetDeliveryDestinationCommand({ name })));
      return { "error-after-delete": answer };
    },
  },
  {
    name: "test_delete_delivery_destination_not_found",
    run: async ({ logs }) => ({
      "error-not-found": await answerOf(logs.send(new DeleteDeliveryDestinationCommand({ name: "none" }))),
    }),
  },
  {
    name: "test_put_delivery_destination_policy",
    run: async (t) => {
      const { name } = await putDestination(t);
      return { "put-delivery-destination-policy": await putPolicy(t, name) };
    },
  },
  {
    name: "test_get_delivery_destination_policy",
    run: async (t) => {
      const { name: deliveryDestinationName } = await putDestination(t);
      await putPolicy(t, deliveryDestinationName);
      const get = new GetDeliveryDestinationPolicyCommand({ deliveryDestinationName });
      return { "get-delivery-destination-policy": await answerOf(t.logs.send(get)) };
    },
  },
  {
    name: "test_delete_delivery_destination_policy",
    run: async (t) => {
      const { name: deliveryDestinationName } = await putDestination(t);
      await putPolicy(t, deliveryDestinationName);
      await t.logs.send(new DeleteDeliveryDestinationPolicyCommand({ deliveryDestinationName }));
      return {};
    },
  },
];

const sources: ForwardingRecording[] = [
  {
    name: "test_put_delivery_source",
    run: async (t) => {
      const { answer, resourceArn } = await putSource(t, { tags: { key1: "value1" } });
      return { "put-delivery-source": asNamed(answer, resourceArn, recordedDistribution) };
    },
  },
  {
    name: "test_put_delivery_source_invalid_resource",
    run: async (t) => {
      const resourceArn = `arn:aws:s3:::${unique("bucket")}`;
      return { "error-invalid-resource": (await putSource(t, { resourceArn })).answer };
    },
  },
  {
    name: "test_get_delivery_source",
    run: async (t) => {
      const { name, resourceArn } = await putSource(t);
      const answer = await answerOf(t.logs.send(new GetDeliverySourceCommand({ name })));
      return { "get-delivery-source": asNamed(answer, resourceArn, recordedDistribution) };
    },
  },
  {
    name: "test_get_delivery_source_not_found",
    run: async ({ logs }) => ({
      "error-not-found": await answerOf(logs.send(new GetDeliverySourceCommand({ name: "none" }))),
    }),
  },
  {
    name: "test_describe_delivery_sources",
    run: async (t) => {
      const [first, second] = [await putSource(t), await putSource(t)];
      const resourceArns = [first.resourceArn, second.resourceArn];
      const answer = await answerOf(t.logs.send(new DescribeDeliverySourcesCommand({ resourceArns })));
      const one = asNamed(answer, first.resourceArn, describedDistribution);
      return { "describe-delivery-sources": asNamed(one, second.resourceArn, describedDistribution) };
    },
  },
  {
    name: "test_delete_delivery_source",
    run: async (t) => {
      const { name } = await putSource(t);
      await t.logs.send(new DeleteDeliverySourceCommand({ name }));
      const again = await answerOf(t.logs.send(new DeleteDeliverySourceCommand({ name })));
      return { "error-after-delete": again };
    },
  },
];

const deliveries: ForwardingRecording[] = [
  {
    name: "test_create_delivery",
    run: async (t) => {
      const { created } = await newDelivery(t, {
        recordFields: ["date"],
        fieldDelimiter: ",",
        s3DeliveryConfiguration: {
          enableHiveCompatiblePath: true,
          suffixPath: "AWSLogs/111111111111/CloudFront/",
        },
        tags: { key1: "value1" },
      });
      return { "create-delivery": created };
    },
  },
  {
    name: "test_get_delivery",
    run: async (t) => {
      const { id } = await newDelivery(t);
      return { "get-delivery": await answerOf(t.logs.send(new GetDeliveryCommand({ id }))) };
    },
  },
  {
    name: "test_describe_deliveries",
    run: async (t) => {
      const { deliverySourceName } = await newDelivery(t);
      const input = { deliverySourceNames: [deliverySourceName] };
      const { deliveries: found } = await t.logs.send(new DescribeDeliveriesCommand(input));
      return { "describe-deliveries": found };
    },
  },
  {
    name: "test_delete_delivery",
    run: async (t) => {
      const { id } = await newDelivery(t);
      await t.logs.send(new DeleteDeliveryCommand({ id }));
      return { "error-after-delete": await answerOf(t.logs.send(new GetDeliveryCommand({ id }))) };
    },
  },
];

export const deliveryRecordings = [...destinations, ...sources, ...deliveries];
