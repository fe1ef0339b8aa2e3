import { MalformedPolicy, parsePolicy } from "../../policy/index.ts";
import { validation } from "./words.ts";

/** Policies of tables and streams: up to 20 KB. */
const maxPolicyBytes = 20 * 1024;

export function checkPolicy(document: string): void {
  if (Buffer.byteLength(document) > maxPolicyBytes) {
    throw validation(`Resource policy size exceeded the maximum limit of ${maxPolicyBytes} bytes`);
  }
  try {
    parsePolicy(document, "resource");
  } catch (error) {
    if (!(error instanceof MalformedPolicy)) throw error;
    throw validation(`Invalid policy document: ${error.message}`);
  }
}
