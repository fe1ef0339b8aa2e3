import type { Context } from "../../kit/context.ts";
import type { EndpointRequest } from "../../kit/endpoint.ts";
import type { UrlRow } from "./tables.ts";

/** Requests at a URL as functions get them. https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html#urls-request-payload */

const textTypes =
  /^(?:text\/|application\/(?:json|javascript|xml|x-www-form-urlencoded|[\w.-]+\+(?:json|xml)))/i;

export function eventOf(asked: EndpointRequest, row: UrlRow, ctx: Context): Record<string, unknown> {
  const { cookie, ...headers } = asked.headers as Record<string, string>;
  const cookies = cookie?.split(/;\s*/).filter((one) => one !== "");
  const parameters = queryOf(asked.query);
  const isText = asked.body.length === 0 || textTypes.test(headers["content-type"] ?? "");
  const now = ctx.clock.now();
  const rawPath = decoded(asked.path);
  return {
    version: "2.0",
    routeKey: "$default",
    rawPath,
    rawQueryString: asked.query,
    ...(cookies && cookies.length > 0 && { cookies }),
    headers: {
      ...headers,
      "x-forwarded-for": ctx.request.sourceIp,
      "x-forwarded-proto": ctx.request.secure ? "https" : "http",
    },
    ...(Object.keys(parameters).length > 0 && { queryStringParameters: parameters }),
    requestContext: {
      accountId: row.authType === "AWS_IAM" ? ctx.caller.principal.account : "anonymous",
      apiId: row.urlId,
      ...(row.authType === "AWS_IAM" && { authorizer: { iam: identityOf(ctx) } }),
      domainName: asked.host,
      domainPrefix: row.urlId,
      http: {
        method: asked.method,
        path: rawPath,
        protocol: "HTTP/1.1",
        sourceIp: ctx.request.sourceIp,
        userAgent: ctx.request.userAgent,
      },
      requestId: ctx.requestId,
      routeKey: "$default",
      stage: "$default",
      time: commonTime(now),
      timeEpoch: now,
    },
    ...(asked.body.length > 0 && { body: asked.body.toString(isText ? "utf8" : "base64") }),
    isBase64Encoded: !isText,
  };
}

function decoded(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}

/** Repeated parameters are one, with commas. */
function queryOf(query: string): Record<string, string> {
  const parameters: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const known = Object.hasOwn(parameters, name) ? parameters[name] : undefined;
    Object.defineProperty(parameters, name, {
      value: known === undefined ? value : `${known},${value}`,
      enumerable: true,
      configurable: true,
      writable: true,
    });
  }
  return parameters;
}

function identityOf({ caller }: Context): Record<string, unknown> {
  const { account, arn, userId } = caller.principal;
  return {
    accessKey: caller.accessKeyId ?? null,
    accountId: account,
    callerId: userId,
    cognitoIdentity: null,
    principalOrgId: null,
    userArn: arn,
    userId,
  };
}

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** "12/Mar/2020:19:03:58 +0000" */
function commonTime(ms: number): string {
  const [date = "", time = ""] = new Date(ms).toISOString().split("T");
  const [year, month, day] = date.split("-");
  return `${day}/${months[Number(month) - 1]}/${year}:${time.slice(0, 8)} +0000`;
}
