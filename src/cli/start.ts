import { readFileSync } from "node:fs";
import type { Command } from "commander";
import { makeLog } from "../kit/log.ts";
import { start, version } from "../start.ts";
import { LevelStore } from "../storage/level.ts";
import { credentialsFile, dataDirectory, removeInstance, writeInstance } from "./home.ts";

interface Options {
  port: string;
  host: string;
  data?: string;
  region: string;
  accountId?: string;
  tlsCert?: string;
  tlsKey?: string;
  log: string;
}

export function addStart(program: Command): void {
  program
    .command("start", { isDefault: true })
    .description("start Cloudkeep")
    .option("--port <port>", "port; 0 takes a free one", process.env.CLOUDKEEP_PORT ?? "4566")
    .option("--host <address>", "address to listen on", "127.0.0.1")
    .option("--data <directory>", "data directory")
    .option("--region <region>", "Region of calls that name none", process.env.AWS_REGION ?? "us-east-1")
    .option("--account-id <id>", "id of the first account")
    .option("--tls-cert <file>", "serve TLS with this certificate")
    .option("--tls-key <file>", "and this private key")
    .option("--log <level>", "trace, debug, info, warn, error or silent", "info")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const directory = dataDirectory(options.data);
  if (Boolean(options.tlsCert) !== Boolean(options.tlsKey))
    throw new Error("--tls-cert and --tls-key go together.");
  const log = makeLog(options.log);
  const store = await LevelStore.open({ dir: directory });
  const cloudkeep = await start({
    store,
    host: options.host,
    port: Number(options.port),
    region: options.region,
    ...(options.accountId !== undefined && { accountId: options.accountId }),
    credentialsFile: credentialsFile(store.identity.id),
    ...(options.tlsCert &&
      options.tlsKey && { tls: { cert: readFileSync(options.tlsCert), key: readFileSync(options.tlsKey) } }),
    log,
  });
  const { endpoint, region } = cloudkeep;
  writeInstance(directory, { pid: process.pid, endpoint, region, storeId: store.identity.id });
  announce(endpoint, directory, options.data);
  const stop = async () => {
    removeInstance(directory);
    await cloudkeep.stop();
    process.exit(0);
  };
  process.once("SIGINT", stop);
  process.once("SIGTERM", stop);
}

function announce(endpoint: string, directory: string, data: string | undefined): void {
  const option = data === undefined ? "" : ` --data ${data}`;
  process.stdout.write(
    `Cloudkeep ${version} listens on ${endpoint}\n` +
      `  data         ${directory} (sealed)\n` +
      `  credentials  eval "$(npx cloudkeep env${option})"\n`,
  );
}
