import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import type { RootCredentials } from "../bootstrap.ts";

/** Where Cloudkeep keeps its things on this machine. */

export function defaultDataDirectory(): string {
  const base = process.env.XDG_DATA_HOME || join(homedir(), ".local/share");
  return join(base, "cloudkeep");
}

export function dataDirectory(option: string | undefined): string {
  return resolve(option ?? process.env.CLOUDKEEP_DATA ?? defaultDataDirectory());
}

function configDirectory(): string {
  return join(process.env.XDG_CONFIG_HOME || join(homedir(), ".config"), "cloudkeep");
}

/** Root credentials lie outside of the data directory: a copy of the data alone opens nothing. */
export function credentialsFile(storeId: string): string {
  return join(configDirectory(), "credentials", `${storeId}.json`);
}

/** What a running Cloudkeep tells the command line. */
export interface Instance {
  pid: number;
  endpoint: string;
  region: string;
  storeId: string;
}

const instanceName = "instance.json";

export function writeInstance(directory: string, instance: Instance): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, instanceName), `${JSON.stringify(instance)}\n`, { mode: 0o600 });
}

export function removeInstance(directory: string): void {
  rmSync(join(directory, instanceName), { force: true });
}

/** The Cloudkeep that runs on a data directory. Throws a sentence for the terminal if there is none. */
export function runningInstance(directory: string): Instance & { credentials: RootCredentials } {
  const file = join(directory, instanceName);
  if (!existsSync(file))
    throw new Error(`No Cloudkeep runs on ${directory}. Start one with: npx cloudkeep start`);
  const instance = JSON.parse(readFileSync(file, "utf8")) as Instance;
  const credentials = JSON.parse(readFileSync(credentialsFile(instance.storeId), "utf8")) as RootCredentials;
  return { ...instance, credentials };
}
