import { bridged, bridgedEvents } from "./s3NotificationRecordings.ts";
import { heard, received, shown } from "./s3NotificationScene.ts";
import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers and messages recorded of archived objects, asked again here. */

/** As long as an expedited retrieval takes. */
const expeditedMs = 5 * 60_000;

async function archiveAndRestore(t: Scene, Bucket: string, Key: string): Promise<void> {
  await t.s3.putObject({ Bucket, Key, Body: "something", StorageClass: "GLACIER" });
  const RestoreRequest = { Days: 1, GlacierJobParameters: { Tier: "Expedited" as const } };
  await t.s3.restoreObject({ Bucket, Key, RestoreRequest });
}

export const archiveRecordings: Recordings = {
  async test_s3_get_deep_archive_object_restore(t) {
    const Bucket = await t.bucket();
    const object = { Bucket, Key: "archived" };
    await t.s3.putObject({ ...object, Body: "body data", StorageClass: "DEEP_ARCHIVE" });
    await t.ask("get-object-invalid-state", t.s3.getObject(object));
    await t.ask("get_object_invalid_state", t.s3.getObject(object));
    const RestoreRequest = { Days: 30, GlacierJobParameters: { Tier: "Bulk" as const } };
    await t.ask("restore_object", t.s3.restoreObject({ ...object, RestoreRequest }));
  },
};

export const queueArchiveRecordings: Recordings = {
  async test_restore_object(t) {
    const { Bucket, queue } = await heard(t, ["s3:ObjectRestore:*"]);
    await archiveAndRestore(t, Bucket, "my_key_restore");
    const told = await received(t.sqs, queue, 1);
    await t.advance(expeditedMs);
    told.push(...(await received(t.sqs, queue, 1)));
    const messages = told.flatMap(({ Records }) => Records as object[]).map((one) => shown(one, "sequencer"));
    t.answers.receive_messages = { messages };
  },
};

export const bridgeArchiveRecordings: Recordings = {
  async test_restore_object(t) {
    const Bucket = await t.bucket();
    const queue = await bridged(t, Bucket);
    await archiveAndRestore(t, Bucket, "my_key_restore");
    // That it was created comes first.
    const events = (await bridgedEvents(t, queue, 2)).slice(1);
    await t.advance(expeditedMs);
    events.push(...(await bridgedEvents(t, queue, 1)));
    t.answers.messages = { messages: events };
  },
};
