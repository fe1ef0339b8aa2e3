import { readFileSync } from "node:fs";
import { buildDirectory } from "../../src/kit/buildFiles.ts";
import { type Contract, type Member, unit } from "../../src/protocols/contract.ts";
import { parseXml, type XmlElement } from "../../src/protocols/xml.ts";
import { XmlReader } from "../../src/protocols/xmlReader.ts";
import type { Credentials } from "../harness.ts";
import { type RawAnswer, send } from "../hostile/raw.ts";
import { type Draft, signed } from "../hostile/sign.ts";

/** SQS by hand over both of its wires; answers in the form of the recordings. */

export type Answer = Record<string, unknown>;
export type Call = (operation: string, input?: Record<string, unknown>) => Promise<Answer>;

const contract = JSON.parse(readFileSync(`${buildDirectory}/contracts/sqs.json`, "utf8")) as Contract;

export interface Server {
  port: number;
  credentials: Credentials;
}

async function post({ port, credentials }: Server, draft: Draft): Promise<RawAnswer> {
  const host = `127.0.0.1:${port}`;
  return await send(port, signed("header", draft, { credentials, service: "sqs", host }));
}

export function jsonWire(server: Server): Call {
  return async (operation, input = {}) => {
    const headers = {
      "content-type": "application/x-amz-json-1.0",
      "x-amz-target": `${contract.target}.${operation}`,
    };
    const body = JSON.stringify(input, (_, value) =>
      value?.type === "Buffer" ? Buffer.from(value.data).toString("base64") : value,
    );
    const answer = await post(server, { method: "POST", path: "/", query: "", headers, body });
    const members = answer.body === "" ? {} : (JSON.parse(answer.body) as Record<string, unknown>);
    const ResponseMetadata = { HTTPHeaders: {}, HTTPStatusCode: answer.status };
    if (answer.status < 300) return { ...members, ResponseMetadata };
    const [Code, Type] = String(answer.headers["x-amzn-query-error"]).split(";");
    const shown = { Code, Message: members.message, QueryErrorCode: members.__type, Type };
    return { Error: shown, ResponseMetadata };
  };
}

/** `post to the queue's own URL`, as clients of this wire do, or to the endpoint. */
export function queryWire(server: Server): Call {
  return async (operation, { QueueUrl, ...input } = {}) => {
    const parameters = new URLSearchParams({ Action: operation, Version: contract.apiVersion });
    const { input: shape = unit, output = unit } = contract.operations[operation] ?? {};
    addStructure(parameters, "", shape, input);
    const path =
      typeof QueueUrl === "string" && QueueUrl.startsWith("http") ? new URL(QueueUrl).pathname : "/";
    if (QueueUrl !== undefined && path === "/") parameters.set("QueueUrl", String(QueueUrl));
    const answer = await post(server, {
      method: "POST",
      path,
      query: "",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: parameters.toString(),
    });
    const root = parseXml(Buffer.from(answer.body));
    const ResponseMetadata = { HTTPHeaders: {}, HTTPStatusCode: answer.status };
    if (answer.status >= 300) {
      const error = child(root, "Error");
      const [Code, Message, Type] = ["Code", "Message", "Type"].map((name) => child(error, name)?.text);
      return { Error: { Code, Message, Type }, ResponseMetadata };
    }
    const result = child(root, `${operation}Result`);
    const members = result && output !== unit ? new XmlReader(contract).reader(output)(result) : {};
    return { ...(members as object), ResponseMetadata };
  };
}

function child(element: XmlElement | undefined, name: string): XmlElement | undefined {
  return element?.children.find((one) => one.name === name);
}

function addStructure(to: URLSearchParams, at: string, shapeName: string, value: object): void {
  const shape = contract.shapes[shapeName];
  if (shape?.type !== "structure") return;
  for (const [name, item] of Object.entries(value)) {
    const member = shape.members[name];
    if (member !== undefined && item !== undefined) add(to, `${at}${member.xmlName ?? name}`, member, item);
  }
}

/** All of SQS's lists and maps are flattened. */
function add(to: URLSearchParams, at: string, { shape: name }: Member, value: unknown): void {
  const shape = contract.shapes[name];
  if (shape?.type === "list") {
    for (const [i, item] of (value as unknown[]).entries()) add(to, `${at}.${i + 1}`, shape.member, item);
  } else if (shape?.type === "map") {
    for (const [i, [key, item]] of Object.entries(value as object).entries()) {
      to.set(`${at}.${i + 1}.${shape.key.xmlName ?? "key"}`, key);
      add(to, `${at}.${i + 1}.${shape.value.xmlName ?? "value"}`, shape.value, item);
    }
  } else if (shape?.type === "structure") addStructure(to, `${at}.`, name, value as object);
  else to.set(at, Buffer.isBuffer(value) ? value.toString("base64") : String(value));
}
