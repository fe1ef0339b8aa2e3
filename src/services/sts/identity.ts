import { sts } from "./contract.ts";

/** Who is calling. https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html */
export const getCallerIdentity = sts.operation("GetCallerIdentity", {
  access: { noPermissionNeeded: "AWS answers every authenticated caller, even one whom a policy denies it." },
  handle(_input, { caller: { principal } }) {
    return { UserId: principal.userId, Account: principal.account, Arn: principal.arn };
  },
});
