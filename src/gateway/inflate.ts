import { constants, gunzipSync } from "node:zlib";
import type { Protocol } from "../protocols/contract.ts";
import { maxBodyBytes } from "./body.ts";
import { Refused } from "./refuse.ts";

/** Under REST protocols the coding belongs to what is stored (an S3 object), and stays. */
const keepsCoding: ReadonlySet<Protocol> = new Set<Protocol>(["restXml", "restJson1"]);

/**
 * The body as it was before its client compressed it: SDKs do so with large bodies of some operations
 * (PutMetricData). Only of callers who have proved themselves, and no larger than any body may be.
 */
export function inflated(body: Buffer, coding: string | undefined, protocol: Protocol): Buffer {
  if (coding?.toLowerCase() !== "gzip" || keepsCoding.has(protocol)) return body;
  try {
    return gunzipSync(body, { maxOutputLength: maxBodyBytes, finishFlush: constants.Z_FINISH });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE")
      throw new Refused("tooLarge", `Request size exceeded ${maxBodyBytes} bytes`);
    throw new Refused("validation", "The request body is not in gzip format.");
  }
}
