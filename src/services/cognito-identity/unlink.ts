import type { Context } from "../../kit/context.ts";
import { identity } from "./contract.ts";
import { removeLogins } from "./identities.ts";
import type { Logins } from "./logins.ts";
import { invalid } from "./refusals.ts";
import { somebody } from "./who.ts";

/** https://docs.aws.amazon.com/cognitoidentity/latest/APIReference/API_UnlinkIdentity.html */
export const unlinkIdentity = identity.operation("UnlinkIdentity", {
  access: { noPermissionNeeded: "AWS leaves it unsigned: the logins prove who calls." },
  async handle({ IdentityId, Logins, LoginsToRemove }, ctx) {
    if (Object.keys(Logins).length === 0) throw invalid("Please provide the logins of the identity.");
    const { pool, row } = await somebody(IdentityId, Logins as Logins, ctx as Context);
    removeLogins(pool, row, ({ provider }) => LoginsToRemove.includes(provider), ctx as Context);
    return {};
  },
});
