import type { ConfigurationTemplate } from "@aws-sdk/client-cloudwatch-logs";
import { type Page, pageOfList } from "../../kit/paging.ts";
import { logs } from "./contract.ts";
import type { DestinationType } from "./deliveryTables.ts";
import { logsPage } from "./pages.ts";

/**
 * Which services write which logs, and what of them.
 * https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-and-resource-policy.html
 */

interface Kind {
  /** As in the ARN of what writes the logs, and as the guide's tables have it. */
  service: string;
  resourceType: string;
  resource: RegExp;
  logTypes: string[];
  /** Of the path in a bucket. */
  folder: string;
  fields: string[];
}

/** https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/standard-logs-reference.html */
const cloudfrontFields =
  "date time x-edge-location sc-bytes c-ip cs-method cs(Host) cs-uri-stem sc-status cs(Referer) cs(User-Agent) cs-uri-query cs(Cookie) x-edge-result-type x-edge-request-id x-host-header cs-protocol cs-bytes time-taken x-forwarded-for ssl-protocol ssl-cipher x-edge-response-result-type cs-protocol-version fle-status fle-encrypted-fields c-port time-to-first-byte x-edge-detailed-result-type sc-content-type sc-content-len sc-range-start sc-range-end".split(
    " ",
  );
/** https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-logs-schema.html */
const eventBusFields =
  "resource_arn message_timestamp_ms event_bus_name request_id event_id invocation_id message_type log_level details error".split(
    " ",
  );

const kinds: readonly Kind[] = [
  {
    service: "cloudfront",
    resourceType: "distribution",
    resource: /^distribution\/.+$/,
    logTypes: ["ACCESS_LOGS"],
    folder: "CloudFront",
    fields: cloudfrontFields,
  },
  {
    service: "events",
    resourceType: "event-bus",
    resource: /^event-bus\/.+$/,
    logTypes: ["ERROR_LOGS", "INFO_LOGS", "TRACE_LOGS"],
    folder: "EventBusLogs",
    fields: eventBusFields,
  },
  {
    service: "ses",
    resourceType: "mailmanager-ingress-point",
    resource: /^mailmanager-ingress-point\/.+$/,
    logTypes: ["APPLICATION_LOGS", "TRAFFIC_POLICY_DEBUG_LOGS"],
    folder: "SESMailManager",
    fields: ["resource_arn", "event_timestamp", "message_id", "log_group_name"],
  },
];

export function kindOf(service: string, resource: string): Kind | undefined {
  return kinds.find((one) => one.service === service && one.resource.test(resource));
}

const types: readonly DestinationType[] = ["S3", "CWL", "FH"];
const outputFormats: Record<DestinationType, ConfigurationTemplate["allowedOutputFormats"]> = {
  S3: ["json", "plain", "w3c", "parquet"],
  CWL: ["json", "plain"],
  FH: ["json", "plain", "raw"],
};

/** The suffix of a bucket's path, where the delivery does not say another. */
export function defaultSuffix({ folder }: Kind): string {
  return `AWSLogs/{account-id}/${folder}/`;
}

const suffixFields = ["account-id", "yyyy", "MM", "dd", "HH"];

function templates(): ConfigurationTemplate[] {
  return kinds.flatMap((kind) =>
    kind.logTypes.flatMap((logType) =>
      types.map((type): ConfigurationTemplate => {
        const suffixPath = defaultSuffix(kind);
        return {
          service: kind.service,
          logType,
          resourceType: kind.resourceType,
          deliveryDestinationType: type,
          defaultDeliveryConfigValues: {
            recordFields: kind.fields,
            ...(type === "S3" && {
              s3DeliveryConfiguration: { suffixPath, enableHiveCompatiblePath: false },
            }),
          },
          allowedFields: kind.fields.map((name) => ({ name, mandatory: false })),
          allowedOutputFormats: outputFormats[type],
          allowedActionForAllowVendedLogsDeliveryForResource: `${kind.service}:AllowVendedLogDeliveryForResource`,
          allowedFieldDelimiters: ["\t", " ", ",", ""],
          ...(type === "S3" && { allowedSuffixPathFields: suffixFields }),
        };
      }),
    ),
  );
}

/** https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_DescribeConfigurationTemplates.html */
export const describeConfigurationTemplates = logs.operation("DescribeConfigurationTemplates", {
  access: () => ({ action: "logs:DescribeConfigurationTemplates", resource: "*" }),
  async handle(input, ctx) {
    const { service, logTypes, resourceTypes, deliveryDestinationTypes, limit = 50, nextToken } = input;
    const wanted = (list: readonly string[] | undefined, value = "") => list?.includes(value) ?? true;
    const found = templates().filter(
      (one) =>
        (service === undefined || one.service === service) &&
        wanted(logTypes, one.logType) &&
        wanted(resourceTypes, one.resourceType) &&
        wanted(deliveryDestinationTypes, one.deliveryDestinationType),
    );
    const { items, end } = await logsPage(
      ctx as never,
      (): Page<ConfigurationTemplate> => pageOfList(found, limit, nextToken),
    );
    return { configurationTemplates: items, ...end };
  },
});
