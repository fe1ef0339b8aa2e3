/** Recordings of S3 that are not asked again, each with the reason; the first pattern that fits counts. */
export const leftOut: readonly (readonly [names: RegExp, reason: string])[] = [
  [/_lambda_|lambda_arn|dynamodb/, "the answers are those of a function's code"],
  [/set_external_hostname|empty_bucket_fixture/, "about the recorder's own surroundings"],
  [/xray_header/, "no traces are made"],
  [
    /public_access_block_exc|put_object_with_md5_and_chunk_signature|requests_with_acl/,
    "nothing was recorded",
  ],
  [
    /presigned|_sig_s3|sig_param|signature_auth|different_headers|same_header/,
    "about signatures in URLs, which the gateway's tests ask for",
  ],
  [/post_request|post_object|presigned_post/, "about forms, which the gateway's tests send"],
  [/cors_http/, "their requests are not signed and name no step that an SDK can ask"],
  [/continuation_token_safe_chars/, "it holds the recorder's own keys of random texts"],
  [/with_if_modified_since_failed/, "its time is that of the recorder's clock, a second behind"],
];
