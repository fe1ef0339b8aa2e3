import { invalid } from "../refusals.ts";
import { filterNames } from "./indexes.ts";

/** Filters of ListUsers: one attribute, that is or begins with a value. */

export interface Filter {
  name: string;
  isPrefix: boolean;
  value: string;
}

const form = /^\s*"?([\w:]+)"?\s*(=|\^=)\s*"((?:[^"\\]|\\.)*)"\s*$/s;

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_ListUsers.html */
export function filterOf(text: string): Filter {
  const match = form.exec(text);
  if (match === null) throw invalid("Error while parsing filter.");
  const [, name = "", operator, quoted = ""] = match;
  if (!filterNames.has(name)) throw invalid(`Invalid search attribute: ${name}`);
  return { name, isPrefix: operator === "^=", value: quoted.replace(/\\(.)/gs, "$1") };
}
