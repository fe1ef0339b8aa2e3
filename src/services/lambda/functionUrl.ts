import type { Context } from "../../kit/context.ts";
import type { Endpoint, EndpointAnswer, EndpointRequest } from "../../kit/endpoint.ts";
import { AwsError } from "../../kit/errors.ts";
import type { Access } from "../../kit/service.ts";
import { answerOf, streamedAnswer } from "./functionUrlAnswer.ts";
import { corsHeaders, preflight } from "./functionUrlCors.ts";
import { eventOf } from "./functionUrlEvent.ts";
import { documentOf, type FunctionName, functionArn, policyOf } from "./names.ts";
import { maxSyncPayloadBytes, runAndWait } from "./run.ts";
import { functions, type UrlRow, urlIds, urls } from "./tables.ts";

/**
 * Functions, asked at their URLs. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html
 */

interface Found {
  named: FunctionName;
  row: UrlRow;
}

async function find(id: string, ctx: Context): Promise<Found | undefined> {
  const target = await urlIds.get(ctx.tx, id);
  if (target === undefined) return undefined;
  const { account, region, name, qualifier } = target;
  const row = await urls.get(ctx.tx, account, region, name, qualifier);
  return (
    row && { named: { account, region, name, qualifier: qualifier === "" ? undefined : qualifier }, row }
  );
}

/** A browser asks beforehand, and the function's settings answer: nothing is invoked. */
function isPreflight({ method, headers }: EndpointRequest, { row }: Found): boolean {
  return method === "OPTIONS" && row.cors !== undefined && headers.origin !== undefined;
}

export const functionUrl: Endpoint = {
  name: "InvokeFunctionUrl",
  maxBodyBytes: maxSyncPayloadBytes,

  async access(asked, ctx): Promise<Access> {
    const found = await find(asked.id, ctx);
    // Nobody may invoke what is not there: it is refused in the words of what may not be invoked.
    if (found === undefined)
      return {
        action: "lambda:InvokeFunctionUrl",
        resource: functionArn({ account: ctx.account, region: ctx.region, name: "*" }),
      };
    const { named, row } = found;
    const policy = await policyOf(named, ctx);
    const resource = functionArn(named, named.qualifier);
    const { tags = {} } = (await functions.get(ctx.tx, named.account, named.region, named.name)) ?? {};
    return {
      action: "lambda:InvokeFunctionUrl",
      resource,
      resourceAccount: named.account,
      resourceType: "AWS::Lambda::Function",
      resourceTags: tags,
      resourcePolicy: policy && { name: resource, document: documentOf(policy), kind: "resource" },
      ...(isPreflight(asked, found) && { extraAllow: { kind: "service", name: "CORS" } as const }),
      context: { "lambda:FunctionUrlAuthType": row.authType, "lambda:FunctionArn": functionArn(named) },
    };
  },

  async handle(asked, ctx): Promise<EndpointAnswer> {
    const found = await find(asked.id, ctx);
    if (found === undefined) throw forbidden();
    const { named, row } = found;
    if (isPreflight(asked, found)) return preflight(asked, row.cors ?? {});
    if (row.authType === "AWS_IAM" && ctx.caller.principal.kind === "anonymous") throw forbidden();
    const payload = Buffer.from(JSON.stringify(eventOf(asked, row, ctx)));
    const streams = row.invokeMode === "RESPONSE_STREAM";
    const execution = await runAndWait(
      named,
      { payload, streams },
      ctx,
      ({ isDone, stream }) => isDone || stream !== undefined,
    );
    const answer = streams
      ? await streamedAnswer(execution, ctx.requestId)
      : answerOf(execution, ctx.requestId);
    const dimensions = { FunctionName: named.name };
    ctx.metric({ namespace: "AWS/Lambda", name: "UrlRequestCount", dimensions, value: 1 });
    return { ...answer, headers: [...answer.headers, ...corsHeaders(asked, row.cors)] };
  },

  refuse(error, requestId): EndpointAnswer {
    const isDenied =
      /AccessDenied|MissingAuthenticationToken|UnrecognizedClient|InvalidSignature|Signature/.test(
        error.code,
      );
    const status = isDenied ? 403 : error.code === "TooManyRequestsException" ? 429 : (error.status ?? 502);
    const Message = isDenied
      ? forbidden().message
      : status === 429
        ? "Rate Exceeded."
        : status === 413
          ? "Request Entity Too Large"
          : "Internal Server Error";
    const body = JSON.stringify({ Message });
    const type = isDenied ? "AccessDeniedException" : error.code;
    const headers = ["Content-Type", "application/json", "Content-Length", String(Buffer.byteLength(body))];
    return { status, headers: [...headers, "x-amzn-RequestId", requestId, "x-amzn-ErrorType", type], body };
  },
};

function forbidden(): AwsError {
  return new AwsError(
    "AccessDeniedException",
    "Forbidden. For troubleshooting Function URL authorization issues, see: https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html",
    { status: 403 },
  );
}
