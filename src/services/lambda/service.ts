import type { Host } from "../../kit/context.ts";
import { defineService, operationsIn } from "../../kit/service.ts";
import * as aliases from "./aliases.ts";
import { invokeAsyncDelivery } from "./async.ts";
import { publishCode } from "./codeLocation.ts";
import * as codeSigning from "./codeSigning.ts";
import * as eventInvoke from "./eventInvoke.ts";
import { eventNames } from "./eventNames.ts";
import * as functionSigning from "./functionSigning.ts";
import * as functions from "./functions.ts";
import { functionUrl } from "./functionUrl.ts";
import { refusesInput } from "./input.ts";
import * as invoke from "./invoke.ts";
import * as layerPermissions from "./layerPermissions.ts";
import * as layers from "./layers.ts";
import * as mappings from "./mappings.ts";
import { missing } from "./missing.ts";
import * as permissions from "./permissions.ts";
import { pollersOf } from "./polling/pollers.ts";
import * as provisioned from "./provisioned.ts";
import { sandboxHere } from "./runtime/sandbox.ts";
import * as settings from "./settings.ts";
import * as tags from "./tags.ts";
import * as updates from "./updates.ts";
import * as urls from "./urls.ts";
import * as versions from "./versions.ts";

/** Says at the start how functions are kept apart here. */
async function start(host: Host): Promise<void> {
  const { kind, reason } = await sandboxHere();
  const facts = { sandbox: kind, ...(reason !== undefined && { reason }) };
  host.describe("lambda", facts);
  if (kind === "bubblewrap") host.note("info", facts, "functions run in sandboxes");
  else host.note("warn", facts, "functions run without a sandbox: they reach what this process reaches");
  await provisioned.startProvisioned(host);
  await pollersOf(host).start(host.home());
}

/** Lambda: functions, and what runs them. */
export default defineService({
  name: "lambda",
  eventSource: "lambda.amazonaws.com",
  operations: [
    functions,
    updates,
    versions,
    aliases,
    permissions,
    layers,
    layerPermissions,
    invoke,
    settings,
    provisioned,
    eventInvoke,
    tags,
    urls,
    mappings,
    codeSigning,
    functionSigning,
  ].flatMap(operationsIn),
  eventNames,
  missing,
  refusesInput,
  publishes: publishCode,
  endpoint: functionUrl,
  deliveries: { invokeAsync: invokeAsyncDelivery },
  start,
});
