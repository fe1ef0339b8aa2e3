import { defineService, operationsIn } from "../../kit/service.ts";
import { inputFromUrl } from "./find.ts";
import { missing } from "./missing.ts";
import * as moveTasks from "./moveTasks.ts";
import { moveMessages } from "./moving.ts";
import * as permissions from "./permissions.ts";
import * as queueAttributes from "./queueAttributes.ts";
import * as queues from "./queues.ts";
import * as receive from "./receive.ts";
import * as redrive from "./redrive.ts";
import * as send from "./send.ts";
import * as settle from "./settle.ts";
import * as tags from "./tags.ts";
import { sweep, upkeep } from "./upkeep.ts";
import { refusesInput } from "./words.ts";

/** Simple Queue Service. */
export default defineService({
  name: "sqs",
  eventSource: "sqs.amazonaws.com",
  operations: [queues, queueAttributes, tags, permissions, send, receive, settle, redrive, moveTasks].flatMap(
    operationsIn,
  ),
  missing,
  inputFromUrl,
  refusesInput,
  timers: { upkeep, forgetDeletion: queues.forgetDeletion },
  deliveries: { sweep: { settle: sweep }, moveMessages: { settle: moveMessages } },
});
