/** What services show to everybody by path, unsigned: documents, and pages with small forms. */

export interface PublicRequest {
  method: "GET" | "POST";
  /** Without its port. */
  host: string;
  path: string;
  query: URLSearchParams;
  /** Fields of the form that was sent; of a GET, none. */
  form: URLSearchParams;
  cookies: ReadonlyMap<string, string>;
}

export interface PublicDocument {
  /** Left out, 200. */
  status?: number;
  contentType: string;
  body: string | Buffer | AsyncIterable<Buffer>;
  /** Further headers: name and value. */
  headers?: readonly (readonly [name: string, value: string])[];
}
