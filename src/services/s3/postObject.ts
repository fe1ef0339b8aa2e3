import type { FormFacts, FormRequest } from "../../kit/browsers.ts";
import { fail, invalidArgument } from "./errors.ts";
import { checkPolicy } from "./postPolicy.ts";
import { maxPutBytes } from "./put.ts";

/** An object from a form, as browsers post it. https://docs.aws.amazon.com/AmazonS3/latest/API/RESTObjectPOST.html */

/** Fields that stand for headers of PutObject. */
const headerFields = /^(?:x-amz-.*|cache-control|content-type|content-disposition|content-encoding|expires)$/;
const signatureFields =
  /^x-amz-(?:algorithm|credential|date|signature|security-token|meta-uuid-none|content-sha256|decoded-content-length|trailer)$/;

export function postObject(facts: FormFacts): FormRequest {
  const { path, fields, fileName, isSigned } = facts;
  const bucket = path.split("/")[1] ?? "";
  const key = fields.get("key")?.replaceAll("${filename}", fileName);
  if (key === undefined) {
    throw invalidArgument(
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
      "key",
      "",
    );
  }
  if (key === "") throw invalidArgument("User key must have a length greater than 0.", "key", "");
  const lengths = isSigned
    ? checkPolicy(facts, { bucket, key }, maxPutBytes)
    : { minBytes: 0, maxBytes: maxPutBytes };
  const encodedKey = key.split("/").map(encodeURIComponent).join("/");
  return {
    operation: "PutObject",
    path: `/${bucket}/${encodedKey}`,
    headers: headersOf(fields),
    ...lengths,
    answer: (output) => answerOf(fields, bucket, key, encodedKey, output),
  };
}

function headersOf(fields: FormFacts["fields"]): Record<string, string> {
  const headers: Record<string, string> = {};
  for (const [name, value] of fields) {
    if (headerFields.test(name) && !signatureFields.test(name)) headers[name] = value;
  }
  const acl = fields.get("acl");
  if (acl !== undefined) headers["x-amz-acl"] = acl;
  const tags = fields.get("tagging");
  if (tags !== undefined) headers["x-amz-tagging"] = tagsOf(tags);
  const redirect = fields.get("x-amz-website-redirect-location");
  if (redirect !== undefined) headers["x-amz-website-redirect-location"] = redirect;
  return headers;
}

/** Tags stand in a form as the XML of PutObjectTagging. */
function tagsOf(xml: string): string {
  const tags = new URLSearchParams();
  for (const [, body = ""] of xml.matchAll(/<Tag>(.*?)<\/Tag>/gs)) {
    const key = /<Key>(.*?)<\/Key>/s.exec(body)?.[1];
    if (key === undefined) throw fail("MalformedXML");
    tags.append(unescaped(key), unescaped(/<Value>(.*?)<\/Value>/s.exec(body)?.[1] ?? ""));
  }
  return tags.toString();
}

function unescaped(text: string): string {
  return text
    .replaceAll("&lt;", "<")
    .replaceAll("&gt;", ">")
    .replaceAll("&quot;", '"')
    .replaceAll("&apos;", "'")
    .replaceAll("&amp;", "&");
}

function escaped(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

function answerOf(
  fields: FormFacts["fields"],
  bucket: string,
  key: string,
  encodedKey: string,
  output: Record<string, unknown>,
) {
  const etag = String(output.ETag);
  const Location = `http://${bucket}.s3.amazonaws.com/${encodedKey}`;
  const headers = ["ETag", etag, "Location", Location];
  const redirect = fields.get("success_action_redirect") ?? fields.get("redirect");
  if (redirect !== undefined && /^https?:\/\//i.test(redirect)) {
    const url = new URL(redirect);
    url.searchParams.set("bucket", bucket);
    url.searchParams.set("key", key);
    url.searchParams.set("etag", etag);
    return { status: 303, headers: ["ETag", etag, "Location", url.href], body: "" };
  }
  const status = fields.get("success_action_status");
  if (status === "200") return { status: 200, headers, body: "" };
  if (status !== "201") return { status: 204, headers, body: "" };
  const body = `<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse><Location>${escaped(Location)}</Location><Bucket>${escaped(bucket)}</Bucket><Key>${escaped(key)}</Key><ETag>${escaped(etag)}</ETag></PostResponse>`;
  return { status: 201, headers: [...headers, "Content-Type", "application/xml"], body };
}
