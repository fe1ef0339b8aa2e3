import { defineService, operationsIn } from "../../kit/service.ts";
import * as appEndpoints from "./appEndpoints.ts";
import { appEvent } from "./appEvents.ts";
import * as applications from "./applications.ts";
import { confirm } from "./asking.ts";
import { audit } from "./audit.ts";
import * as confirmation from "./confirmation.ts";
import { deliver, post } from "./deliver.ts";
import { fanOut } from "./fanout.ts";
import { mail } from "./mail.ts";
import { missing } from "./missing.ts";
import * as policy from "./policy.ts";
import * as protection from "./protection.ts";
import * as publish from "./publish.ts";
import { push } from "./push.ts";
import * as sandbox from "./sandbox.ts";
import { publishes } from "./signing.ts";
import * as sms from "./sms.ts";
import * as subscriptions from "./subscriptions.ts";
import * as tags from "./tags.ts";
import * as topics from "./topics.ts";

/** Simple Notification Service: what is published to a topic reaches all who subscribed. */
export default defineService({
  name: "sns",
  eventSource: "sns.amazonaws.com",
  operations: [
    topics,
    policy,
    subscriptions,
    confirmation,
    publish,
    tags,
    sms,
    sandbox,
    applications,
    appEndpoints,
    protection,
  ].flatMap(operationsIn),
  missing,
  publishes,
  timers: { forgetTaken: publish.forgetTaken },
  deliveries: {
    fanOut,
    deliver,
    post,
    confirm,
    mail,
    push,
    appEvent,
    audit,
    dropEndpoints: applications.dropEndpoints,
  },
});
