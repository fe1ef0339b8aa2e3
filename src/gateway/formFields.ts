import { AwsError } from "../kit/errors.ts";
import { piecesOf } from "./body.ts";
import type { Exchange } from "./exchange.ts";

/** Forms that browsers post with a file. https://www.rfc-editor.org/rfc/rfc7578 */

/** Everything before the file. */
const maxFieldsBytes = 20 * 1024;

export interface Form {
  /** By lower-case name. */
  fields: ReadonlyMap<string, string>;
  fileName: string;
  /** The file, which comes last. */
  file: AsyncIterable<Buffer>;
}

const malformed = () =>
  new AwsError(
    "MalformedPOSTRequest",
    "The body of your POST request is not well-formed multipart/form-data.",
    { status: 400 },
  );

/** Reads a form up to its file; what follows the file is ignored, as S3 ignores it. */
export async function readForm(exchange: Exchange): Promise<Form> {
  const boundary = /;\s*boundary=(?:"([^"]{1,70})"|([^\s;]{1,70}))/i.exec(
    exchange.headers["content-type"] ?? "",
  );
  if (boundary === null) throw malformed();
  exchange.proceed();
  const reader = new Reader(piecesOf(exchange.request), `\r\n--${boundary[1] ?? boundary[2] ?? ""}`);
  const fields = new Map<string, string>();
  await reader.begin();
  for (;;) {
    const head = await reader.head();
    if (head === undefined)
      throw new AwsError("InvalidArgument", "POST requires exactly one file upload per request.", {
        status: 400,
        members: { ArgumentName: "file", ArgumentValue: 0 },
      });
    const disposition = /^content-disposition:\s*form-data;(.*)$/im.exec(head)?.[1] ?? "";
    const name = /\bname="([^"]*)"/.exec(disposition)?.[1]?.toLowerCase();
    if (name === undefined) throw malformed();
    if (name === "file") {
      const fileName = /\bfilename="([^"]*)"/.exec(disposition)?.[1] ?? "";
      return { fields, fileName, file: reader.rest() };
    }
    const value = await reader.value();
    if (!fields.has(name)) fields.set(name, value);
  }
}

/** Reads parts between delimiters. */
class Reader {
  readonly #pieces: AsyncIterator<Buffer>;
  readonly #delimiter: Buffer;
  /** The first delimiter has no line end before it. */
  #buffer: Buffer = Buffer.from("\r\n");
  #taken = 0;

  constructor(pieces: AsyncIterable<Buffer>, delimiter: string) {
    this.#pieces = pieces[Symbol.asyncIterator]();
    this.#delimiter = Buffer.from(delimiter, "latin1");
  }

  async #more(): Promise<boolean> {
    const { done, value } = await this.#pieces.next();
    if (done) return false;
    this.#buffer = this.#buffer.length === 0 ? value : Buffer.concat([this.#buffer, value]);
    return true;
  }

  /** Bytes up to a mark, the mark taken with them. */
  async #upTo(mark: Buffer): Promise<Buffer> {
    for (;;) {
      const at = this.#buffer.indexOf(mark);
      if (at >= 0) {
        const bytes = this.#buffer.subarray(0, at);
        this.#buffer = this.#buffer.subarray(at + mark.length);
        this.#taken += at + mark.length;
        if (this.#taken > maxFieldsBytes) throw tooLarge();
        return bytes;
      }
      if (this.#taken + this.#buffer.length > 2 * maxFieldsBytes) throw tooLarge();
      if (!(await this.#more())) throw malformed();
    }
  }

  async begin(): Promise<void> {
    await this.#upTo(this.#delimiter);
  }

  /** Headers of the next part; undefined behind the last. */
  async head(): Promise<string | undefined> {
    while (this.#buffer.length < 2) if (!(await this.#more())) throw malformed();
    if (this.#buffer.toString("latin1", 0, 2) === "--") return undefined;
    return (await this.#upTo(Buffer.from("\r\n\r\n"))).toString("utf8");
  }

  async value(): Promise<string> {
    return (await this.#upTo(this.#delimiter)).toString("utf8");
  }

  /** The bytes of the last part, as they come. */
  async *rest(): AsyncGenerator<Buffer> {
    const held = this.#delimiter.length - 1;
    for (;;) {
      const at = this.#buffer.indexOf(this.#delimiter);
      if (at >= 0) {
        if (at > 0) yield this.#buffer.subarray(0, at);
        // Read to the end, so that the connection can carry a next request.
        while (!(await this.#pieces.next()).done);
        return;
      }
      if (this.#buffer.length > held) {
        const ready = this.#buffer.length - held;
        yield this.#buffer.subarray(0, ready);
        this.#buffer = this.#buffer.subarray(ready);
      }
      if (!(await this.#more())) throw malformed();
    }
  }
}

function tooLarge(): AwsError {
  return new AwsError(
    "MaxPostPreDataLengthExceededError",
    "Your POST request fields preceding the upload file were too large.",
    { status: 400 },
  );
}
