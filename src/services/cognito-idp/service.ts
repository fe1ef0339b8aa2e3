import { defineService, operationsIn } from "../../kit/service.ts";
import * as initiate from "./auth/initiate.ts";
import * as refresh from "./auth/refresh.ts";
import * as respond from "./auth/respond.ts";
import * as clients from "./clients/clients.ts";
import * as secrets from "./clients/secrets.ts";
import * as devices from "./devices/devices.ts";
import * as groups from "./groups/groups.ts";
import * as members from "./groups/members.ts";
import * as branding from "./hosted/branding.ts";
import { forgetBrowserSession } from "./hosted/browserSessions.ts";
import { forgetCode } from "./hosted/codes.ts";
import * as domains from "./hosted/domains.ts";
import { endpoint } from "./hosted/endpoint.ts";
import * as identityProviders from "./hosted/identityProviders.ts";
import * as resourceServers from "./hosted/resourceServers.ts";
import { forgetArrival } from "./hosted/saml.ts";
import * as samlKeys from "./hosted/samlKeys.ts";
import * as terms from "./hosted/terms.ts";
import * as uiCustomization from "./hosted/uiCustomization.ts";
import * as jobs from "./imports/jobs.ts";
import { importUsers } from "./imports/run.ts";
import { locate } from "./locate.ts";
import * as logDelivery from "./logging/delivery.ts";
import * as preferences from "./mfa/preferences.ts";
import * as softwareToken from "./mfa/softwareToken.ts";
import { missing } from "./missing.ts";
import { openToAll } from "./open.ts";
import * as passkeys from "./passkeys/passkeys.ts";
import * as poolAttributes from "./pools/attributes.ts";
import * as mfaConfig from "./pools/mfaConfig.ts";
import * as pools from "./pools/pools.ts";
import { sweepPool } from "./pools/sweep.ts";
import * as tags from "./pools/tags.ts";
import * as riskConfiguration from "./risk/configuration.ts";
import * as riskEvents from "./risk/events.ts";
import * as feedback from "./risk/feedback.ts";
import { userPools } from "./tokens/lent.ts";
import { publishes } from "./tokens/published.ts";
import * as signOut from "./tokens/signOut.ts";
import * as adminUsers from "./users/adminUsers.ts";
import * as confirm from "./users/confirm.ts";
import { sendForgotten } from "./users/forgotten.ts";
import * as linking from "./users/linking.ts";
import * as listing from "./users/list.ts";
import * as passwordReset from "./users/passwordReset.ts";
import * as self from "./users/self.ts";
import * as signUp from "./users/signUp.ts";

/** Cognito user pools: who an app's users are, and how they prove it. */
export default defineService({
  name: "cognito-idp",
  eventSource: "cognito-idp.amazonaws.com",
  operations: [
    pools,
    poolAttributes,
    mfaConfig,
    tags,
    clients,
    secrets,
    signUp,
    confirm,
    adminUsers,
    self,
    passwordReset,
    listing,
    linking,
    groups,
    members,
    initiate,
    respond,
    refresh,
    signOut,
    preferences,
    softwareToken,
    devices,
    passkeys,
    jobs,
    riskConfiguration,
    riskEvents,
    feedback,
    logDelivery,
    domains,
    resourceServers,
    identityProviders,
    terms,
    uiCustomization,
    branding,
    samlKeys,
  ]
    .flatMap(operationsIn)
    .map(openToAll),
  missing,
  locate,
  publishes,
  lends: { userPools },
  endpoint,
  timers: { forgetArrival, forgetBrowserSession, forgetCode, forgetImport: jobs.forgetImport },
  refusesInput: (_, words) => ({ code: "InvalidParameterException", message: words }),
  deliveries: {
    sweepPool,
    sweepGroup: members.sweepGroup,
    importUsers,
    sendForgotten,
    deliverLog: logDelivery.deliverLog,
  },
});
