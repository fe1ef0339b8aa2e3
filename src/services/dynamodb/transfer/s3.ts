import type { Caller } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { throughDynamodb } from "../encryption.ts";
import type { Failure } from "./tables.ts";

/** S3, called as whoever asked for the job, through DynamoDB. */

/** Calls S3 where the bucket is: it need not be in the table's Region. */
export async function callS3(
  operation: string,
  input: Record<string, unknown>,
  caller: Caller,
  ctx: Context,
  body?: Buffer,
): Promise<Record<string, unknown>> {
  const options = { as: throughDynamodb(caller), account: ctx.account, ...(body && { body }) };
  try {
    return await ctx.call("s3", operation, input, { ...options, region: ctx.region });
  } catch (error) {
    const region = error instanceof AwsError ? error.headers?.["x-amz-bucket-region"] : undefined;
    if (region === undefined || region === ctx.region) throw error;
    return await ctx.call("s3", operation, input, { ...options, region });
  }
}

/** What AWS calls a failure of a job, by S3's code. */
const failureCodes: Readonly<Record<string, string>> = {
  "KMS.NotFoundException": "KmsNotFoundException",
  "KMS.DisabledException": "KmsDisabledException",
};

export function failureOf({ code, message, status = 400 }: AwsError, service: string, ctx: Context): Failure {
  // What the table or its key refuses is named as it is.
  if (/^\w+Exception$/.test(code) && service === "s3") return { code, message };
  const [name, prefix] = service === "s3" ? ["Amazon S3", "S3"] : ["CloudWatchLogs", "CloudWatchLogs"];
  return {
    code: failureCodes[code] ?? `${prefix}${code}`,
    message: `${message} (Service: ${name}; Status Code: ${status}; Error Code: ${code}; Request ID: ${ctx.requestId}; Proxy: null)`,
  };
}
