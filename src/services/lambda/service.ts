import type { Host } from "../../kit/context.ts";
import { defineService, operationsIn } from "../../kit/service.ts";
import * as aliases from "./aliases.ts";
import { invokeAsyncDelivery } from "./async.ts";
import { publishCode } from "./codeLocation.ts";
import * as functions from "./functions.ts";
import * as invoke from "./invoke.ts";
import * as layerPermissions from "./layerPermissions.ts";
import * as layers from "./layers.ts";
import { missing } from "./missing.ts";
import * as permissions from "./permissions.ts";
import { sandboxHere } from "./runtime/sandbox.ts";
import * as updates from "./updates.ts";
import * as versions from "./versions.ts";

/** Says at the start how functions are kept apart here. */
async function start(host: Host): Promise<void> {
  const { kind, reason } = await sandboxHere();
  const facts = { sandbox: kind, ...(reason !== undefined && { reason }) };
  host.describe("lambda", facts);
  if (kind === "bubblewrap") host.note("info", facts, "functions run in sandboxes");
  else host.note("warn", facts, "functions run without a sandbox: they reach what this process reaches");
}

/** Lambda: functions, and what runs them. */
export default defineService({
  name: "lambda",
  eventSource: "lambda.amazonaws.com",
  operations: [functions, updates, versions, aliases, permissions, layers, layerPermissions, invoke].flatMap(
    operationsIn,
  ),
  missing,
  publishes: publishCode,
  deliveries: { invokeAsync: invokeAsyncDelivery },
  start,
});
