// A client of the Runtime API, over one connection that is kept: as little as the calls of a function need.
import { connect } from "node:net";

const prefix = "/2018-06-01/runtime";
const endOfHead = Buffer.from("\r\n\r\n");

export class RuntimeClient {
  #host;
  #socket;
  #pending = [];
  #received = Buffer.alloc(0);

  constructor(api) {
    this.#host = api;
    const [host, port] = api.split(":");
    this.#socket = connect({ host, port: Number(port), noDelay: true });
    this.#socket.on("data", (piece) => this.#take(piece));
    this.#socket.on("close", () => process.exit(1));
    this.#socket.on("error", () => process.exit(1));
  }

  /** While the function runs, the connection keeps nothing alive. */
  unref() {
    this.#socket.unref();
  }

  ref() {
    this.#socket.ref();
  }

  async next() {
    const { headers, body } = await this.#ask("GET", "/invocation/next", "");
    return {
      id: headers.get("lambda-runtime-aws-request-id"),
      header: (name) => headers.get(name),
      body: body.toString(),
    };
  }

  respond(id, text) {
    return this.#ask("POST", `/invocation/${id}/response`, text);
  }

  error(id, facts) {
    return this.#ask("POST", `/invocation/${id}/error`, JSON.stringify(facts), facts.errorType);
  }

  initError(facts) {
    return this.#ask("POST", "/init/error", JSON.stringify(facts), facts.errorType);
  }

  #ask(method, path, text, errorType) {
    this.#socket.ref();
    const type = errorType === undefined ? "" : `Lambda-Runtime-Function-Error-Type: ${errorType}\r\n`;
    const size = Buffer.byteLength(text);
    const head = `${method} ${prefix}${path} HTTP/1.1\r\nHost: ${this.#host}\r\n${type}Content-Type: application/json\r\nContent-Length: ${size}\r\n\r\n`;
    this.#socket.write(head + text);
    return new Promise((resolve) => this.#pending.push(resolve));
  }

  #take(piece) {
    this.#received = this.#received.length === 0 ? piece : Buffer.concat([this.#received, piece]);
    for (;;) {
      const end = this.#received.indexOf(endOfHead);
      if (end < 0) return;
      const headers = new Map();
      for (const line of this.#received.toString("latin1", 0, end).split("\r\n").slice(1)) {
        const mark = line.indexOf(":");
        headers.set(line.slice(0, mark).toLowerCase(), line.slice(mark + 1).trim());
      }
      const from = end + endOfHead.length;
      const to = from + Number(headers.get("content-length") ?? 0);
      if (this.#received.length < to) return;
      const body = this.#received.subarray(from, to);
      this.#received = this.#received.subarray(to);
      this.#pending.shift()?.({ headers, body });
    }
  }
}
