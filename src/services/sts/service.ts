import { defineService } from "../../kit/service.ts";
import { decodeAuthorizationMessage, encodeAuthorizationMessage } from "./authorizationMessages.ts";
import { getCallerIdentity } from "./identity.ts";
import { missing } from "./missing.ts";
import { getWebIdentityToken, issuerDocument } from "./outboundTokens.ts";
import { assumeRole } from "./roles.ts";
import { assumeRoot } from "./rootSessions.ts";
import { assumeRoleWithSAML } from "./saml.ts";
import { makeTokenKey } from "./sealed.ts";
import { openSession } from "./tokens.ts";
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
    assumeRoot,
    getWebIdentityToken,
    decodeAuthorizationMessage,
  ],
  missing,
  provides: { openSession, encodeAuthorizationMessage },
  publishes: issuerDocument,
  bootstrap: ({ tx }) => makeTokenKey(tx),
});
