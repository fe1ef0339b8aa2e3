/** What browsers send on behalf of pages, for the services that let resources say who may. */

/** A form that a browser posted, its policy's signature proven; its file is still to come. */
export interface FormFacts {
  path: string;
  /** By lower-case name. */
  fields: ReadonlyMap<string, string>;
  fileName: string;
  isSigned: boolean;
  /** Real time: it is signatures that are judged by it. */
  nowMs: number;
}

/** The operation that a form stands for, and how its answer looks. */
export interface FormRequest {
  operation: string;
  path: string;
  headers: Record<string, string>;
  minBytes: number;
  maxBytes: number;
  answer(output: Record<string, unknown>): { status: number; headers: string[]; body: string };
}

/** What a foreign page asks, or what a browser asks before it. */
export interface CrossOriginRequest {
  /** As the service's contract knows it. */
  path: string;
  origin: string;
  method: string;
  /** Headers that the page wants to send; undefined where this is the request itself. */
  headers?: readonly string[] | undefined;
}

/** Headers that let the page in (none where it stays out), or why it is kept out. */
export type CrossOriginAnswer = { headers: string[] } | { refusal: string };
