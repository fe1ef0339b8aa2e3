import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { parseArn } from "../../kit/targets.ts";
import { type AppEndpointName, appArn, appEndpointArn } from "./appNames.ts";
import type { ApplicationRow } from "./tables.ts";

/** What becomes of an app's endpoints, told to the topics that the app names. https://docs.aws.amazon.com/sns/latest/dg/application-event-notifications.html */

export type AppEventName =
  | "EventEndpointCreated"
  | "EventEndpointDeleted"
  | "EventEndpointUpdated"
  | "EventDeliveryFailure";

export function tellApp(
  name: AppEventName,
  endpoint: AppEndpointName,
  { attributes }: ApplicationRow,
  details: Record<string, unknown>,
  ctx: Context,
): void {
  const topicArn = attributes[name];
  if (topicArn === undefined || topicArn === "") return;
  const type = name.slice("Event".length);
  const message = {
    ...details,
    EndpointArn: appEndpointArn(endpoint),
    EventType: type,
    Resource: appArn(endpoint),
    Service: "SNS",
    Time: new Date(ctx.clock.now()).toISOString(),
  };
  ctx.outbox.put("appEvent", {
    topicArn,
    subject: `${type} event for app ${endpoint.name} (${endpoint.platform})`,
    message: JSON.stringify(message),
    appArn: appArn(endpoint),
  });
}

interface AppEvent {
  topicArn: string;
  subject: string;
  message: string;
  appArn: string;
}

const maxSubjectCharacters = 100;

/** Publishes as SNS, for the app: the topic's policy decides. */
export const appEvent = {
  async settle({ topicArn, subject, message, appArn: sourceArn }: AppEvent, ctx: Context): Promise<void> {
    const topic = parseArn(topicArn);
    if (topic === undefined) return;
    const as = servicePrincipal("sns.amazonaws.com", { sourceArn, sourceAccount: ctx.account });
    const input = {
      TopicArn: topicArn,
      Subject: subject.slice(0, maxSubjectCharacters),
      Message: message,
    };
    try {
      await ctx.call("sns", "Publish", input, { as, account: topic.account, region: topic.region });
    } catch (error) {
      // A topic that is gone, or that does not let SNS in, hears nothing.
      if (!(error instanceof AwsError)) throw error;
    }
  },
};
