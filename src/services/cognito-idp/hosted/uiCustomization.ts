import type { UICustomizationType } from "@aws-sdk/client-cognito-identity-provider";
import { existingClient } from "../clients/find.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid } from "../refusals.ts";
import { checkCss, everyClient, imageTypeOf } from "./looks.ts";
import { type LooksRow, looks } from "./tables.ts";
import { pathOf } from "./visit.ts";

/** Looks of the classic pages. https://docs.aws.amazon.com/cognito/latest/developerguide/hosted-ui-classic-branding.html */

function shown(
  pool: PoolRow,
  clientId: string,
  row: LooksRow | undefined,
  endpoint: string,
): UICustomizationType {
  if (row === undefined) return { UserPoolId: pool.poolId, ClientId: clientId };
  const domain = pool.domain ?? pool.customDomain ?? "";
  const base = `${endpoint}${pathOf({ region: pool.region, domain })}`;
  return {
    UserPoolId: pool.poolId,
    ClientId: clientId,
    ...(row.image !== undefined && { ImageUrl: `${base}/logo?client_id=${clientId}` }),
    ...(row.css !== undefined && { CSS: row.css }),
    CSSVersion: new Date(row.modifiedMs).toISOString().replace(/\D/g, "").slice(0, 14),
    LastModifiedDate: new Date(row.modifiedMs),
    CreationDate: new Date(row.createdMs),
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_SetUICustomization.html */
export const setUICustomization = idp.operation("SetUICustomization", {
  access: onPool("SetUICustomization"),
  async handle({ UserPoolId, ClientId = everyClient, CSS, ImageFile }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if (pool.domain === undefined && pool.customDomain === undefined)
      throw invalid("There has to be an existing domain associated with this user pool.");
    if (ClientId !== everyClient) await existingClient(UserPoolId, ClientId, ctx);
    if (CSS !== undefined) checkCss(CSS);
    const image = ImageFile === undefined ? undefined : Buffer.from(ImageFile);
    if (image !== undefined && imageTypeOf(image) === undefined)
      throw invalid("The image file is none of PNG or JPG.");
    const now = ctx.clock.now();
    const before = await looks.get(ctx.tx, ...keyOf(pool), ClientId);
    const row: LooksRow = {
      ...(CSS !== undefined && { css: CSS }),
      // What is not said of the image leaves it as it is, as on AWS.
      ...((image ?? before?.image) !== undefined && { image: image?.toString("base64") ?? before?.image }),
      createdMs: before?.createdMs ?? now,
      modifiedMs: now,
    };
    looks.put(ctx.tx, [...keyOf(pool), ClientId], row);
    return { UICustomization: shown(pool, ClientId, row, ctx.host.endpoint()) };
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_GetUICustomization.html */
export const getUICustomization = idp.operation("GetUICustomization", {
  access: onPool("GetUICustomization"),
  async handle({ UserPoolId, ClientId = everyClient }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    if (ClientId !== everyClient) await existingClient(UserPoolId, ClientId, ctx);
    const own = await looks.get(ctx.tx, ...keyOf(pool), ClientId);
    const row = own ?? (await looks.get(ctx.tx, ...keyOf(pool), everyClient));
    return { UICustomization: shown(pool, ClientId, row, ctx.host.endpoint()) };
  },
});
