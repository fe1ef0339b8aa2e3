import { defineService, operationsIn } from "../../kit/service.ts";
import { flush } from "./buffer.ts";
import * as deliveryStreams from "./deliveryStreams.ts";
import { drain } from "./drain.ts";
import * as encryptionSettings from "./encryptionSettings.ts";
import { missing } from "./missing.ts";
import * as put from "./put.ts";
import { followsRecord, poll } from "./source.ts";
import * as tags from "./tags.ts";
import * as updates from "./updates.ts";

/** Data Firehose: records gathered, processed and delivered to S3 and to HTTP endpoints. */
export default defineService({
  name: "firehose",
  eventSource: "firehose.amazonaws.com",
  operations: [deliveryStreams, put, updates, encryptionSettings, tags].flatMap(operationsIn),
  missing,
  timers: { flush, purge: deliveryStreams.purge },
  deliveries: { drain, poll },
  followsRecord,
});
