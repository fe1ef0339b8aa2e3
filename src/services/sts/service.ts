import { defineService } from "../../kit/service.ts";
import { getCallerIdentity } from "./identity.ts";
import { missing } from "./missing.ts";
import { assumeRole } from "./roles.ts";
import { assumeRoleWithSAML } from "./saml.ts";
import { makeTokenKey, openSession } from "./tokens.ts";
import { getAccessKeyInfo, getFederationToken, getSessionToken } from "./users.ts";
import { assumeRoleWithWebIdentity } from "./webIdentity.ts";

/** Security Token Service: temporary credentials. */
export default defineService({
  name: "sts",
  eventSource: "sts.amazonaws.com",
  operations: [
    getCallerIdentity,
    assumeRole,
    assumeRoleWithSAML,
    assumeRoleWithWebIdentity,
    getSessionToken,
    getFederationToken,
    getAccessKeyInfo,
  ],
  missing,
  provides: { openSession },
  bootstrap: ({ tx }) => makeTokenKey(tx),
});
