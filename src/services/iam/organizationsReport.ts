import type { AccessDetail } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOfList } from "../../kit/paging.ts";
import type { OrganizationEntity } from "../../kit/ports.ts";
import { newestEvents, serviceOf } from "../../kit/record.ts";
import { table } from "../../kit/table.ts";
import { compileCached } from "../../policy/index.ts";
import { iam } from "./contract.ts";
import { trackedMs } from "./lastUse.ts";
import { namespacesOf } from "./namespaces.ts";
import { paged, seconds } from "./shared.ts";

/**
 * Which services the accounts of an organization may use, by its SCPs, and when they last did, by the record.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html
 */

interface JobRow {
  entityPath: string;
  policyId?: string;
  createDate: number;
}

const jobs = table<JobRow, [account: string, jobId: string]>("iam", "organizations-access-jobs");
/** Calls that one report reads, newest first. */
const maxCalls = 10_000;

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateOrganizationsAccessReport.html */
export const generateOrganizationsAccessReport = iam.operation("GenerateOrganizationsAccessReport", {
  access: ({ EntityPath, OrganizationsPolicyId }, ctx) => ({
    action: "iam:GenerateOrganizationsAccessReport",
    resource: `arn:aws:iam::${ctx.account}:access-report/${EntityPath}`,
    context: { "iam:OrganizationsPolicyId": OrganizationsPolicyId },
  }),
  handle({ EntityPath, OrganizationsPolicyId }, ctx) {
    const JobId = uuid();
    jobs.put(ctx.tx, [ctx.account, JobId], {
      entityPath: EntityPath,
      createDate: ctx.clock.now(),
      ...(OrganizationsPolicyId !== undefined && { policyId: OrganizationsPolicyId }),
    });
    return { JobId };
  },
  record: { readOnly: true },
});

class Failed extends Error {
  readonly code: string;
  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

interface Report {
  services: string[];
  /** By service: each account's last call. */
  uses: Map<string, Map<string, Use>>;
}

interface Use {
  atMs: number;
  region: string;
  path: string;
}

/** Only the management account may look at its organization. */
async function reportOf({ entityPath, policyId }: JobRow, ctx: Context): Promise<Report> {
  const organization = await ctx.organizations.of(ctx.account, ctx.tx);
  const entity = await ctx.organizations.entity(entityPath, ctx.tx);
  if (organization?.managementAccount !== ctx.account) {
    throw new Failed("ACCESS_DENIED", "The account is not the management account of an organization.");
  }
  if (entity === undefined || !entityPath.startsWith(`${organization.id}/`))
    throw new Failed("ENTITY_NOT_FOUND", `There is no entity ${entityPath} in the organization.`);
  const named = policyId && (await ctx.organizations.policyDocument(organization.id, policyId, ctx.tx));
  if (policyId !== undefined && named === undefined)
    throw new Failed("POLICY_NOT_FOUND", `There is no policy ${policyId} in the organization.`);
  const levels = named ? [[named]] : (entity.scps ?? [[allowsAll]]);
  return { services: allowedAtEvery(levels), uses: await usesIn(entity, ctx) };
}

const allowsAll = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}';

/** Services of which every level allows something. */
function allowedAtEvery(levels: readonly (readonly string[])[]): string[] {
  const sets = levels.map((documents) =>
    namespacesOf(
      documents.map((text) => compileCached(text, "scp")),
      undefined,
    ),
  );
  const [first = [], ...rest] = sets;
  return first.filter((service) => rest.every((set) => set.includes(service)));
}

async function usesIn({ accounts }: OrganizationEntity, ctx: Context): Promise<Report["uses"]> {
  const paths = new Map(accounts.map(({ account, path }) => [account, path]));
  const uses: Report["uses"] = new Map();
  const from = ctx.clock.now() - trackedMs;
  for await (const { atMs, event } of newestEvents({ from, limit: maxCalls }, ctx)) {
    const { recipientAccountId: account, awsRegion: region } = event;
    const path = paths.get(account);
    if (path === undefined) continue;
    const byAccount = uses.get(serviceOf(event)) ?? new Map<string, Use>();
    uses.set(serviceOf(event), byAccount);
    if (!byAccount.has(account)) byAccount.set(account, { atMs, region, path });
  }
  return uses;
}

function detailOf(service: string, byAccount: ReadonlyMap<string, Use> | undefined): AccessDetail {
  const [last] = [...(byAccount?.values() ?? [])].sort((a, b) => b.atMs - a.atMs);
  return {
    ServiceName: service,
    ServiceNamespace: service,
    TotalAuthenticatedEntities: byAccount?.size ?? 0,
    ...(last && {
      Region: last.region,
      EntityPath: last.path,
      LastAuthenticatedTime: seconds(last.atMs),
    }),
  };
}

type SortKey =
  | "SERVICE_NAMESPACE_ASCENDING"
  | "SERVICE_NAMESPACE_DESCENDING"
  | "LAST_AUTHENTICATED_TIME_ASCENDING"
  | "LAST_AUTHENTICATED_TIME_DESCENDING";

function sorted(details: AccessDetail[], key: SortKey): AccessDetail[] {
  const timeOf = ({ LastAuthenticatedTime }: AccessDetail) => LastAuthenticatedTime?.getTime() ?? 0;
  const ascending = key.startsWith("SERVICE")
    ? details.sort((a, b) => ((a.ServiceNamespace ?? "") < (b.ServiceNamespace ?? "") ? -1 : 1))
    : details.sort((a, b) => timeOf(a) - timeOf(b));
  return key.endsWith("DESCENDING") ? ascending.reverse() : ascending;
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetOrganizationsAccessReport.html */
export const getOrganizationsAccessReport = iam.operation("GetOrganizationsAccessReport", {
  access: () => ({ action: "iam:GetOrganizationsAccessReport", resource: "*" }),
  async handle({ JobId, SortKey = "SERVICE_NAMESPACE_ASCENDING", ...page }, ctx) {
    const job = await jobs.get(ctx.tx, ctx.account, JobId);
    if (job === undefined) throw ctx.error("NoSuchEntityException", `Job ${JobId} does not exist.`);
    const dates = {
      JobCreationDate: seconds(job.createDate),
      JobCompletionDate: seconds(job.createDate),
    };
    try {
      const { services, uses } = await reportOf(job, ctx);
      const all = sorted(
        services.map((service) => detailOf(service, uses.get(service))),
        SortKey,
      );
      const { items, truncation } = await paged(
        page,
        ctx,
        ({ limit, marker }) => pageOfList(all, limit, marker),
        (detail) => detail,
      );
      return {
        JobStatus: "COMPLETED" as const,
        ...dates,
        NumberOfServicesAccessible: services.length,
        NumberOfServicesNotAccessed: services.filter((service) => !uses.has(service)).length,
        AccessDetails: items,
        ...truncation,
      };
    } catch (error) {
      if (!(error instanceof Failed)) throw error;
      const ErrorDetails = { Code: error.code, Message: error.message };
      return { JobStatus: "FAILED" as const, ...dates, ErrorDetails };
    }
  },
});
