import type { BrokenLimit } from "../../kit/service.ts";

const tooLongName = /^(?:logGroupName|logStreamName)$/;

/** Deliveries are a newer part of AWS's service, with an error of its own, and its own order of the formats. */
const formats = "enum value set: [w3c, raw, json, plain, parquet]";

/** How this service refuses what breaks the contract's limits: recorded from AWS. */
export function refusesInput(
  broken: readonly BrokenLimit[],
  words: string,
): { code: string; message: string } {
  const code = "InvalidParameterException";
  if (broken.some(({ path }) => path === "outputFormat")) {
    return { code: "ValidationException", message: words.replace(/enum value set: \[[^\]]*\]/, formats) };
  }
  const tooLong = broken.find(
    ({ path, constraint }) => tooLongName.test(path) && constraint.includes("less than or equal to 512"),
  );
  if (tooLong === undefined) return { code, message: words };
  return {
    code,
    message: "Invalid LogGroup or LogStream, both must have length less than or equal to 512.",
  };
}
