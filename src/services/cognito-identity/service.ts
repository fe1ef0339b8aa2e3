import { defineService, operationsIn } from "../../kit/service.ts";
import * as credentials from "./flows/credentials.ts";
import * as developerToken from "./flows/developerToken.ts";
import * as getId from "./flows/getId.ts";
import * as openIdToken from "./flows/openIdToken.ts";
import * as principalTags from "./flows/principalTags.ts";
import * as developers from "./identities/developers.ts";
import * as identities from "./identities/identities.ts";
import * as unlinking from "./identities/unlink.ts";
import { locate } from "./locate.ts";
import { missing } from "./missing.ts";
import * as pools from "./pools/pools.ts";
import * as roles from "./pools/roles.ts";
import { sweepPool } from "./pools/sweep.ts";
import * as tags from "./pools/tags.ts";
import { publishes } from "./tokens/published.ts";
import { identityPools } from "./tokens/tokens.ts";

/** Cognito identity pools: AWS credentials for an app's users, and for its guests. */
export default defineService({
  name: "cognito-identity",
  eventSource: "cognito-identity.amazonaws.com",
  operations: [
    pools,
    tags,
    roles,
    principalTags,
    identities,
    unlinking,
    developers,
    getId,
    credentials,
    openIdToken,
    developerToken,
  ].flatMap(operationsIn),
  missing,
  locate,
  publishes,
  lends: { identityPools },
  refusesInput: (_, words) => ({ code: "InvalidParameterException", message: words }),
  deliveries: { sweepPool },
});
