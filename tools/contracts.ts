/**
 * Writes `build/contracts/<service>.json` (wire contract) and `<service>.d.ts` (its types) for every service in
 * the table below. Run: `node --import tsx tools/contracts.ts`. Does nothing when its inputs have not changed.
 *
 * To add a service: install its `@aws-sdk/client-*` as a devDependency, put its facts into
 * `contracts/limits/<service>.json`, add a line to the table.
 */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { type Contract, type Protocol, unit } from "../src/protocols/contract.ts";
import { type Facts, Join } from "./contracts/join.ts";
import type { LimitFile } from "./contracts/schemas.ts";

interface Row {
  /** Folder under `src/services/` and file in `contracts/limits/`. */
  service: string;
  /** npm package without its scope. */
  client: string;
  /** What AWS answers, preferred first: the SDK's own protocol is not the only one. */
  protocols: Protocol[];
  terseValidation?: true;
  bareErrors?: true;
  /** Of the query protocol, where the SDK no longer speaks it. */
  xmlNamespace?: string;
  testOnly?: true;
  /** Operations that AWS takes unsigned, though its models do not say so: links in messages lead to them. */
  unsigned?: string[];
  /** Enumerations that AWS does not hold its input against: the service says itself what it does not take. */
  openEnums?: string[];
  /** Shapes that the service itself reads and writes, as they are in JSON: no copy is made of them. */
  documents?: string[];
}

const table: Row[] = [
  { service: "iam", client: "client-iam", protocols: ["awsQuery"], terseValidation: true },
  { service: "sts", client: "client-sts", protocols: ["awsQuery"] },
  { service: "kms", client: "client-kms", protocols: ["awsJson1_1"] },
  { service: "organizations", client: "client-organizations", protocols: ["awsJson1_1"] },
  { service: "cloudtrail", client: "client-cloudtrail", protocols: ["awsJson1_1"] },

  {
    service: "s3",
    client: "client-s3",
    protocols: ["restXml"],
    bareErrors: true,
    openEnums: ["BucketLocationConstraint", "BucketLogsPermission", "FilterRuleName", "Protocol"],
  },
  {
    service: "sqs",
    client: "client-sqs",
    protocols: ["awsJson1_0", "awsQuery"],
    xmlNamespace: "http://queue.amazonaws.com/doc/2012-11-05/",
  },
  {
    service: "sns",
    client: "client-sns",
    protocols: ["awsQuery"],
    unsigned: ["ConfirmSubscription", "Unsubscribe"],
  },
  { service: "events", client: "client-eventbridge", protocols: ["awsJson1_1"] },
  { service: "scheduler", client: "client-scheduler", protocols: ["restJson1"] },
  { service: "cognito-identity", client: "client-cognito-identity", protocols: ["awsJson1_1"] },
  { service: "cognito-idp", client: "client-cognito-identity-provider", protocols: ["awsJson1_1"] },
  { service: "logs", client: "client-cloudwatch-logs", protocols: ["awsJson1_1"] },
  {
    service: "cloudwatch",
    client: "client-cloudwatch",
    protocols: ["awsJson1_0", "rpcv2Cbor", "awsQuery"],
  },

  {
    service: "dynamodb",
    client: "client-dynamodb",
    protocols: ["awsJson1_0"],
    documents: [
      "AttributeValue",
      "AttributeMap",
      "Key",
      "ItemList",
      "PutItemInputAttributeMap",
      "ExpressionAttributeValueMap",
    ],
  },
  {
    service: "dynamodbstreams",
    client: "client-dynamodb-streams",
    protocols: ["awsJson1_0"],
    documents: ["AttributeValue", "AttributeMap"],
  },
  { service: "firehose", client: "client-firehose", protocols: ["awsJson1_1"] },
  { service: "lambda", client: "client-lambda", protocols: ["restJson1"] },
  { service: "ec2", client: "client-ec2", protocols: ["ec2Query"], testOnly: true },
  { service: "kinesis", client: "client-kinesis", protocols: ["awsJson1_1", "awsCbor1_1", "rpcv2Cbor"] },
];

const root = fileURLToPath(new URL("..", import.meta.url));
const output = join(root, "build/contracts");
const stampFile = join(output, "stamp");

/** Changes when a source of any contract does: the tool, the limits, an installed client. */
function stamp(): string {
  const tools = readdirSync(join(root, "tools/contracts")).map((file) => `tools/contracts/${file}`);
  const sources = ["tools/contracts.ts", ...tools];
  for (const { service, client } of table) {
    sources.push(`contracts/limits/${service}.json`, `node_modules/@aws-sdk/${client}/package.json`);
  }
  const hash = createHash("sha256");
  for (const source of sources) {
    const { mtimeMs, size } = statSync(join(root, source));
    hash.update(`${source} ${mtimeMs} ${size}\n`);
  }
  return hash.digest("hex");
}

function isFresh(current: string): boolean {
  if (!existsSync(stampFile) || readFileSync(stampFile, "utf8") !== current) return false;
  return table.every(
    ({ service, testOnly }) =>
      existsSync(join(output, `${service}.json`)) &&
      (testOnly || existsSync(join(output, `${service}.d.ts`))),
  );
}

interface RuntimeConfig {
  serviceId: string;
  apiVersion: string;
  protocolSettings: { xmlNamespace?: string; serviceTarget: string; awsQueryCompatible?: boolean };
}

async function build(row: Row): Promise<Contract> {
  const client = join(root, "node_modules/@aws-sdk", row.client);
  const limits = JSON.parse(
    readFileSync(join(root, `contracts/limits/${row.service}.json`), "utf8"),
  ) as LimitFile;
  for (const name of row.openEnums ?? []) delete limits.shapes[name]?.enum;
  const load = async (path: string) =>
    (await import(pathToFileURL(join(client, "dist-es", path)).href)) as Record<string, unknown>;
  const runtime = await load("runtimeConfig.shared.js");
  const config = (runtime.getRuntimeConfig as (config: object) => RuntimeConfig)({});
  const endpoint = readFileSync(join(client, "dist-es/endpoint/bdd.js"), "utf8");
  const parameters = readFileSync(join(client, "dist-es/endpoint/EndpointParameters.js"), "utf8");
  const signingName = /defaultSigningName: "([^"]+)"/.exec(parameters)?.[1];
  const hosts = [...endpoint.matchAll(/https:\/\/([a-z][a-z0-9-]*)\./g)].map((match) => match[1] as string);
  const endpointPrefix = hosts.find((host) => !host.includes("fips"));
  if (!signingName || !endpointPrefix) throw new Error(`${row.client}: no signing name or host`);
  const facts: Facts = {
    service: row.service,
    sdkId: config.serviceId,
    apiVersion: config.apiVersion,
    signingName,
    endpointPrefix,
    target: config.protocolSettings.serviceTarget,
    xmlNamespace: row.xmlNamespace ?? config.protocolSettings.xmlNamespace ?? "",
    protocols: row.protocols,
    ...(config.protocolSettings.awsQueryCompatible && { queryCompatible: true as const }),
    ...(row.terseValidation && { terseValidation: true as const }),
    ...(row.bareErrors && { bareErrors: true as const }),
    ...(row.testOnly && { testOnly: true as const }),
  };
  const speaksQuery = facts.queryCompatible === true || row.protocols.includes("awsQuery");
  const joined = new Join(await load("schemas/schemas_0.js"), limits, speaksQuery);
  const operations = joined.operations();
  for (const name of row.unsigned ?? []) Object.assign(operations[name] ?? {}, { unsigned: true });
  for (const name of row.documents ?? []) joined.shapes[name] = { type: "document" };
  return { ...facts, operations, shapes: joined.shapes };
}

/** The interfaces that a client package exports for its shapes. */
function exportedTypes(client: string): Set<string> {
  const models = join(root, "node_modules/@aws-sdk", client, "dist-types/models");
  const names = new Set<string>();
  for (const file of readdirSync(models)) {
    if (!/^models_\d+\.d\.ts$/.test(file)) continue;
    const source = readFileSync(join(models, file), "utf8");
    for (const match of source.matchAll(/^export (?:interface|type|declare type) (\w+)/gm)) {
      names.add(match[1] as string);
    }
  }
  return names;
}

function typing(row: Row, contract: Contract): string {
  const types = exportedTypes(row.client);
  const typeOf = (shape: string, operation: string, side: "Input" | "Output") => {
    if (shape === unit) return "{}";
    if (types.has(shape)) return `m.${shape}`;
    return `Omit<m.${operation}Command${side}, "$metadata">`;
  };
  const lines = Object.entries(contract.operations).map(([name, operation]) => {
    const errors = operation.errors.map((error) => JSON.stringify(error)).join(" | ") || "never";
    return [
      `  ${name}: {`,
      `    input: Input<${typeOf(operation.input, name, "Input")}>;`,
      `    output: ${typeOf(operation.output, name, "Output")};`,
      `    errors: ${errors};`,
      "  };",
    ].join("\n");
  });
  return [
    `// Generated by tools/contracts.ts from @aws-sdk/${row.client} and contracts/limits/${row.service}.json.`,
    `import type * as m from "@aws-sdk/${row.client}";`,
    'import type { Input } from "../../src/protocols/input.ts";',
    "",
    "export interface Operations {",
    ...lines,
    "}",
    "",
  ].join("\n");
}

async function main(): Promise<void> {
  const current = stamp();
  if (isFresh(current)) return;
  mkdirSync(output, { recursive: true });
  for (const row of table) {
    const contract = await build(row);
    writeFileSync(join(output, `${row.service}.json`), JSON.stringify(contract));
    if (!row.testOnly) writeFileSync(join(output, `${row.service}.d.ts`), typing(row, contract));
  }
  writeFileSync(stampFile, current);
}

await main();
