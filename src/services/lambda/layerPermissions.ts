import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { lambda } from "./contract.ts";
import { type LayerName, layerNamed, layerPolicyAccess, layerVersionArn } from "./layerNames.ts";
import { documentOf } from "./names.ts";
import { withStatement } from "./permissions.ts";
import { checkRevision, invalid, notFound } from "./refusals.ts";
import { type LayerVersionRow, layerVersions, type StatementRow, versionKey } from "./tables.ts";

/** What lets other accounts use a version of a layer. */

function principalOf(principal: string): StatementRow["Principal"] {
  if (principal === "*") return "*";
  return { AWS: /^\d{12}$/.test(principal) ? `arn:aws:iam::${principal}:root` : principal };
}

async function existing(layer: LayerName, version: number, ctx: Context): Promise<LayerVersionRow> {
  if (version < 1) throw invalid("Layer Version Cannot be less than 1");
  const { account, region, name } = layer;
  const row = await layerVersions.get(ctx.tx, account, region, name, versionKey(String(version)));
  if (row === undefined) throw notFound(`Layer version ${layerVersionArn(layer, version)} does not exist.`);
  return row;
}

function put({ account, region, name }: LayerName, row: LayerVersionRow, ctx: Context): void {
  layerVersions.put(ctx.tx, [account, region, name, versionKey(String(row.version))], row);
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_AddLayerVersionPermission.html */
export const addLayerVersionPermission = lambda.operation("AddLayerVersionPermission", {
  access: ({ LayerName, VersionNumber }, ctx) =>
    layerPolicyAccess(
      "AddLayerVersionPermission",
      { ...layerNamed(LayerName, ctx), version: VersionNumber },
      ctx,
    ),
  async handle(input, ctx) {
    const layer = layerNamed(input.LayerName, ctx);
    const row = await existing(layer, input.VersionNumber, ctx);
    if (input.RevisionId !== undefined)
      checkRevision(input.RevisionId, row.policy?.revisionId ?? "", "GetLayerPolicy");
    const statement: StatementRow = {
      Sid: input.StatementId,
      Effect: "Allow",
      Principal: principalOf(input.Principal),
      Action: input.Action,
      Resource: layerVersionArn(layer, input.VersionNumber),
      ...(input.OrganizationId !== undefined && {
        Condition: { StringEquals: { "aws:PrincipalOrgID": input.OrganizationId } },
      }),
    };
    const policy = withStatement(row.policy, statement);
    put(layer, { ...row, policy }, ctx);
    return { Statement: JSON.stringify(statement), RevisionId: policy.revisionId };
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_RemoveLayerVersionPermission.html */
export const removeLayerVersionPermission = lambda.operation("RemoveLayerVersionPermission", {
  access: ({ LayerName, VersionNumber }, ctx) =>
    layerPolicyAccess(
      "RemoveLayerVersionPermission",
      { ...layerNamed(LayerName, ctx), version: VersionNumber },
      ctx,
    ),
  async handle({ LayerName, VersionNumber, StatementId, RevisionId }, ctx) {
    const layer = layerNamed(LayerName, ctx);
    const { policy, ...row } = await existing(layer, VersionNumber, ctx);
    const statements = (policy?.statements ?? []).filter(({ Sid }) => Sid !== StatementId);
    if (RevisionId !== undefined) checkRevision(RevisionId, policy?.revisionId ?? "", "GetLayerPolicy");
    if (policy === undefined || statements.length === policy.statements.length)
      throw notFound(`Statement ${StatementId} is not found in resource policy.`);
    put(layer, statements.length === 0 ? row : { ...row, policy: { statements, revisionId: uuid() } }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetLayerVersionPolicy.html */
export const getLayerVersionPolicy = lambda.operation("GetLayerVersionPolicy", {
  access: ({ LayerName, VersionNumber }, ctx) =>
    layerPolicyAccess(
      "GetLayerVersionPolicy",
      { ...layerNamed(LayerName, ctx), version: VersionNumber },
      ctx,
    ),
  async handle({ LayerName, VersionNumber }, ctx) {
    const layer = layerNamed(LayerName, ctx);
    const { policy } = await existing(layer, VersionNumber, ctx);
    if (policy === undefined) throw notFound("No policy is associated with the given resource.");
    return { Policy: documentOf(policy), RevisionId: policy.revisionId };
  },
});
