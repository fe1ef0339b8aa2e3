import type { CORSRule } from "@aws-sdk/client-s3";
import type { Recordings, Scene } from "./s3Scene.ts";

/** Answers recorded of CORS configurations, and of what browsers learn of them, asked again here. */

const put = (t: Scene, Bucket: string, ...CORSRules: CORSRule[]) =>
  t.s3.putBucketCors({ Bucket, CORSConfiguration: { CORSRules } });
const all = { AllowedOrigins: ["*"], AllowedMethods: ["GET"] };

export const corsRecordings: Recordings = {
  async test_get_cors(t) {
    const Bucket = await t.bucket();
    await t.ask("get-cors-no-set", t.s3.getBucketCors({ Bucket }));
    await put(t, Bucket, all);
    await t.ask("get-cors-after-set", t.s3.getBucketCors({ Bucket }));
  },
  async test_put_cors(t) {
    const Bucket = await t.bucket();
    const rule = {
      AllowedOrigins: ["https://test.com", "https://app.test.com", "http://test.com:80"],
      AllowedMethods: ["GET", "PUT", "HEAD"],
      MaxAgeSeconds: 3000,
      AllowedHeaders: ["x-amz-expected-bucket-owner", "x-amz-server-side-encryption-customer-algorithm"],
    };
    await t.ask("put-cors", put(t, Bucket, rule));
    await t.ask("get-cors", t.s3.getBucketCors({ Bucket }));
  },
  async test_put_cors_invalid_rules(t) {
    const Bucket = await t.bucket();
    const AllowedOrigins = ["*", "https://test.com"];
    const AllowedMethods = ["GET", "PUT", "HEAD", "MYMETHOD"];
    await t.ask("put-cors-exc", put(t, Bucket, { AllowedOrigins, AllowedMethods }));
    await t.ask("put-cors-exc-empty", put(t, Bucket));
  },
  async test_put_cors_empty_origin(t) {
    const Bucket = await t.bucket();
    await put(t, Bucket, { AllowedOrigins: [""], AllowedMethods: ["GET", "PUT", "HEAD"] });
    await t.ask("get-cors-empty", t.s3.getBucketCors({ Bucket }));
  },
  async test_delete_cors(t) {
    const Bucket = await t.bucket();
    await put(t, Bucket, all);
    await t.ask("delete-cors", t.s3.deleteBucketCors({ Bucket }));
    await t.ask("get-cors-deleted", t.s3.getBucketCors({ Bucket }));
  },
};

/** The headers of an answer that browsers read, by the names that the recorder gave them. */
const readByBrowsers = [
  "Access-Control-Allow-Credentials",
  "Access-Control-Allow-Headers",
  "Access-Control-Allow-Methods",
  "Access-Control-Allow-Origin",
  "Access-Control-Expose-Headers",
  "Access-Control-Max-Age",
];

/** Sends what a browser would; the status and what it allows. */
async function browse(t: Scene, step: string, path: string, method: string, headers: Record<string, string>) {
  const answer = await fetch(`${t.endpoint}/${path}`, { method, headers });
  await answer.arrayBuffer();
  const Headers = Object.fromEntries(
    readByBrowsers.flatMap((name) => {
      const value = answer.headers.get(name);
      return value === null ? [] : [[name, value]];
    }),
  );
  t.answers[step] = { StatusCode: answer.status, Headers };
}

const rule = {
  AllowedOrigins: ["*"],
  AllowedMethods: ["GET", "PUT"],
  MaxAgeSeconds: 3000,
  AllowedHeaders: ["*"],
};

/** A bucket with an object that all may read. */
async function publicObject(t: Scene, Key: string): Promise<{ Bucket: string; path: string }> {
  const Bucket = await t.openBucket();
  await t.s3.putObject({ Bucket, Key, Body: "test-cors", ACL: "public-read" });
  return { Bucket, path: `${Bucket}/${Key}` };
}

const asked = "Access-Control-Request-Method";

export const browserRecordings: Recordings = {
  async test_cors_options_match_partial_origin(t) {
    const { Bucket } = await publicObject(t, "k");
    await put(t, Bucket, { ...rule, AllowedOrigins: ["http://*.origin.com"] });
    const headers = { Origin: "http://test.origin.com", [asked]: "GET" };
    await browse(t, "options_match_partial_origin", Bucket, "OPTIONS", headers);
  },
  async test_cors_options_fails_partial_origin(t) {
    const { Bucket } = await publicObject(t, "k");
    await put(t, Bucket, { ...rule, AllowedOrigins: ["http://*.origin.com"] });
    const headers = { Origin: "http://test.origin.com/", [asked]: "GET" };
    await browse(t, "options_fails_partial_origin", Bucket, "OPTIONS", headers);
  },
  async test_cors_match_origins(t) {
    const { Bucket, path } = await publicObject(t, "test-cors-123");
    const both = async (step: string, headers: Record<string, string>) => {
      await browse(t, `opt-${step}`, path, "OPTIONS", { ...headers, [asked]: "PUT" });
      await browse(t, `get-${step}`, path, "GET", headers);
    };
    await put(t, Bucket, { ...rule, AllowedOrigins: ["https://localhost:4200"] });
    await both("no-origin", {});
    await both("referer", { referer: "https://localhost:4200" });
    await both("right-origin", { Origin: "https://localhost:4200" });
    await both("wrong-origin", { Origin: "http://localhost:4200" });
    await put(t, Bucket, rule);
    await both("random-wildcard-origin", { Origin: "http://random:1234" });
  },
  async test_cors_match_methods(t) {
    const { Bucket, path } = await publicObject(t, "test-cors-method");
    const Origin = "https://localhost:4200";
    await put(t, Bucket, { ...rule, AllowedOrigins: [Origin], AllowedMethods: ["GET"] });
    await browse(t, "opt-get", path, "OPTIONS", { Origin, [asked]: "GET" });
    await browse(t, "get-wrong-op", path, "GET", { Origin, [asked]: "PUT" });
    await browse(t, "get-op", path, "GET", { Origin });
    await browse(t, "opt-put", `${path}new`, "OPTIONS", { Origin, [asked]: "PUT" });
  },
  async test_cors_match_headers(t) {
    const { Bucket, path } = await publicObject(t, "test-cors-method");
    const Origin = "https://localhost:4200";
    const named = "Access-Control-Request-Headers";
    const preflight = (step: string, headers: string) =>
      browse(t, step, path, "OPTIONS", { Origin, [asked]: "GET", [named]: headers });
    const AllowedHeaders = [
      "x-amz-expected-bucket-owner",
      "x-amz-server-side-encryption-customer-algorithm",
      "x-AMZ-server-SIDE-encryption",
    ];
    const gets = { ...rule, AllowedOrigins: [Origin], AllowedMethods: ["GET"] };
    await put(t, Bucket, gets);
    await preflight("opt-get", "x-amz-request-payer");
    await preflight("opt-get-two", "x-amz-request-payer, x-amz-expected-bucket-owner");
    await put(t, Bucket, { ...gets, AllowedHeaders });
    await t.ask("get-bucket-cors-casing", t.s3.getBucketCors({ Bucket }));
    await preflight("opt-get-non-allowed", "x-amz-request-payer");
    await preflight("opt-get-allowed", "x-amz-expected-bucket-owner");
    const cased = "x-AMZ-expected-BUCKET-owner, x-amz-server-side-encryption";
    await preflight("opt-get-allowed-diff-casing", cased);
    await preflight("opt-get-allowed-no-space", cased.toLowerCase().replace(" ", ""));
    await browse(t, "get-non-allowed-with-acl", path, "GET", { Origin, [named]: "x-amz-request-payer" });
    await browse(t, "get-non-allowed", path, "GET", { Origin, "x-amz-request-payer": "requester" });
  },
  async test_cors_expose_headers(t) {
    const { Bucket, path } = await publicObject(t, "test-cors-expose");
    const ExposeHeaders = ["x-amz-id-2", "x-amz-request-id", "x-amz-request-payer"];
    await put(t, Bucket, { ...all, ExposeHeaders });
    await browse(t, "opt-get", path, "OPTIONS", { Origin: "localhost:4566", [asked]: "GET" });
  },
  async test_put_cors_default_values(t) {
    const { Bucket, path } = await publicObject(t, "test-cors-default");
    await put(t, Bucket, all);
    const headers = { Origin: "localhost:4566", [asked]: "GET" };
    await browse(t, "opt-get", path, "OPTIONS", headers);
    const more = { ...headers, "Access-Control-Request-Headers": "x-amz-request-payer" };
    await browse(t, "opt-get-headers", path, "OPTIONS", more);
  },
};
