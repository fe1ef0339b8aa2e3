import { type Caller, servicePrincipal } from "../../kit/caller.ts";
import type { Context } from "../../kit/context.ts";
import type { DeliveryStreamRow } from "./tables.ts";

export function deliveryStreamArn(
  { account, region }: { account: string; region: string },
  name: string,
): string {
  return `arn:aws:firehose:${region}:${account}:deliverystream/${name}`;
}

/** Firehose itself, for one delivery stream. */
export function firehoseFor({ arn, account }: Pick<DeliveryStreamRow, "arn" | "account">): Caller {
  return servicePrincipal("firehose.amazonaws.com", { sourceArn: arn, sourceAccount: account });
}

const sessionNameForm = /[^\w+=,.@-]/g;

/** A session of a role that the customer gave; AWS gives the account as external id, which its example policies ask for. */
export function asRole(
  stream: Pick<DeliveryStreamRow, "arn" | "account" | "name">,
  roleArn: string,
  ctx: Context,
): Promise<Caller> {
  const session = `firehose-${stream.name}`.replaceAll(sessionNameForm, "-").slice(0, 64);
  return ctx.assumeRole(roleArn, firehoseFor(stream), session, stream.account);
}
