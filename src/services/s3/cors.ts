import type { CORSConfiguration, CORSRule } from "@aws-sdk/client-s3";
import type { CrossOriginAnswer, CrossOriginRequest } from "../../kit/browsers.ts";
import type { Reads } from "../../storage/store.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidRequest } from "./errors.ts";
import { findBucket } from "./find.ts";
import { isBucketName } from "./names.ts";
import { buckets, configurations } from "./tables.ts";

/** Which foreign pages may read a bucket. https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html */

const methods = ["GET", "PUT", "HEAD", "POST", "DELETE"];
const maxRules = 100;

function checkRules(rules: readonly CORSRule[]): void {
  if (rules.length === 0 || rules.length > maxRules) throw fail("MalformedXML");
  for (const { AllowedMethods = [], AllowedOrigins = [], AllowedHeaders = [] } of rules) {
    if (AllowedMethods.length === 0 || AllowedOrigins.length === 0) throw fail("MalformedXML");
    const unknown = AllowedMethods.find((method) => !methods.includes(method));
    if (unknown !== undefined) {
      throw invalidRequest(`Found unsupported HTTP method in CORS config. Unsupported method is ${unknown}`);
    }
    const starred = [...AllowedOrigins, ...AllowedHeaders].find((one) => one.split("*").length > 2);
    if (starred !== undefined) {
      throw invalidRequest(`AllowedOrigin "${starred}" can not have more than one wildcard.`);
    }
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketCors.html */
export const putBucketCors = s3.operation("PutBucketCors", {
  access: onBucket("PutBucketCORS"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    checkRules(input.CORSConfiguration.CORSRules);
    writeDocument(bucket.name, "cors", input.CORSConfiguration, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketCors.html */
export const getBucketCors = s3.operation("GetBucketCors", {
  access: onBucket("GetBucketCORS"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    const document = await readDocument<CORSConfiguration>(name, "cors", ctx);
    if (document === undefined) throw fail("NoSuchCORSConfiguration", { members: { BucketName: name } });
    return document;
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketCors.html */
export const deleteBucketCors = s3.operation("DeleteBucketCors", {
  access: onBucket("PutBucketCORS"),
  async handle(input, ctx) {
    deleteDocument((await findBucket(input, ctx)).name, "cors", ctx);
    return {};
  },
});

const notAllowed =
  "CORSResponse: This CORS request is not allowed. This is usually because the evalution of Origin, request method / Access-Control-Request-Method or Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.";

/** What a bucket answers to a page from elsewhere; undefined where there is no such bucket. */
export async function crossOrigin(
  asked: CrossOriginRequest,
  tx: Reads,
): Promise<CrossOriginAnswer | undefined> {
  const bucket = asked.path.split("/", 2)[1] ?? "";
  if (!isBucketName(bucket) || (await buckets.get(tx, bucket)) === undefined) return undefined;
  const row = await configurations.get(tx, bucket, "cors", "");
  if (row === undefined) return { refusal: "CORSResponse: CORS is not enabled for this bucket." };
  const { CORSRules = [] } = row.document as { CORSRules?: CORSRule[] };
  const rule = CORSRules.find((one) => lets(one, asked));
  return rule === undefined ? { refusal: notAllowed } : { headers: headersOf(rule, asked) };
}

function headersOf(rule: CORSRule, { origin, headers: wanted = [] }: CrossOriginRequest): string[] {
  const isAnybody = rule.AllowedOrigins?.includes("*") ?? false;
  const headers = [
    "Access-Control-Allow-Origin",
    isAnybody ? "*" : origin,
    "Access-Control-Allow-Methods",
    (rule.AllowedMethods ?? []).join(", "),
    "Vary",
    "Origin, Access-Control-Request-Headers, Access-Control-Request-Method",
  ];
  if (!isAnybody) headers.push("Access-Control-Allow-Credentials", "true");
  if (wanted.length > 0) headers.push("Access-Control-Allow-Headers", wanted.join(", ").toLowerCase());
  if (rule.ExposeHeaders?.length)
    headers.push("Access-Control-Expose-Headers", rule.ExposeHeaders.join(", "));
  if (rule.MaxAgeSeconds !== undefined) headers.push("Access-Control-Max-Age", String(rule.MaxAgeSeconds));
  return headers;
}

function lets(rule: CORSRule, { origin, method, headers = [] }: CrossOriginRequest): boolean {
  const { AllowedOrigins = [], AllowedMethods = [], AllowedHeaders = [] } = rule;
  return (
    AllowedMethods.includes(method) &&
    AllowedOrigins.some((one) => fits(one, origin)) &&
    headers.every((header) => AllowedHeaders.some((one) => fits(one.toLowerCase(), header.toLowerCase())))
  );
}

/** One wildcard at most stands in a pattern. */
function fits(pattern: string, text: string): boolean {
  const at = pattern.indexOf("*");
  if (at < 0) return pattern === text;
  const [before, after] = [pattern.slice(0, at), pattern.slice(at + 1)];
  return text.length >= before.length + after.length && text.startsWith(before) && text.endsWith(after);
}
