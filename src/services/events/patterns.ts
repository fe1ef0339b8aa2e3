import type { Context } from "../../kit/context.ts";
import { fieldsOf, matches, type Pattern, parsePattern } from "../../kit/patterns/pattern.ts";
import { InvalidPattern } from "../../kit/patterns/predicates.ts";
import { events } from "./contract.ts";

/** A pattern, or AWS's error for one that is none. */
export function checkedPattern(text: string, ctx: Context<"InvalidEventPatternException">): Pattern {
  try {
    return parsePattern(text);
  } catch (error) {
    if (!(error instanceof InvalidPattern)) throw error;
    throw ctx.error("InvalidEventPatternException", `Event pattern is not valid. Reason: ${error.message}`);
  }
}

const requiredFields = ["id", "account", "source", "time", "region", "detail-type"];

/** https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_TestEventPattern.html */
export const testEventPattern = events.operation("TestEventPattern", {
  access: () => ({ action: "events:TestEventPattern", resource: "*" }),
  handle({ EventPattern, Event }, ctx) {
    const pattern = checkedPattern(EventPattern, ctx);
    return { Result: matches(pattern, fieldsOf(parsedEvent(Event, ctx))) };
  },
  record: { readOnly: true },
});

function parsedEvent(text: string, ctx: Context): Record<string, unknown> {
  let event: unknown;
  try {
    event = JSON.parse(text);
  } catch {
    throw ctx.error("ValidationException", "Parameter Event is not valid.");
  }
  if (typeof event !== "object" || event === null || Array.isArray(event))
    throw ctx.error("ValidationException", "Parameter Event is not valid.");
  const missing = requiredFields.filter((name) => !(name in event));
  if (missing.length > 0) throw ctx.error("ValidationException", "Parameter Event is not valid.");
  return event as Record<string, unknown>;
}
