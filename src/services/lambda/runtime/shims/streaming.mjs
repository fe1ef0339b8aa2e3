// Handlers that stream what they answer. https://docs.aws.amazon.com/lambda/latest/dg/configuration-response-streaming.html
import { request } from "node:http";
import { Writable } from "node:stream";

const mark = Symbol.for("aws.lambda.runtime.handler.streaming");
const httpType = "application/vnd.awslambda.http-integration-response";

export function installStreaming() {
  globalThis.awslambda = {
    streamifyResponse(handler, options) {
      handler[mark] = "response";
      if (options?.highWaterMark !== undefined)
        handler[Symbol.for("aws.lambda.runtime.handler.streaming.highWaterMark")] = options.highWaterMark;
      return handler;
    },
    HttpResponseStream: {
      from(stream, prelude) {
        stream.setContentType(httpType);
        // Metadata stand before the body, behind which eight zero bytes mark where it begins.
        stream.prelude(JSON.stringify(prelude));
        return stream;
      },
    },
  };
}

export function isStreaming(handler) {
  return handler[mark] === "response";
}

class ResponseStream extends Writable {
  #type = "application/octet-stream";
  #open;
  #posting;
  answered;

  constructor(post) {
    super();
    this.#open = post;
    this.answered = new Promise((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
  }

  setContentType(type) {
    this.#type = type;
  }

  prelude(text) {
    this.write(text);
    this.write(Buffer.alloc(8));
  }

  get posting() {
    this.#posting ??= this.#open(this.#type, this.resolve, this.reject);
    return this.#posting;
  }

  get hasBegun() {
    return this.#posting !== undefined;
  }

  _write(piece, encoding, done) {
    this.posting.write(typeof piece === "string" ? Buffer.from(piece, encoding) : piece, done);
  }

  _final(done) {
    this.posting.end();
    done();
  }

  /** Ends a body that has begun with what went wrong. */
  abort(facts) {
    this.posting.addTrailers({
      "Lambda-Runtime-Function-Error-Type": facts.errorType,
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(facts)).toString("base64"),
    });
    this.posting.end();
  }
}

/** Runs a streaming handler; what it throws before its first byte is an error like any other. */
export async function runStreaming(handler, event, context, api, shown) {
  const [host, port] = api.split(":");
  const stream = new ResponseStream((type, resolve, reject) => {
    const posting = request({
      host,
      port,
      method: "POST",
      path: `/2018-06-01/runtime/invocation/${context.awsRequestId}/response`,
      headers: {
        "Content-Type": type,
        "Lambda-Runtime-Function-Response-Mode": "streaming",
        "Transfer-Encoding": "chunked",
        Trailer: "Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body",
      },
    });
    posting.on("response", (response) => {
      response.resume();
      response.on("end", resolve);
    });
    posting.on("error", reject);
    return posting;
  });
  try {
    await handler(event, stream, context);
  } catch (error) {
    if (!stream.hasBegun) throw error;
    stream.abort(shown(error));
    return await stream.answered;
  }
  if (!stream.writableEnded) stream.end();
  await stream.answered;
}
