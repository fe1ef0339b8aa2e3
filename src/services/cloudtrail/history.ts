import type { Event, LookupAttribute } from "@aws-sdk/client-cloudtrail";
import { type RecordRow, recordLog } from "../../kit/record.ts";
import type { LogPage } from "../../storage/store.ts";
import { cloudtrail } from "./contract.ts";

/** The event history goes back 90 days. */
const historyMs = 90 * 24 * 60 * 60_000;
const maxPageSize = 50;

/**
 * Management events of the caller's account and Region in the last 90 days, newest first.
 * https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
 */
export const lookupEvents = cloudtrail.operation("LookupEvents", {
  access: () => ({ action: "cloudtrail:LookupEvents", resource: "*" }),
  async handle(
    { LookupAttributes = [], StartTime, EndTime, EventCategory, MaxResults = maxPageSize, NextToken },
    ctx,
  ) {
    if (LookupAttributes.length > 1) {
      throw ctx.error("InvalidLookupAttributesException", "You can only specify one lookup attribute.");
    }
    if (StartTime !== undefined && EndTime !== undefined && StartTime > EndTime) {
      throw ctx.error("InvalidTimeRangeException", "Start time must be before or equal to end time.");
    }
    if (EventCategory !== undefined) return { Events: [] };
    const question = JSON.stringify([ctx.account, ctx.region, LookupAttributes, StartTime, EndTime]);
    const invalidToken = ctx.error(
      "InvalidNextTokenException",
      "The token is invalid: it belongs to another request.",
    );
    const after = NextToken === undefined ? undefined : positionOf(NextToken, question);
    if (NextToken !== undefined && after === undefined) throw invalidToken;
    const page = await ctx
      .log(recordLog)
      .read({
        from: Math.max(ctx.clock.now() - historyMs, StartTime?.getTime() ?? 0),
        ...(EndTime && { to: EndTime.getTime() }),
        terms: [`at=${ctx.account}/${ctx.region}`, ...LookupAttributes.map(termOf)],
        reverse: true,
        limit: MaxResults,
        ...(after !== undefined && { after }),
      })
      .catch((error: unknown) => {
        // A token that was made up names no position.
        throw error instanceof RangeError ? invalidToken : error;
      });
    return {
      Events: page.entries.map(eventOf),
      ...(page.next && { NextToken: tokenOf(page.next, question) }),
    };
  },
  record: { readOnly: true },
});

function termOf({ AttributeKey, AttributeValue }: LookupAttribute): string {
  return `${AttributeKey}=${AttributeValue}`;
}

/** A token continues the request that it came from, and no other. */
function tokenOf(position: string, question: string): string {
  return Buffer.from(JSON.stringify([position, question])).toString("base64url");
}

function positionOf(token: string, question: string): string | undefined {
  try {
    const [position, asked] = JSON.parse(Buffer.from(token, "base64url").toString()) as unknown[];
    return asked === question && typeof position === "string" ? position : undefined;
  } catch {
    return undefined;
  }
}

function eventOf({ at, text }: LogPage["entries"][number]): Event {
  const { event, resources = [], userName } = JSON.parse(text) as RecordRow;
  const { accessKeyId } = event.userIdentity;
  return {
    EventId: event.eventID,
    EventName: event.eventName,
    ReadOnly: String(event.readOnly),
    ...(typeof accessKeyId === "string" && { AccessKeyId: accessKeyId }),
    EventTime: new Date(Math.floor(at / 1000) * 1000),
    EventSource: event.eventSource,
    ...(userName && { Username: userName }),
    Resources: resources.map(({ type, name }) => ({ ResourceType: type, ResourceName: name })),
    CloudTrailEvent: JSON.stringify(event),
  };
}
