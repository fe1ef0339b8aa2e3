import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { uuid } from "../../kit/ids.ts";
import { parseArn } from "../../kit/targets.ts";
import { tellApp } from "./appEvents.ts";
import {
  type AppEndpointName,
  appArn,
  appEndpointArn,
  endpointOfArn,
  type FoundEndpoint,
  findEndpoint,
} from "./appNames.ts";
import type { Published } from "./fanout.ts";
import { logPush } from "./status.ts";

/** Push notifications: they land in the mailbox, in the form in which a platform's service would get them. */

type Texts = Pick<Published, "body" | "byProtocol">;

/** Bytes of a notification. https://docs.aws.amazon.com/sns/latest/dg/sns-send-custom-platform-specific-payloads-mobile-devices.html */
const maxPayloadBytes: Record<string, number> = {
  ADM: 6_144,
  APNS_VOIP: 5_120,
  APNS_VOIP_SANDBOX: 5_120,
  BAIDU: 4_096,
  MPNS: 3_072,
  WNS: 5_120,
};
const maxOtherPayloadBytes = 4_096;

/** What a device gets: the text for its platform, or the one for all in the platform's form. */
export function payloadFor(platform: string, { body, byProtocol }: Texts): string {
  const own = byProtocol?.[platform];
  if (own !== undefined) return own;
  if (/^(?:APNS|MACOS)/.test(platform)) return JSON.stringify({ aps: { alert: body } });
  if (platform === "GCM" || platform === "ADM") return JSON.stringify({ data: { default: body } });
  if (platform === "BAIDU") return JSON.stringify({ title: "", description: body });
  return body;
}

const jsonPlatform = /^(?:APNS|MACOS|GCM|ADM|BAIDU)/;

/** Why a platform would refuse a payload; undefined if it would not. */
export function badPayload(platform: string, payload: string): string | undefined {
  if (Buffer.byteLength(payload) > (maxPayloadBytes[platform] ?? maxOtherPayloadBytes))
    return platform === "GCM" ? "Notification data is larger than allowed limit" : "Notification is too long";
  if (!jsonPlatform.test(platform)) return undefined;
  try {
    const value: unknown = JSON.parse(payload);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return undefined;
  } catch {
    // Falls through: what is no JSON is no object.
  }
  return "The payload is not a JSON object";
}

type Errors =
  | "InvalidParameterException"
  | "EndpointDisabledException"
  | "PlatformApplicationDisabledException";

/** Takes a message for one device. */
export async function toEndpoint(
  arn: string,
  message: Texts & { subject?: string },
  ctx: Context<Errors>,
): Promise<{ MessageId: string }> {
  const endpoint = endpointOfArn(arn, ctx, "TargetArn");
  const found = await findEndpoint(endpoint, ctx);
  if (found === undefined) {
    throw ctx.error(
      "InvalidParameterException",
      "Invalid parameter: TargetArn Reason: No endpoint found for the target arn specified",
    );
  }
  if (found.app.attributes.Enabled?.toLowerCase() === "false")
    throw ctx.error("PlatformApplicationDisabledException", "Platform application is disabled");
  if (!found.row.enabled) throw ctx.error("EndpointDisabledException", "Endpoint is disabled");
  const { platform } = endpoint;
  const payload = payloadFor(platform, message);
  const bad = badPayload(platform, payload);
  if (bad !== undefined) {
    throw ctx.error(
      "InvalidParameterException",
      `Invalid parameter: Message Reason: Invalid notification for protocol ${platform}: ${bad}`,
    );
  }
  const MessageId = uuid();
  const item = { endpoint, payload, subject: message.subject ?? "", messageId: MessageId };
  ctx.outbox.put("push", item, { account: endpoint.account, region: endpoint.region });
  return { MessageId };
}

interface Push {
  endpoint: AppEndpointName;
  payload: string;
  subject: string;
  messageId: string;
}

/** Delivers what was published to a device directly. */
export const push = {
  async settle({ endpoint, payload, subject, messageId }: Push, ctx: Context): Promise<void> {
    const found = await findEndpoint(endpoint, ctx);
    if (found === undefined) return;
    const metric = { namespace: "AWS/SNS", value: 1 };
    const dimensions = { Application: endpoint.name, Platform: endpoint.platform };
    const logged = { messageId, destination: appEndpointArn(endpoint) };
    if (!found.row.enabled) {
      const failure = { FailureType: "EndpointDisabled", FailureMessage: "Endpoint is disabled" };
      tellApp(
        "EventDeliveryFailure",
        endpoint,
        found.app,
        { ...failure, DeliveryAttempts: 1, MessageId: messageId },
        ctx,
      );
      ctx.metric({ ...metric, name: "NumberOfNotificationsFailed", dimensions });
      const status = { ...logged, status: "FAILURE" as const, reason: failure.FailureMessage };
      return await logPush(endpoint, found.app, status, ctx);
    }
    await toDevice(found, subject, payload, ctx);
    ctx.metric({ ...metric, name: "NumberOfNotificationsDelivered", dimensions });
    await logPush(endpoint, found.app, { ...logged, status: "SUCCESS" }, ctx);
  },
};

async function toDevice(
  { endpoint, row }: FoundEndpoint,
  Subject: string,
  Body: string,
  ctx: Context,
): Promise<void> {
  const input = { Channel: "push", To: row.token, From: appArn(endpoint), Subject, Body };
  await ctx.call("cloudkeep", "DeliverMail", input, { as: servicePrincipal("sns.amazonaws.com") });
}

/** Delivers what was published to a topic to a device that subscribed. Throws an AwsError that tells why it cannot. */
export async function pushToSubscriber(endpointArn: string, message: Published, ctx: Context): Promise<void> {
  const parsed = parseArn(endpointArn);
  const [, platform = "", name = "", id = ""] = parsed?.resource.split("/") ?? [];
  const { account = "", region = "" } = parsed ?? {};
  const endpoint = { account, region, platform, name, id };
  const found = await findEndpoint(endpoint, ctx);
  if (found === undefined) throw new AwsError("NotFound", "Endpoint does not exist");
  if (!found.row.enabled) throw new AwsError("EndpointDisabled", "Endpoint is disabled");
  if (found.app.attributes.Enabled?.toLowerCase() === "false")
    throw new AwsError("PlatformApplicationDisabled", "Platform application is disabled");
  const payload = payloadFor(platform, message);
  const bad = badPayload(platform, payload);
  if (bad !== undefined)
    throw new AwsError("InvalidParameter", `Invalid notification for protocol ${platform}: ${bad}`);
  await toDevice(found, message.subject ?? "", payload, ctx);
}
