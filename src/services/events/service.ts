import { defineService, operationsIn } from "../../kit/service.ts";
import * as apiDestinations from "./apiDestinations.ts";
import * as archives from "./archives.ts";
import * as buses from "./buses.ts";
import * as connections from "./connections.ts";
import { invoke } from "./deliver.ts";
import * as endpoints from "./endpoints.ts";
import * as eventSources from "./eventSources.ts";
import { missing } from "./missing.ts";
import * as partnerSources from "./partnerSources.ts";
import * as patterns from "./patterns.ts";
import * as permissions from "./permissions.ts";
import * as putEvents from "./putEvents.ts";
import * as replays from "./replays.ts";
import { replicate } from "./replicate.ts";
import * as rules from "./rules.ts";
import * as ruleTargets from "./ruleTargets.ts";
import { runRule } from "./schedules.ts";
import * as tags from "./tags.ts";

/** EventBridge: what happens, matched against rules, and handed to their targets. */
export default defineService({
  name: "events",
  eventSource: "events.amazonaws.com",
  operations: [
    buses,
    permissions,
    rules,
    ruleTargets,
    putEvents,
    patterns,
    archives,
    replays,
    connections,
    apiDestinations,
    endpoints,
    eventSources,
    partnerSources,
    tags,
  ].flatMap(operationsIn),
  missing,
  timers: { runRule, expireSource: eventSources.expireSource },
  deliveries: { invoke, emit: putEvents.emit, replay: replays.replay, replicate },
});
