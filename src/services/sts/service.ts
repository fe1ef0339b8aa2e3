import { defineService, operationsIn } from "../../kit/service.ts";
import * as authorizationMessages from "./authorizationMessages.ts";
import * as delegation from "./delegation.ts";
import * as identity from "./identity.ts";
import { missing } from "./missing.ts";
import * as outboundTokens from "./outboundTokens.ts";
import * as roles from "./roles.ts";
import * as rootSessions from "./rootSessions.ts";
import * as saml from "./saml.ts";
import { makeTokenKey } from "./sealed.ts";
import { issue, openSession } from "./tokens.ts";
import * as users from "./users.ts";
import * as webIdentity from "./webIdentity.ts";

/** Security Token Service: temporary credentials. */
export default defineService({
  name: "sts",
  eventSource: "sts.amazonaws.com",
  // https://docs.aws.amazon.com/IAM/latest/UserGuide/cloudtrail-integration.html
  leavesOutSensitive: true,
  operations: [
    identity,
    roles,
    saml,
    webIdentity,
    users,
    rootSessions,
    delegation,
    outboundTokens,
    authorizationMessages,
  ].flatMap(operationsIn),
  missing,
  provides: {
    openSession,
    issueSession: issue,
    encodeAuthorizationMessage: authorizationMessages.encodeAuthorizationMessage,
  },
  lends: { webIdentities: webIdentity.webIdentities, assertions: saml.assertions },
  publishes: outboundTokens.issuerDocument,
  bootstrap: ({ tx }) => makeTokenKey(tx),
});
