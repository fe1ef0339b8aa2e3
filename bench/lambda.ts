/** Lambda: warm and cold invocations of a function of Node that answers its event. Run: `node --import tsx bench/lambda.ts`. */

import { crc32, deflateRawSync } from "node:zlib";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { Lambda } from "@aws-sdk/client-lambda";
import { runLoad } from "./load.ts";
import { type CloudkeepServer, removeData, startCloudkeepProcess } from "./processes.ts";
import { requestMaker } from "./signed.ts";

const region = "us-east-1";
const count = Number(process.env.BENCH_COUNT ?? 10_000);
const coldStarts = Number(process.env.BENCH_COLD ?? 20);
const bars = { warmP50Ms: 4, perSecond: 1_000, coldP50Ms: 200 };

/** A zip archive of one file. */
function zipOf(name: string, text: string): Buffer {
  const packed = deflateRawSync(text);
  const facts = Buffer.alloc(26);
  facts.writeUInt16LE(20, 0);
  facts.writeUInt16LE(8, 4);
  facts.writeUInt32LE(crc32(text), 10);
  facts.writeUInt32LE(packed.length, 14);
  facts.writeUInt32LE(Buffer.byteLength(text), 18);
  facts.writeUInt16LE(name.length, 22);
  const local = Buffer.concat([Buffer.from("504b0304", "hex"), facts, Buffer.from(name), packed]);
  const index = Buffer.concat([
    Buffer.from("504b01021403", "hex"),
    facts,
    Buffer.alloc(14),
    Buffer.from(name),
  ]);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(1, 8);
  end.writeUInt16LE(1, 10);
  end.writeUInt32LE(index.length, 12);
  end.writeUInt32LE(local.length, 16);
  return Buffer.concat([local, index, end]);
}

const echo = zipOf("index.mjs", "export const handler = async (event) => event;");

async function roleOf({ port, credentials }: CloudkeepServer): Promise<string> {
  const iam = new IAMClient({ endpoint: `http://127.0.0.1:${port}`, region, credentials });
  const policy = (statement: object) =>
    JSON.stringify({ Version: "2012-10-17", Statement: [{ Effect: "Allow", ...statement }] });
  const trust = policy({ Principal: { Service: "lambda.amazonaws.com" }, Action: "sts:AssumeRole" });
  const made = await iam.send(new CreateRoleCommand({ RoleName: "bench", AssumeRolePolicyDocument: trust }));
  const PolicyDocument = policy({ Action: "logs:*", Resource: "*" });
  await iam.send(new PutRolePolicyCommand({ RoleName: "bench", PolicyName: "logs", PolicyDocument }));
  return made.Role?.Arn ?? "";
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

const server = await startCloudkeepProcess();
try {
  const { port, credentials } = server;
  const lambda = new Lambda({ endpoint: `http://127.0.0.1:${port}`, region, credentials, maxAttempts: 1 });
  const Role = await roleOf(server);
  const make = async (FunctionName: string) => {
    const rest = { Runtime: "nodejs20.x" as const, Handler: "index.handler", Code: { ZipFile: echo } };
    await lambda.createFunction({ FunctionName, Role, ...rest });
    return requestMaker({ port, service: "lambda", credentials }).rest(
      "POST",
      `/2015-03-31/functions/${FunctionName}/invocations`,
      Buffer.from('{"hello":"world"}'),
    );
  };
  const cold: number[] = [];
  for (let i = 0; i < coldStarts; i += 1) {
    const request = await make(`cold-${i}`);
    const { p50Ms, failed, firstFailure } = await runLoad({
      port,
      connections: 1,
      requests: [request],
      count: 1,
    });
    if (failed > 0) throw new Error(firstFailure);
    cold.push(p50Ms);
  }
  const request = await make("warm");
  const table: Record<string, unknown>[] = [
    { call: "cold start", "p50 ms": median(cold).toFixed(1), bar: `${bars.coldP50Ms} ms` },
  ];
  await runLoad({ port, connections: 1, requests: [request], count: 200 });
  for (const connections of [1, 4, 16, 64]) {
    await runLoad({ port, connections, requests: [request], count: 500 });
    const result = await runLoad({ port, connections, requests: [request], count });
    if (result.failed > 0) throw new Error(result.firstFailure);
    table.push({
      call: `warm, ${connections} at once`,
      "per second": Math.round(result.perSecond),
      "p50 ms": result.p50Ms.toFixed(2),
      "p99 ms": result.p99Ms.toFixed(2),
      bar: connections === 1 ? `${bars.warmP50Ms} ms` : `${bars.perSecond} per second`,
    });
  }
  console.table(table);
} finally {
  await server.stop();
  removeData(server);
}
