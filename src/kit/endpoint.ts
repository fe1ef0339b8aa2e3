import type { MaybePromise, Reads } from "../storage/store.ts";
import type { Context } from "./context.ts";
import type { AwsError } from "./errors.ts";
import type { Access, Place } from "./service.ts";

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
  /** Name of its events: "InvokeFunctionUrl"; as a function, where it depends on what is asked. */
  name: string | ((asked: EndpointRequest) => string);
  maxBodyBytes: number;
  /** Where a body streams into the byte store, once `access` lets whoever asks: it is `ctx.body`, and `asked.body` is empty. */
  streams?(asked: Omit<EndpointRequest, "body">): { maxBytes: number } | undefined;
  /** Whether the event history shows it; left out, its events are data events. */
  isManagement?(asked: EndpointRequest): boolean;
  /** To whom what is asked belongs; left out, or for what is nobody's, to the caller. */
  locate?(asked: EndpointRequest, tx: Reads): MaybePromise<Place | undefined>;
  /** None, where what is asked proves itself otherwise. */
  access(asked: EndpointRequest, ctx: Context): Promise<Access | Access[]>;
  handle(asked: EndpointRequest, ctx: Context): Promise<EndpointAnswer>;
  refuse(error: AwsError, requestId: string): EndpointAnswer;
}
