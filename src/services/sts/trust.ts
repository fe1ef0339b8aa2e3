import type { Context } from "../../kit/context.ts";

/** Stands in for the trust policy of a role that does not exist, so that both are refused in the same words. */
export const trustsNobody =
  '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"nobody.amazonaws.com"},"Action":"sts:AssumeRole"}]}';

/** Refuses what is no ARN at all, before any policy is asked. */
export function checkArn(arn: string, ctx: Context): void {
  const [prefix, partition, service, , , ...resource] = arn.split(":");
  if (prefix !== "arn" || !partition || !service || !resource.join(":"))
    throw ctx.error("ValidationError", `${arn} is invalid`);
}
