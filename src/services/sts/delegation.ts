import { sts } from "./contract.ts";
import { issue } from "./tokens.ts";

/**
 * Credentials of whoever approved a partner's request, within the policy that was approved.
 * https://docs.aws.amazon.com/STS/latest/APIReference/API_GetDelegatedAccessToken.html
 */
export const getDelegatedAccessToken = sts.operation("GetDelegatedAccessToken", {
  access: () => ({ action: "sts:GetDelegatedAccessToken", resource: "*" }),
  async handle({ TradeInToken }, ctx) {
    const caller = await ctx.directory.redeemDelegation(TradeInToken, ctx);
    if (caller === "expired")
      throw ctx.error("ExpiredTradeInTokenException", "The trade-in token has expired.");
    if (caller === "invalid") throw ctx.error("AccessDenied", "The trade-in token is invalid.");
    const { account, arn } = caller.principal;
    // The customer's record shows, too, that its identity was given out.
    ctx.event.sharedWith.add(account);
    return { Credentials: await issue(caller, ctx.tx), AssumedPrincipal: arn };
  },
  record: { readOnly: false },
});
