import type { Answer, Recordings, Scene } from "./s3Scene.ts";

/** Pages recorded of buckets as websites, asked for again here. */

const IndexDocument = { Suffix: "index.html" };

async function site(t: Scene, WebsiteConfiguration: object = { IndexDocument }): Promise<string> {
  const Bucket = await t.openBucket();
  await t.s3.putBucketAcl({ Bucket, ACL: "public-read" });
  await t.s3.putBucketWebsite({ Bucket, WebsiteConfiguration });
  return Bucket;
}

/** A page, with the ids that the recorder replaced. */
async function page(t: Scene, Bucket: string, path: string, method = "GET"): Promise<string> {
  const host = `${Bucket}.s3-website-us-east-1.amazonaws.com`;
  const { body } = await t.send({ path, method, host, unsigned: true });
  return body
    .replace(/(RequestId: )[^<]+/, "$1<request-id>")
    .replace(/(HostId: )[^<]+/, "$1<host-id>")
    .replace(/(BucketName: )[^<]+/, "$1<bucket-name>");
}

const asAnswer = (text: string) => text as unknown as Answer;

export const websiteRecordings: Recordings = {
  async test_website_hosting_http_methods(t) {
    const Bucket = await site(t);
    for (const method of ["POST", "DELETE"])
      t.answers[`not-allowed-${method.toLowerCase()}`] = { content: await page(t, Bucket, "/", method) };
  },
  async test_website_hosting_index_lookup(t) {
    const Bucket = await site(t);
    t.answers["404-no-trailing-slash"] = asAnswer(await page(t, Bucket, "/directory-wrong"));
    t.answers["404-with-trailing-slash"] = asAnswer(await page(t, Bucket, "/directory-wrong/"));
  },
  async test_website_hosting_404(t) {
    const Bucket = await site(t);
    t.answers["404-no-such-key"] = asAnswer(await page(t, Bucket, "/"));
    const WebsiteConfiguration = { IndexDocument, ErrorDocument: { Key: "error.html" } };
    await t.s3.putBucketWebsite({ Bucket, WebsiteConfiguration });
    t.answers["404-no-such-key-nor-custom"] = asAnswer(await page(t, Bucket, "/"));
  },
  async test_website_hosting_no_such_website(t) {
    t.answers["no-such-bucket"] = asAnswer(await page(t, "no-such-bucket-anywhere", "/"));
    const Bucket = await t.openBucket();
    t.answers["no-such-website-config"] = asAnswer(await page(t, Bucket, "/"));
    t.answers["no-such-website-config-key"] = asAnswer(await page(t, Bucket, "/some-key"));
  },
};
