import { request } from "node:http";
import { S3, type WebsiteConfiguration } from "@aws-sdk/client-s3";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { optionsOf, startForTest } from "../../../test/harness.ts";
import type { Cloudkeep } from "../../start.ts";

/** Buckets as websites, asked as browsers do. */

let cloudkeep: Cloudkeep;
let s3: S3;
beforeAll(async () => {
  cloudkeep = await startForTest();
  s3 = new S3({ ...optionsOf(cloudkeep, cloudkeep.credentials), forcePathStyle: true });
});
afterAll(() => cloudkeep.stop());

interface Page {
  status: number;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

async function get(
  host: string,
  path: string,
  more: { method?: string; headers?: Record<string, string> } = {},
): Promise<Page> {
  const { hostname, port } = new URL(cloudkeep.endpoint);
  return await new Promise((resolve, reject) => {
    const options = { hostname, port, path, agent: false, ...more, headers: { ...more.headers, host } };
    const call = request(options, (answer) => {
      const pieces: Buffer[] = [];
      answer.on("data", (piece: Buffer) => pieces.push(piece));
      answer.on("end", () =>
        resolve({
          status: answer.statusCode ?? 0,
          headers: answer.headers,
          body: Buffer.concat(pieces).toString(),
        }),
      );
    });
    call.on("error", reject);
    call.end();
  });
}

let made = 0;
/** A website that anybody may read; its host. */
async function site(
  WebsiteConfiguration: WebsiteConfiguration,
  objects: Record<string, string>,
  isPublic = true,
): Promise<{ Bucket: string; host: string }> {
  made += 1;
  const Bucket = `site-${made}`;
  await s3.createBucket({ Bucket });
  await s3.deletePublicAccessBlock({ Bucket });
  const Statement = {
    Effect: "Allow",
    Principal: "*",
    Action: "s3:GetObject",
    Resource: `arn:aws:s3:::${Bucket}/*`,
  };
  const Policy = JSON.stringify({ Version: "2012-10-17", Statement });
  if (isPublic) await s3.putBucketPolicy({ Bucket, Policy });
  await s3.putBucketWebsite({ Bucket, WebsiteConfiguration });
  for (const [Key, Body] of Object.entries(objects)) {
    await s3.putObject({ Bucket, Key, Body, ContentType: "text/html", Metadata: { by: "me" } });
  }
  return { Bucket, host: `${Bucket}.s3-website.us-east-1.localhost` };
}

const IndexDocument = { Suffix: "index.html" };
const pages = {
  "index.html": "home",
  "docs/index.html": "docs",
  "error.html": "sorry",
  "a b.html": "spaced",
};

describe("pages", () => {
  it("are the objects, the index of a folder, or where the folder is", async () => {
    const { host } = await site({ IndexDocument }, pages);
    const home = await get(host, "/");
    expect([home.status, home.body]).toEqual([200, "home"]);
    expect(home.headers).toMatchObject({ "content-type": "text/html", "x-amz-meta-by": "me" });
    expect((await get(host, "/docs/")).body).toBe("docs");
    expect((await get(host, "/a%20b.html")).body).toBe("spaced");
    const folder = await get(host, "/docs");
    expect([folder.status, folder.headers.location]).toEqual([302, "/docs/"]);
    expect(home.headers["content-security-policy"]).toBeUndefined();
  });

  it("have an origin of their own where the bucket stands in the path", async () => {
    const { Bucket } = await site({ IndexDocument }, pages);
    const { body, headers } = await get("localhost", `/_s3-website/${Bucket}/docs/`);
    expect(body).toBe("docs");
    expect(headers["content-security-policy"]).toMatch(/^sandbox (?!.*allow-same-origin)/);
  });

  it("are told by HEAD, in ranges, and under conditions", async () => {
    const { host } = await site({ IndexDocument }, pages);
    const head = await get(host, "/", { method: "HEAD" });
    expect([head.status, head.headers["content-length"], head.body]).toEqual([200, "4", ""]);
    const part = await get(host, "/", { headers: { range: "bytes=1-2" } });
    expect([part.status, part.body, part.headers["content-range"]]).toEqual([206, "om", "bytes 1-2/4"]);
    const known = await get(host, "/", { headers: { "if-none-match": String(head.headers.etag) } });
    expect([known.status, known.body]).toEqual([304, ""]);
  });
});

describe("what is not there", () => {
  it("shows the error document, with the status that it stands for", async () => {
    const { host } = await site({ IndexDocument, ErrorDocument: { Key: "error.html" } }, pages);
    const absent = await get(host, "/absent");
    // Anybody may read, and nobody list: what is not there is refused.
    expect([absent.status, absent.body]).toEqual([403, "sorry"]);
    expect(absent.headers["x-amz-error-code"]).toBe("AccessDenied");
  });

  it("is 404 only where everybody may list the bucket", async () => {
    const { host, Bucket } = await site({ IndexDocument }, pages);
    const Statement = {
      Effect: "Allow",
      Principal: "*",
      Action: ["s3:GetObject", "s3:ListBucket"],
      Resource: [`arn:aws:s3:::${Bucket}/*`, `arn:aws:s3:::${Bucket}`],
    };
    await s3.putBucketPolicy({ Bucket, Policy: JSON.stringify({ Version: "2012-10-17", Statement }) });
    const absent = await get(host, "/%3Cabsent%3E");
    expect(absent.status).toBe(404);
    expect(absent.body).toContain("<li>Key: &lt;absent&gt;</li>");
  });

  it("and a bucket that is not public shows nothing", async () => {
    const { host } = await site({ IndexDocument, ErrorDocument: { Key: "error.html" } }, pages, false);
    const { status, body } = await get(host, "/");
    expect(status).toBe(403);
    expect(body).toContain("<li>Code: AccessDenied</li>\n<li>Message: Access Denied</li>");
    expect(body).toContain("An Error Occurred While Attempting to Retrieve a Custom Error Document");
    // Not even which folders there are.
    expect((await get(host, "/docs")).status).toBe(403);
  });
});

describe("redirects", () => {
  it("send all to another host", async () => {
    const { host } = await site(
      { RedirectAllRequestsTo: { HostName: "example.com", Protocol: "https" } },
      {},
    );
    const { status, headers } = await get(host, "/a/b?c=d");
    expect([status, headers.location]).toEqual([301, "https://example.com/a/b?c=d"]);
  });

  it("follow rules of prefixes and of errors", async () => {
    const { host } = await site(
      {
        IndexDocument,
        RoutingRules: [
          { Condition: { KeyPrefixEquals: "old/" }, Redirect: { ReplaceKeyPrefixWith: "new/" } },
          {
            Condition: { HttpErrorCodeReturnedEquals: "403" },
            Redirect: { HostName: "other.example.com", ReplaceKeyWith: "login", HttpRedirectCode: "307" },
          },
        ],
      },
      pages,
    );
    const moved = await get(host, "/old/a%20b");
    expect([moved.status, moved.headers.location]).toEqual([301, `http://${host}/new/a%20b`]);
    const refused = await get(host, "/absent");
    expect([refused.status, refused.headers.location]).toEqual([307, "http://other.example.com/login"]);
  });

  it("stand with an object", async () => {
    const { host, Bucket } = await site({ IndexDocument }, pages);
    await s3.putObject({ Bucket, Key: "here", WebsiteRedirectLocation: "/there" });
    const { status, headers } = await get(host, "/here");
    expect([status, headers.location]).toEqual([301, "/there"]);
  });
});

it("a page of another site reads what CORS rules let it", async () => {
  const { host, Bucket } = await site({ IndexDocument }, pages);
  const CORSRules = [{ AllowedMethods: ["GET"], AllowedOrigins: ["https://example.com"] }];
  await s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
  const origin = { origin: "https://example.com" };
  expect((await get(host, "/", { headers: origin })).headers).toMatchObject({
    "access-control-allow-origin": "https://example.com",
  });
  const preflight = { ...origin, "access-control-request-method": "GET" };
  expect((await get(host, "/", { method: "OPTIONS", headers: preflight })).status).toBe(200);
  const other = await get(host, "/", { headers: { origin: "https://example.org" } });
  expect(other.headers["access-control-allow-origin"]).toBeUndefined();
});
