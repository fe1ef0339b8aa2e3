import { configure, heard, newQueue, received, records, shown } from "./s3NotificationScene.ts";
import { type Answer, noBucket, type Recordings, type Scene } from "./s3Scene.ts";

/** Answers and messages recorded of notifications, asked again here. */

async function tell(t: Scene, queue: Parameters<typeof records>[1], count: number): Promise<void> {
  t.answers.receive_messages = { messages: await records(t, queue, count) };
}

const puts = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:*"]);
  await t.s3.putObject({ Bucket, Key: "my_key_0", Body: "something" });
  await t.s3.putObject({ Bucket, Key: "my_key_1", Body: "something else" });
  await tell(t, queue, 2);
};

const copies = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:Copy"]);
  await t.s3.putObject({ Bucket, Key: "source", Body: "something" });
  await t.s3.copyObject({ Bucket, Key: "copied", CopySource: `${Bucket}/source` });
  await tell(t, queue, 1);
};

const createdAndRemoved = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]);
  await t.s3.putObject({ Bucket, Key: "source", Body: "something" });
  await t.s3.copyObject({ Bucket, Key: "dest", CopySource: `${Bucket}/source` });
  await t.s3.deleteObject({ Bucket, Key: "source" });
  await tell(t, queue, 3);
};

const multipart = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:CompleteMultipartUpload"]);
  const object = { Bucket, Key: "test-key" };
  const { UploadId } = await t.s3.createMultipartUpload(object);
  const Body = Buffer.alloc(6144, "a");
  const { ETag } = await t.s3.uploadPart({ ...object, UploadId, PartNumber: 1, Body });
  const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
  await t.s3.completeMultipartUpload({ ...object, UploadId, MultipartUpload });
  await tell(t, queue, 1);
};

const encodedKey = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:*"]);
  await t.s3.putObject({ Bucket, Key: "a@b", Body: "something" });
  await tell(t, queue, 1);
};

const TagSet = [{ Key: "swallow_type", Value: "african" }];

const tagged = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectTagging:Put"]);
  const object = { Bucket, Key: "my-key" };
  await t.s3.putObject({ ...object, Body: "FooBarBlitz" });
  await t.s3.putObjectTagging({ ...object, Tagging: { TagSet } });
  await tell(t, queue, 1);
};

const untagged = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectTagging:Delete"]);
  const object = { Bucket, Key: "my-key" };
  await t.s3.putObject({ ...object, Body: "FooBarBlitz" });
  await t.s3.putObjectTagging({ ...object, Tagging: { TagSet } });
  await t.s3.deleteObjectTagging(object);
  await tell(t, queue, 1);
};

const acls = async (t: Scene) => {
  const { Bucket, queue } = await heard(t, ["s3:ObjectAcl:Put"], { Bucket: await t.openBucket() });
  const object = { Bucket, Key: "my_key_acl" };
  await t.s3.putObject({ ...object, Body: "something" });
  for (const ACL of ["public-read", "private", "public-read-write"] as const)
    await t.s3.putObjectAcl({ ...object, ACL });
  await tell(t, queue, 3);
};

const filtered = async (t: Scene) => {
  const Bucket = await t.bucket();
  const { arn: QueueArn, ...queue } = await newQueue(t);
  const FilterRules = [
    { Name: "prefix" as const, Value: "testupload/" },
    { Name: "suffix" as const, Value: "testfile.txt" },
  ];
  const Filter = { Key: { FilterRules } };
  const get = () => t.s3.getBucketNotificationConfiguration({ Bucket });
  await configure(
    t,
    Bucket,
    { QueueArn, Events: ["s3:ObjectCreated:*", "s3:ObjectRemoved:Delete"], Filter },
    { Id: "id0002", QueueArn, Events: ["s3:ObjectTagging:*"], Filter },
  );
  await t.ask("config", get());
  const named = { url: queue.url, arn: QueueArn };
  await received(t.sqs, named, 1);
  await t.s3.putObject({ Bucket, Key: "other/testfile.txt", Body: "not told" });
  await t.s3.putObject({ Bucket, Key: "testupload/dir1/testfile.txt", Body: "a".repeat(32) });
  const [message] = await records(t, named, 1);
  t.answers.message = message as Answer;
  await configure(t, Bucket);
  await t.ask("config_empty", get());
  const updated = { Id: "id123456", QueueArn, Events: ["s3:ObjectCreated:*" as const] };
  await configure(t, Bucket, updated);
  await t.ask("config_updated", get());
  const prefix = { Key: { FilterRules: [{ Name: "prefix" as const, Value: "testupload/" }] } };
  await configure(t, Bucket, { ...updated, Filter: prefix });
  await t.ask("config_updated_filter", get());
};

const ruled = (...FilterRules: { Name: string; Value: string }[]) => {
  return async (t: Scene) => {
    const Bucket = await t.bucket();
    const { arn: QueueArn } = await newQueue(t);
    const Filter = { Key: { FilterRules: FilterRules as never } };
    await configure(t, Bucket, { QueueArn, Events: ["s3:ObjectCreated:*"], Filter });
    const get = t.s3.getBucketNotificationConfiguration({ Bucket });
    await t.ask("bucket_notification_configuration", get);
  };
};

/** Queues or topics that there are not. */
async function tryConfiguration(t: Scene, step: string, configuration: object, skip = false) {
  const Bucket = await t.bucket();
  const asked = { Bucket, NotificationConfiguration: configuration, SkipDestinationValidation: skip };
  const put = t.s3.putBucketNotificationConfiguration(asked);
  if (step !== "skip_destination_validation") return await t.ask(step, put);
  await put;
  return await t.ask(step, t.s3.getBucketNotificationConfiguration({ Bucket }));
}

const Events = ["s3:ObjectCreated:*"];
const absent = (t: Scene, name: string) => `arn:aws:sqs:us-east-1:${t.account}:${name}`;

const invalidQueue = async (t: Scene) => {
  const queue = (QueueArn: string) => ({ QueueConfigurations: [{ Id: "id123", QueueArn, Events }] });
  await tryConfiguration(t, "invalid_not_skip", queue("invalid-queue"));
  await tryConfiguration(t, "invalid_skip", queue("invalid-queue"), true);
  await tryConfiguration(t, "queue-does-not-exist", queue(absent(t, "my-queue")));
  await tryConfiguration(t, "skip_destination_validation", queue(absent(t, "my-queue")), true);
};

const invalidQueues = async (t: Scene) => {
  const queues = (...arns: string[]) => ({
    QueueConfigurations: arns.map((QueueArn, i) => ({ Id: `id${i}`, QueueArn, Events })),
  });
  await tryConfiguration(t, "two-queue-arns-invalid", queues("invalid_arn", "invalid_arn_2"));
  const mixed = queues("invalid_arn_2", absent(t, "my-queue"));
  await tryConfiguration(t, "one-queue-invalid-one-not-existent", mixed);
  const both = queues(absent(t, "my-queue"), absent(t, "my-queue-2"));
  await tryConfiguration(t, "multiple-queues-do-not-exist", both);
};

const invalidTopic = async (t: Scene) => {
  const topic = (TopicArn: string) => ({ TopicConfigurations: [{ Id: "id123", TopicArn, Events }] });
  await tryConfiguration(t, "invalid_not_skip", topic("invalid-topic"));
  await tryConfiguration(t, "invalid_skip", topic("invalid-topic"), true);
  const arn = `arn:aws:sns:us-east-1:${t.account}:my-topic`;
  await tryConfiguration(t, "skip_destination_validation", topic(arn), true);
};

const topicPolicy = (arn: string) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: {
      Effect: "Allow",
      Principal: { Service: "s3.amazonaws.com" },
      Action: "sns:Publish",
      Resource: arn,
    },
  });

/** A bucket that tells a topic, which tells a queue. */
async function topical(t: Scene, rules: { Name: "prefix" | "suffix"; Value: string }[]) {
  const [Bucket, queue] = [await t.bucket(), await newQueue(t)];
  const { TopicArn = "" } = await t.sns.createTopic({ Name: `told-of-${Bucket}` });
  const policy = { AttributeName: "Policy", AttributeValue: topicPolicy(TopicArn) };
  await t.sns.setTopicAttributes({ TopicArn, ...policy });
  await t.sns.subscribe({ TopicArn, Protocol: "sqs", Endpoint: queue.arn });
  const Filter = { Key: { FilterRules: rules } };
  const configuration = { TopicArn, Events: ["s3:ObjectCreated:*" as const], Filter };
  const NotificationConfiguration = { TopicConfigurations: [configuration] };
  await t.s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration });
  await received(t.sqs, queue, 1);
  return { Bucket, queue };
}

async function heardOfTopic(t: Scene, queue: Parameters<typeof records>[1], count: number) {
  const messages = (await received(t.sqs, queue, count)) as { Message: string }[];
  const read = messages.map((one) => ({ ...one, Message: JSON.parse(one.Message) as object }));
  read.sort((a, b) => (JSON.stringify(a.Message) < JSON.stringify(b.Message) ? -1 : 1));
  return read.map((one) => shown(one, "sequencer"));
}

const topicPuts = async (t: Scene) => {
  const { Bucket, queue } = await topical(t, []);
  const messages: unknown[] = [];
  for (const Body of ["first event", "second event"]) {
    await t.s3.putObject({ Bucket, Key: "bucket-key", Body });
    messages.push(...(await heardOfTopic(t, queue, 1)));
  }
  t.answers.receive_messages = { messages };
};

const topicFiltered = async (t: Scene) => {
  const rules = [
    { Name: "prefix" as const, Value: "testupload/" },
    { Name: "suffix" as const, Value: "testfile.txt" },
  ];
  const { Bucket, queue } = await topical(t, rules);
  await t.s3.putObject({ Bucket, Key: "other/testfile.txt", Body: "not told" });
  await t.s3.putObject({ Bucket, Key: "testupload/dir1/testfile.txt", Body: "a".repeat(35) });
  const [message] = await heardOfTopic(t, queue, 1);
  t.answers.message = message as Answer;
};

const versioned = async (t: Scene) => {
  const versions = await t.versionedBucket();
  const { Bucket, queue } = await heard(t, ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"], {
    Bucket: versions,
  });
  const object = { Bucket, Key: "test-key" };
  const first = await t.ask("obj-ver1", t.s3.putObject({ ...object, Body: "data" }));
  await t.ask("obj-ver2", t.s3.putObject({ ...object, Body: "data-version2" }));
  const marker = await t.ask("delete-marker", t.s3.deleteObject(object));
  await t.ask("delete-version", t.s3.deleteObject({ ...object, VersionId: first.VersionId }));
  t.answers["message-versioning-active"] = (await records(t, queue, 4)) as never;
  await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
  await t.ask("add-null-version", t.s3.putObject({ ...object, Body: "data-version3" }));
  await t.ask("del-delete-marker", t.s3.deleteObject({ ...object, VersionId: marker.VersionId }));
  t.answers["message-versioning-suspended"] = (await records(t, queue, 2)) as never;
};

export const queueNotificationRecordings: Recordings = {
  test_object_created_put: puts,
  test_object_created_copy: copies,
  test_object_created_and_object_removed: createdAndRemoved,
  test_object_created_complete_multipart_upload: multipart,
  test_key_encoding: encodedKey,
  test_object_tagging_put_event: tagged,
  test_object_tagging_delete_event: untagged,
  test_object_put_acl: acls,
  test_notifications_with_filter: filtered,
  test_filter_rules_case_insensitive: ruled(
    { Name: "PREFIX", Value: "notif-" },
    { Name: "sUfFiX", Value: ".txt" },
  ),
  test_filter_rules_empty_value: ruled({ Name: "suffix", Value: "" }),
  test_invalid_sqs_arn: invalidQueue,
  test_multiple_invalid_sqs_arns: invalidQueues,
  test_object_created_put_versioned: versioned,
};

export const topicNotificationRecordings: Recordings = {
  test_invalid_topic_arn: invalidTopic,
  test_object_created_put: topicPuts,
  test_bucket_notifications_with_filter: topicFiltered,
  async test_bucket_not_exist(t) {
    const asked = { Bucket: noBucket, NotificationConfiguration: {} };
    await t.ask("bucket_not_exists", t.s3.putBucketNotificationConfiguration(asked));
  },
};

/** A bucket whose events a rule of the default bus sends to a queue. */
export async function bridged(t: Scene, Bucket: string) {
  const queue = await newQueue(t);
  const Name = Bucket;
  const EventPattern = JSON.stringify({ source: ["aws.s3"], detail: { bucket: { name: [Bucket] } } });
  await t.events.putRule({ Name, EventPattern });
  await t.events.putTargets({ Rule: Name, Targets: [{ Id: "queue", Arn: queue.arn }] });
  const NotificationConfiguration = { EventBridgeConfiguration: {} };
  await t.s3.putBucketNotificationConfiguration({ Bucket, NotificationConfiguration });
  return queue;
}

type Bridged = { "detail-type": string; detail: { object: { etag?: string } } };

export async function bridgedEvents(t: Scene, queue: Awaited<ReturnType<typeof bridged>>, count: number) {
  const events = (await received(t.sqs, queue, count)) as unknown as Bridged[];
  events.sort((a, b) => (a["detail-type"] < b["detail-type"] ? -1 : 1));
  return events.map((event) => shown(event, "object-sequencer"));
}

export const bridgeNotificationRecordings: Recordings = {
  async test_object_created_put(t) {
    const Bucket = await t.bucket();
    const queue = await bridged(t, Bucket);
    await t.s3.putObject({ Bucket, Key: "test-key", Body: "data" });
    await t.s3.deleteObject({ Bucket, Key: "test-key" });
    const [created, deleted] = await bridgedEvents(t, queue, 2);
    t.answers.object_deleted = deleted as Answer;
    t.answers.object_created = created as Answer;
  },
  async test_object_created_put_versioned(t) {
    const Bucket = await t.versionedBucket();
    const queue = await bridged(t, Bucket);
    const object = { Bucket, Key: "test-key" };
    const first = await t.ask("obj-ver1", t.s3.putObject({ ...object, Body: "data" }));
    await t.ask("obj-ver2", t.s3.putObject({ ...object, Body: "data-version2" }));
    const marker = await t.ask("delete-marker", t.s3.deleteObject(object));
    await t.ask("delete-version", t.s3.deleteObject({ ...object, VersionId: first.VersionId }));
    // The recorder heard of the last two events alone, and shows them twice.
    await bridgedEvents(t, queue, 4);
    await t.s3.putBucketVersioning({ Bucket, VersioningConfiguration: { Status: "Suspended" } });
    await t.ask("add-null-version", t.s3.putObject({ ...object, Body: "data-version3" }));
    await t.ask("del-delete-marker", t.s3.deleteObject({ ...object, VersionId: marker.VersionId }));
    t.answers["message-versioning-suspended"] = (await bridgedEvents(t, queue, 2)) as never;
  },
  async test_object_put_acl(t) {
    const Bucket = await t.openBucket();
    const queue = await bridged(t, Bucket);
    const object = { Bucket, Key: "my_key_acl" };
    await t.s3.putObject({ ...object, Body: "something" });
    for (const ACL of ["public-read", "private", "public-read-write"] as const)
      await t.s3.putObjectAcl({ ...object, ACL });
    t.answers.messages = { messages: await bridgedEvents(t, queue, 4) };
  },
};
