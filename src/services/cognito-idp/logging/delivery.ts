import type { LogConfigurationType } from "@aws-sdk/client-cognito-identity-provider";
import { servicePrincipal } from "../../../kit/caller.ts";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { eventTime } from "../../../kit/record.ts";
import { deliver, isRetriable, parseArn, retryDelayMs } from "../../../kit/targets.ts";
import { idp } from "../contract.ts";
import { existingPool, findPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { pools } from "../tables.ts";

/** Logs of a pool: messages that could not be sent, and sign-ins. https://docs.aws.amazon.com/cognito/latest/developerguide/exporting-quotas-and-usage.html */

/** Who writes logs on AWS; the log group's own policy lets it. */
const principal = "delivery.logs.amazonaws.com";
const maxAttempts = 5;

export type LogSource = "userNotification" | "userAuthEvents";

function arnOf({
  CloudWatchLogsConfiguration,
  FirehoseConfiguration,
}: LogConfigurationType): string | undefined {
  return CloudWatchLogsConfiguration?.LogGroupArn ?? FirehoseConfiguration?.StreamArn;
}

function check(configurations: readonly LogConfigurationType[]): void {
  for (const one of configurations) {
    const level = one.EventSource === "userNotification" ? "ERROR" : "INFO";
    if (one.LogLevel !== level) throw invalid(`The log level of ${one.EventSource} must be ${level}.`);
    if (one.S3Configuration !== undefined)
      throw invalid("Logs are delivered to log groups and delivery streams.");
    const service = parseArn(arnOf(one) ?? "")?.service;
    if (service !== "logs" && service !== "firehose")
      throw invalid("A log configuration must name one destination.");
  }
  if (new Set(configurations.map(({ EventSource }) => EventSource)).size < configurations.length)
    throw invalid("Only one log configuration is allowed for each event source.");
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetLogDeliveryConfiguration.html */
export const setLogDeliveryConfiguration = idp.operation("SetLogDeliveryConfiguration", {
  access: onPool("SetLogDeliveryConfiguration"),
  async handle({ UserPoolId, LogConfigurations }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    check(LogConfigurations);
    pools.put(ctx.tx, keyOf(pool), { ...pool, logs: LogConfigurations });
    return { LogDeliveryConfiguration: { UserPoolId, LogConfigurations } };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetLogDeliveryConfiguration.html */
export const getLogDeliveryConfiguration = idp.operation("GetLogDeliveryConfiguration", {
  access: onPool("GetLogDeliveryConfiguration"),
  async handle({ UserPoolId }, ctx) {
    const { logs = [] } = await existingPool(UserPoolId, ctx);
    return { LogDeliveryConfiguration: { UserPoolId, LogConfigurations: logs } };
  },
});

/** Leaves a line for the pool's log, where it has one for this. */
export function log(pool: PoolRow, source: LogSource, message: Record<string, unknown>, ctx: Context): void {
  if (!pool.logs?.some(({ EventSource }) => EventSource === source)) return;
  const isError = source === "userNotification";
  const body = JSON.stringify({
    eventTimestamp: String(ctx.clock.now()),
    eventTime: eventTime(ctx.clock.now()),
    eventSource: isError ? "USER_NOTIFICATION" : "USER_AUTH_EVENTS",
    logLevel: isError ? "ERROR" : "INFO",
    message,
    logSourceId: { userPoolId: pool.poolId },
  });
  ctx.outbox.put("deliverLog", { poolId: pool.poolId, source, body, attempts: 0 });
}

/** The same for a call that fails: in a transaction of its own, as the call's is rolled back. */
export function logFailure(pool: PoolRow, error: AwsError, ctx: Context): void {
  if (!pool.logs?.some(({ EventSource }) => EventSource === "userNotification")) return;
  const details = `${error.code}: ${error.message}`;
  ctx
    .apart(async (own) => log(pool, "userNotification", { details }, own))
    .catch((problem: unknown) => ctx.host.note("error", { err: problem }, "A line of a pool's log is lost."));
}

interface Line {
  poolId: string;
  source: LogSource;
  body: string;
  attempts: number;
}

export const deliverLog = {
  async settle(line: Line, ctx: Context): Promise<void> {
    const pool = await findPool(line.poolId, ctx);
    const configuration = pool?.logs?.find(({ EventSource }) => EventSource === line.source);
    const arn = configuration && arnOf(configuration);
    if (pool === undefined || arn === undefined) return;
    const as = servicePrincipal(principal, { sourceArn: pool.arn, sourceAccount: pool.account });
    try {
      await deliver(ctx, { arn, logStream: `cognito/${pool.poolId}/${line.source}` }, line.body, as);
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const attempts = line.attempts + 1;
      if (isRetriable(error) && attempts < maxAttempts)
        ctx.outbox.put("deliverLog", { ...line, attempts }, { delayMs: retryDelayMs(attempts) });
    }
  },
};
