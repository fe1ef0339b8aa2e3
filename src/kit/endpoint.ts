import type { Context } from "./context.ts";
import type { AwsError } from "./errors.ts";
import type { Access } from "./service.ts";

/**
 * An address that belongs to a customer's resource (a function's URL): whatever is asked there is one call of one
 * operation, which no contract describes. It takes the same path: proven, authorized, recorded.
 */

export interface EndpointRequest {
  /** Id of the resource, as the address names it. */
  id: string;
  method: string;
  /** Behind the id, where that stands in the path; percent-encoded. */
  path: string;
  query: string;
  host: string;
  headers: Readonly<Record<string, string | undefined>>;
  body: Buffer;
}

export interface EndpointAnswer {
  status: number;
  /** Names and values by turns. */
  headers: string[];
  body: Buffer | string | AsyncIterable<Buffer>;
}

export interface Endpoint {
  /** Name of its events: "InvokeFunctionUrl". */
  name: string;
  maxBodyBytes: number;
  access(asked: EndpointRequest, ctx: Context): Promise<Access>;
  handle(asked: EndpointRequest, ctx: Context): Promise<EndpointAnswer>;
  refuse(error: AwsError, requestId: string): EndpointAnswer;
}
