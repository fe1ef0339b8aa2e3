import type { Context } from "../../kit/context.ts";
import type { PublicDocument, PublicRequest } from "../../kit/pages.ts";
import { defineService, operationsIn } from "../../kit/service.ts";
import * as access from "./access.ts";
import * as developers from "./developers.ts";
import { locate } from "./find.ts";
import * as identities from "./identities.ts";
import { missing } from "./missing.ts";
import { openToAll } from "./open.ts";
import * as pools from "./pools.ts";
import * as principalTags from "./principalTags.ts";
import * as roles from "./roles.ts";
import * as tags from "./tags.ts";
import { identityPools, issuerDocument } from "./tokens.ts";
import * as unlink from "./unlink.ts";

async function publishes({ path }: PublicRequest, ctx: Context): Promise<PublicDocument> {
  return { contentType: "application/json", body: JSON.stringify(await issuerDocument(path, ctx.tx)) };
}

/** Cognito identity pools: AWS credentials for those who sign in elsewhere, and for visitors. */
export default defineService({
  name: "cognito-identity",
  eventSource: "cognito-identity.amazonaws.com",
  operations: [pools, tags, roles, principalTags, identities, access, developers, unlink]
    .flatMap(operationsIn)
    .map(openToAll),
  missing,
  locate,
  publishes,
  lends: { identityPools },
  refusesInput: (_, words) => ({ code: "InvalidParameterException", message: words }),
  deliveries: { sweepPool: pools.sweepPool },
});
