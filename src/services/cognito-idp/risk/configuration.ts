import { BlockList, isIP } from "node:net";
import type { RiskConfigurationType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { AwsError } from "../../../kit/errors.ts";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { type RiskRow, risks } from "./tables.ts";

/** What a pool does about dangers: passwords that everybody knows, addresses that it does not want. */

const forAll = "ALL";

export function watches({ settings }: PoolRow): boolean {
  const mode = settings.UserPoolAddOns?.AdvancedSecurityMode;
  return mode === "AUDIT" || mode === "ENFORCED";
}

export function checkWatched(pool: PoolRow): void {
  if (!watches(pool))
    throw new AwsError("UserPoolAddOnNotEnabledException", "User pool add-ons are not enabled.");
}

function shown(
  poolId: string,
  clientId: string | undefined,
  row: RiskRow | undefined,
): RiskConfigurationType {
  return {
    UserPoolId: poolId,
    ...(clientId !== undefined && { ClientId: clientId }),
    ...row?.settings,
    ...(row && { LastModifiedDate: new Date(row.modifiedMs) }),
  };
}

/** A range of addresses: "192.0.2.0/24". */
function addRange(list: BlockList, range: string): void {
  const [address = "", bits] = range.split("/");
  const family = isIP(address) === 6 ? "ipv6" : "ipv4";
  const length = Number(bits ?? (family === "ipv6" ? 128 : 32));
  if (
    isIP(address) === 0 ||
    !Number.isInteger(length) ||
    length < 0 ||
    length > (family === "ipv6" ? 128 : 32)
  )
    throw invalid(`Invalid IP range: ${range}`);
  list.addSubnet(address, length, family);
}

function isIn(ranges: readonly string[] | undefined, ip: string): boolean {
  if (ranges === undefined || isIP(ip) === 0) return false;
  const list = new BlockList();
  for (const range of ranges) addRange(list, range);
  return list.check(ip, isIP(ip) === 6 ? "ipv6" : "ipv4");
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetRiskConfiguration.html */
export const setRiskConfiguration = idp.operation("SetRiskConfiguration", {
  access: onPool("SetRiskConfiguration"),
  async handle({ UserPoolId, ClientId, ...settings }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if (ClientId !== undefined) await existingClient(UserPoolId, ClientId, ctx);
    checkWatched(pool);
    const { BlockedIPRangeList = [], SkippedIPRangeList = [] } = settings.RiskExceptionConfiguration ?? {};
    const list = new BlockList();
    for (const range of [...BlockedIPRangeList, ...SkippedIPRangeList]) addRange(list, range);
    const row: RiskRow = { settings, modifiedMs: ctx.clock.now() };
    risks.put(ctx.tx, [...keyOf(pool), ClientId ?? forAll], row);
    return { RiskConfiguration: shown(UserPoolId, ClientId, row) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeRiskConfiguration.html */
export const describeRiskConfiguration = idp.operation("DescribeRiskConfiguration", {
  access: onPool("DescribeRiskConfiguration"),
  async handle({ UserPoolId, ClientId }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    checkWatched(pool);
    if (ClientId !== undefined) await existingClient(UserPoolId, ClientId, ctx);
    const row = await risks.get(ctx.tx, ...keyOf(pool), ClientId ?? forAll);
    return { RiskConfiguration: shown(UserPoolId, ClientId, row) };
  },
});

/** The settings that hold for a client of a pool that watches; undefined where there are none. */
export async function riskSettings(
  pool: PoolRow,
  clientId: string | undefined,
  { tx }: Pick<Context, "tx">,
): Promise<RiskRow["settings"] | undefined> {
  if (!watches(pool)) return undefined;
  const own = clientId === undefined ? undefined : await risks.get(tx, ...keyOf(pool), clientId);
  return (own ?? (await risks.get(tx, ...keyOf(pool), forAll)))?.settings;
}

/** Whether a call comes from an address that the pool does not want. */
export async function isUnwanted(pool: PoolRow, clientId: string, ctx: Context): Promise<boolean> {
  if (pool.settings.UserPoolAddOns?.AdvancedSecurityMode !== "ENFORCED") return false;
  const settings = await riskSettings(pool, clientId, ctx);
  return isIn(settings?.RiskExceptionConfiguration?.BlockedIPRangeList, ctx.request.sourceIp);
}
