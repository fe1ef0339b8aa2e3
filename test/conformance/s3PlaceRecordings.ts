import type { BucketLocationConstraint } from "@aws-sdk/client-s3";
import { bridged, bridgedEvents } from "./s3NotificationRecordings.ts";
import { type Answer, noBucket, type Recordings, type Scene, untyped } from "./s3Scene.ts";
import { type WireAnswer, xmlShown } from "./s3Wire.ts";

/** Answers recorded of buckets in several Regions and under several hosts, asked again here. */

const placed = (LocationConstraint: string) => ({
  CreateBucketConfiguration: { LocationConstraint: LocationConstraint as BucketLocationConstraint },
});

let made = 0;
function newName(): string {
  made += 1;
  return `placed-${made}`;
}

/** The SDK would name the Region by itself. */
async function createBare(t: Scene, step: string, body = ""): Promise<void> {
  const asked = { method: "PUT", path: `/${newName()}`, region: "us-east-2", body };
  t.answers[step] = refusalOf(await t.send(asked));
}

function refusalOf({ status, body }: WireAnswer): Answer {
  const { Resource: _, RequestId: __, HostId: ___, ...refused } = xmlShown(body).Error as Answer;
  return { Error: refused, ResponseMetadata: { HTTPStatusCode: status } };
}

const constraints = async (t: Scene) => {
  const create = (step: string, region: string, input: object) =>
    t.ask(step, t.elsewhere(region).s3.createBucket({ Bucket: newName(), ...input }));
  const where = (step: string, Bucket: string) => t.ask(step, t.s3.getBucketLocation({ Bucket }));
  await where("get-bucket-location-bucket-us-east-1", await t.bucket());
  await create("create-bucket-constraint-us-east-1", "us-east-1", placed("us-east-1"));
  await create("create-bucket-constraint-us-east-1-with-None", "us-east-1", {
    CreateBucketConfiguration: {},
  });
  await where("get-bucket-location-bucket-us-east-2", await t.bucket(placed("us-east-2")));
  await createBare(t, "create-bucket-us-east-2-no-constraint-exc");
  await createBare(t, "create-bucket-constraint-us-east-2-with-None", "<CreateBucketConfiguration/>");
  await create("create-bucket-us-east-2-constraint-to-us-west-1", "us-east-2", placed("us-west-1"));
  await create("create-bucket-us-west-1-constraint-to-us-east-2", "us-west-1", placed("us-east-2"));
  await create("create-bucket-us-west-1-constraint-to-us-east-1", "us-west-1", placed("us-east-1"));
  const step = "get-bucket-location-non-existent-bucket";
  // What the recorder's client made of an error's document.
  t.answers[step] = { ...(await where(step, noBucket)), LocationConstraint: null };
};

/** Headers as they were recorded: those that begin with the service's letters, and the type. */
function ofBucket({ headers }: WireAnswer) {
  const kept = Object.entries(headers).filter(
    ([name]) => name === "content-type" || name.startsWith("x-amz-"),
  );
  const hidden = ["x-amz-id-2", "x-amz-request-id"];
  return Object.fromEntries(kept.map(([name, value]) => [name, hidden.includes(name) ? name : value]));
}

const heads = async (t: Scene) => {
  const [first, second] = [newName(), newName()];
  await t.ask("create_bucket", t.s3.createBucket({ Bucket: first }));
  const elsewhere = { Bucket: second, ...placed("us-west-1") };
  await t.ask("create_bucket_location_constraint", t.s3.createBucket(elsewhere));
  await t.ask("head_bucket", t.s3.headBucket({ Bucket: first }));
  const head = (Bucket: string, region: string) => t.send({ method: "HEAD", path: `/${Bucket}`, region });
  t.answers.head_bucket_filtered_header = ofBucket(await head(first, "us-east-1"));
  await t.ask("head_bucket_2", t.elsewhere("us-west-1").s3.headBucket({ Bucket: second }));
  t.answers.head_bucket_2_filtered_header = ofBucket(await head(second, "us-west-1"));
  await t.ask("head_bucket_not_exist", t.s3.headBucket({ Bucket: noBucket }));
};

const acrossRegions = async (t: Scene) => {
  const Bucket = await t.bucket(placed("us-west-1"));
  const [near, far] = [t.elsewhere("us-west-1").s3, t.elsewhere("us-east-2").s3];
  const WebsiteConfiguration = { IndexDocument: { Suffix: "index.html" } };
  await t.ask("put-website-config-region-1", near.putBucketWebsite({ Bucket, WebsiteConfiguration }));
  const CORSRules = [{ AllowedMethods: ["GET"], AllowedOrigins: ["*"] }];
  const cors = near.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
  await t.ask("put-cors-config-region-1", cors);
  await t.ask("get-website-config-region-2", far.getBucketWebsite({ Bucket }));
  await t.ask("get-cors-config-region-2", far.getBucketCors({ Bucket }));
};

const outsideOfTheFirst = async (t: Scene) => {
  const Bucket = await t.bucket(placed("eu-central-1"));
  const { s3 } = t.elsewhere("eu-central-1");
  await t.ask("head_bucket", s3.headBucket({ Bucket }));
  await t.ask("list_objects_v2", s3.listObjectsV2({ Bucket }));
};

const global = async (t: Scene) => {
  const Bucket = newName();
  // Here a Region that is none means the first; AWS refuses a signature that names it.
  await t.ask("create-bucket-global", t.s3.createBucket({ Bucket }));
  await t.ask("head-bucket-global", t.s3.headBucket({ Bucket }));
  await t.ask("get-location-1", t.s3.getBucketLocation({ Bucket }));
  await t.ask("list-buckets", t.s3.listBuckets({ Prefix: Bucket }));
};

const noConstraint = async (t: Scene) => {
  const CreateBucketConfiguration = { LocationConstraint: untyped("bar") };
  const create = t.elsewhere("eu-west-1").s3.createBucket({ Bucket: newName(), CreateBucketConfiguration });
  await t.ask("eu-west-1-location-constraint-bar-error", create);
};

const hostOf = (Bucket: string) => `${Bucket}.s3.us-east-1.amazonaws.com`;

const noSuchBucket = async (t: Scene) => {
  await t.ask("list_object", t.s3.listObjects({ Bucket: noBucket }));
  t.answers.list_object_vhost = refusalOf(await t.send({ path: "/", host: hostOf(noBucket) }));
};

const dotted = async (t: Scene) => {
  const Bucket = `my.bucket.${newName()}`;
  await t.s3.createBucket({ Bucket });
  await t.s3.deletePublicAccessBlock({ Bucket });
  await t.s3.deleteBucketOwnershipControls({ Bucket });
  await t.s3.putBucketAcl({ Bucket, ACL: "public-read" });
  await t.s3.putObject({ Bucket, Key: "my-content", Body: "something" });
  await t.ask("list-objects", t.s3.listObjects({ Bucket }));
  const byHost = await t.send({ path: "/", host: hostOf(Bucket), unsigned: true });
  t.answers["request-vhost-url-content"] = dateless(byHost.body);
  t.answers["request-path-url-content"] = dateless(
    (await t.send({ path: `/${Bucket}`, unsigned: true })).body,
  );
};

/** A listing as it was recorded. */
export function dateless(document: string) {
  return xmlShown(document.replace(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.000)?Z/g, "date"));
}

const lengthByHost = (host: (Bucket: string) => string | undefined) => async (t: Scene) => {
  const Bucket = await t.bucket();
  await t.plain.putObject({ Bucket, Key: "test", Body: "123", ContentType: "binary/octet-stream" });
  const own = host(Bucket);
  const asked = own === undefined ? { path: `/${Bucket}/test` } : { path: "/test", host: own };
  const { headers } = await t.send(asked);
  const { connection: _, "keep-alive": __, ...shown } = headers;
  const dates = { date: "date", "last-modified": "last-modified" };
  t.answers["get-obj-content-len-headers"] = { ...shown, ...dates };
};

const toldElsewhere = async (t: Scene) => {
  const Bucket = await t.bucket(placed("us-west-1"));
  const there = t.elsewhere("us-west-1");
  const queue = await bridged(there, Bucket);
  for (const region of ["us-west-1", "us-east-2"])
    await t.elsewhere(region).s3.putObject({ Bucket, Key: "test-key", Body: "data" });
  const messages = await bridgedEvents(there, queue, 2);
  t.answers["object-created-different-regions"] = { messages };
};

export const placeRecordings: Recordings = {
  test_different_location_constraint: constraints,
  test_create_bucket_head_bucket: heads,
  test_bucket_operation_between_regions: acrossRegions,
  test_region_header_exists_outside_us_east_1: outsideOfTheFirst,
  test_create_bucket_aws_global: global,
  "test_create_bucket_with_invalid_location_constraint[eu-west-1-bar]": noConstraint,
  test_bucket_does_not_exist: noSuchBucket,
  test_bucket_name_with_dots: dotted,
  "test_get_object_content_length_with_virtual_host[True]": lengthByHost(hostOf),
  "test_get_object_content_length_with_virtual_host[False]": lengthByHost(() => undefined),
};

export const bridgePlaceRecordings: Recordings = {
  test_object_created_put_in_different_region: toldElsewhere,
};
