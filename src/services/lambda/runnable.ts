import { logGroupOf } from "./configuration.ts";
import type { Resolved } from "./find.ts";
import { type FunctionName, functionArn } from "./names.ts";
import type { Runnable } from "./runtime/types.ts";

/** A version of a function, as the engine runs it. */
export function runnableOf(named: FunctionName, { row, configuration }: Resolved): Runnable {
  const { account, region, name } = named;
  return {
    key: `${row.id}/${configuration.version}/${configuration.code.bodyId}/${configuration.modifiedAt}`,
    account,
    region,
    functionName: name,
    functionArn: functionArn(named),
    version: configuration.version,
    runtime: configuration.runtime,
    handler: configuration.handler,
    memoryMb: configuration.memoryMb,
    timeoutSeconds: configuration.timeoutSeconds,
    ephemeralMb: configuration.ephemeralMb,
    roleArn: configuration.role,
    code: configuration.code,
    layers: configuration.layers,
    environment: configuration.environment ?? { variables: {} },
    logGroup: logGroupOf(configuration, name),
    logFormat: configuration.logging.format,
    applicationLogLevel: configuration.logging.applicationLevel,
    systemLogLevel: configuration.logging.systemLevel,
    reserved: row.reserved,
    provisioned: row.provisioned ?? 0,
  };
}
