import { servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import { AwsError } from "../../kit/errors.ts";
import { isRetriable, maxHops, retryDelayMs } from "../../kit/targets.ts";
import type { Route } from "./endpoints.ts";
import { busArn } from "./names.ts";
import type { Envelope } from "./transform.ts";

/** Events of a global endpoint onto the bus in its other Region, under the endpoint's role. */

const maxAttempts = 50;

interface Replication {
  event: Envelope;
  replica: Exclude<Route["replica"], undefined>;
  attempts: number;
}

export function replicateLater(event: Envelope, { bus, replica }: Route, ctx: Context): void {
  if (replica === undefined) return;
  const { account, region } = bus;
  ctx.outbox.put("replicate", { event, replica, attempts: 0 }, { account, region });
}

export const replicate = {
  async settle({ event, replica, attempts }: Replication, ctx: Context): Promise<void> {
    if (ctx.hops > maxHops) return;
    const { bus, roleArn, endpointArn } = replica;
    const by = servicePrincipal("events.amazonaws.com", {
      sourceArn: endpointArn,
      sourceAccount: bus.account,
    });
    const entry = {
      Source: event.source,
      DetailType: event["detail-type"],
      Detail: JSON.stringify(event.detail),
      Resources: event.resources,
      Time: new Date(event.time),
      EventBusName: busArn(bus),
    };
    try {
      const as = await ctx.assumeRole(roleArn, by, "GlobalEndpoint");
      const { account, region } = bus;
      await ctx.call("events", "PutEvents", { Entries: [entry] }, { as, account, region });
    } catch (error) {
      if (!(error instanceof AwsError)) throw error;
      const again = attempts + 1;
      if (isRetriable(error) && again < maxAttempts)
        ctx.outbox.put("replicate", { event, replica, attempts: again }, { delayMs: retryDelayMs(again) });
    }
  },
};
