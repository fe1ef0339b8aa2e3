import type { ServiceLastAccessed } from "@aws-sdk/client-iam";
import type { Context } from "../../kit/context.ts";
import { uuid } from "../../kit/ids.ts";
import { pageOfList } from "../../kit/paging.ts";
import { newestEvents, serviceOf, type TrailEvent } from "../../kit/record.ts";
import { table } from "../../kit/table.ts";
import { iam } from "./contract.ts";
import { trackedMs } from "./lastUse.ts";
import { namespacesOf } from "./namespaces.ts";
import { findSource, type PolicySource } from "./policySources.ts";
import { usesOf } from "./policyUses.ts";
import { paged, seconds } from "./shared.ts";
import { groupMembers, roles, users } from "./tables.ts";

/**
 * Which services a user, role, group or policy may use, and when it last did: permissions by its policies, uses
 * by the record of calls.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed.html
 */

interface JobRow {
  arn: string;
  granularity: "SERVICE_LEVEL" | "ACTION_LEVEL";
  createDate: number;
}

const jobs = table<JobRow, [account: string, jobId: string]>("iam", "last-accessed-jobs");
/** A user's or role's calls that one report reads, newest first. */
const maxCalls = 2_000;

interface Entity {
  kind: "user" | "role";
  name: string;
  arn: string;
  id: string;
  path: string;
}

interface Use {
  service: string;
  action: string;
  atMs: number;
  region: string;
  entity: Entity;
}

/** Users and roles that an ARN stands for: itself, a group's members, those who hold a policy. */
async function entitiesOf(arn: string, source: PolicySource | undefined, ctx: Context): Promise<Entity[]> {
  const { tx, account } = ctx;
  const named: { kind: "user" | "role"; key: string }[] = [];
  const addMembers = async (group: string) => {
    for (const { key } of await groupMembers.list(tx, [account, group]))
      named.push({ kind: "user", key: key[2] });
  };
  if (source?.kind === "group") await addMembers(source.name.toLowerCase());
  else if (source !== undefined) named.push({ kind: source.kind, key: source.name.toLowerCase() });
  else {
    for (const { kind, name } of await usesOf(arn, ctx)) {
      if (kind === "group") await addMembers(name);
      else named.push({ kind, key: name });
    }
  }
  const found = await Promise.all(named.map(({ kind, key }) => entityOf(kind, key, ctx)));
  return [...new Map(found.filter((one) => one !== undefined).map((one) => [one.arn, one])).values()];
}

async function entityOf(
  kind: "user" | "role",
  key: string,
  { tx, account }: Context,
): Promise<Entity | undefined> {
  if (kind === "user") {
    const row = await users.get(tx, account, key);
    return row && { kind, name: row.userName, arn: row.arn, id: row.userId, path: row.path };
  }
  const row = await roles.get(tx, account, key);
  return row && { kind, name: row.roleName, arn: row.arn, id: row.roleId, path: row.path };
}

/** Calls of an entity in the record, newest first; attempts count, as on AWS. */
async function usesBy(entity: Entity, ctx: Context): Promise<Use[]> {
  const uses: Use[] = [];
  const terms = [entity.kind === "user" ? `Username=${entity.name}` : `Issuer=${entity.arn}`];
  const from = ctx.clock.now() - trackedMs;
  for await (const { atMs, event } of newestEvents({ from, terms, limit: maxCalls }, ctx)) {
    if (callerOf(event, entity.kind) !== entity.arn) continue;
    // Some events have a version behind the action's name.
    const action = event.eventName.replace(/\d{8}(?:v\d)?$/, "");
    uses.push({ service: serviceOf(event), action, atMs, region: event.awsRegion, entity });
  }
  return uses;
}

/** ARN of the user, or of the role whose session it was. */
function callerOf({ userIdentity }: TrailEvent, kind: Entity["kind"]): string | undefined {
  const { arn, sessionContext } = userIdentity as {
    arn?: string;
    sessionContext?: { sessionIssuer?: { arn?: string } };
  };
  return kind === "user" ? arn : sessionContext?.sessionIssuer?.arn;
}

/** The newest use for each key. */
function newest(uses: readonly Use[], keyOf: (use: Use) => string): Map<string, Use> {
  const latest = new Map<string, Use>();
  for (const use of uses) {
    const known = latest.get(keyOf(use));
    if (known === undefined || known.atMs < use.atMs) latest.set(keyOf(use), use);
  }
  return latest;
}

const reportAccess = (action: string) => (input: { Arn: string }) => ({
  action: `iam:${action}`,
  resource: input.Arn,
});

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GenerateServiceLastAccessedDetails.html */
export const generateServiceLastAccessedDetails = iam.operation("GenerateServiceLastAccessedDetails", {
  access: reportAccess("GenerateServiceLastAccessedDetails"),
  async handle({ Arn, Granularity = "SERVICE_LEVEL" }, ctx) {
    const isPolicy = Arn.includes(":policy/");
    const exists = isPolicy
      ? (await ctx.directory.policyDocument(Arn, ctx.tx)) !== undefined
      : (await findSource(Arn, ctx)) !== undefined;
    if (!exists) throw ctx.error("NoSuchEntityException", `ARN ${Arn} does not exist.`);
    const JobId = uuid();
    jobs.put(ctx.tx, [ctx.account, JobId], {
      arn: Arn,
      granularity: Granularity,
      createDate: ctx.clock.now(),
    });
    return { JobId };
  },
  record: { readOnly: true },
});

interface Report {
  job: JobRow;
  /** Namespaces that the policies allow something of. */
  services: string[];
  uses: Use[];
  entities: Entity[];
}

async function reportOf(jobId: string, ctx: Context<"NoSuchEntityException">): Promise<Report> {
  const job = await jobs.get(ctx.tx, ctx.account, jobId);
  if (job === undefined) throw ctx.error("NoSuchEntityException", `Job ${jobId} does not exist.`);
  const source = await findSource(job.arn, ctx);
  const documents = source?.identity.map(({ policy }) => policy) ?? [];
  const document = source === undefined ? await ctx.directory.policyDocument(job.arn, ctx.tx) : undefined;
  const services = namespacesOf(documents, document);
  const entities = await entitiesOf(job.arn, source, ctx);
  const uses = (await Promise.all(entities.map((entity) => usesBy(entity, ctx)))).flat();
  return { job, services, uses, entities };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetails.html */
export const getServiceLastAccessedDetails = iam.operation("GetServiceLastAccessedDetails", {
  access: () => ({ action: "iam:GetServiceLastAccessedDetails", resource: "*" }),
  async handle({ JobId, ...page }, ctx) {
    const { job, services, uses } = await reportOf(JobId, ctx);
    const { items, truncation } = await paged(
      page,
      ctx,
      ({ limit, marker }) => pageOfList(services, limit, marker),
      (service) =>
        describe(
          service,
          uses.filter((use) => use.service === service),
          job.granularity,
        ),
    );
    return {
      JobStatus: "COMPLETED" as const,
      JobType: job.granularity,
      JobCreationDate: seconds(job.createDate),
      JobCompletionDate: seconds(job.createDate),
      ServicesLastAccessed: items,
      ...truncation,
    };
  },
});

function describe(
  service: string,
  uses: readonly Use[],
  granularity: JobRow["granularity"],
): ServiceLastAccessed {
  const [last] = newest(uses, () => service).values();
  const actions = newest(uses, ({ action }) => action);
  return {
    ServiceName: service,
    ServiceNamespace: service,
    TotalAuthenticatedEntities: new Set(uses.map(({ entity }) => entity.arn)).size,
    ...(last && {
      LastAuthenticated: seconds(last.atMs),
      LastAuthenticatedEntity: last.entity.arn,
      LastAuthenticatedRegion: last.region,
    }),
    ...(granularity === "ACTION_LEVEL" && {
      TrackedActionsLastAccessed: [...actions.values()].map((use) => ({
        ActionName: use.action,
        LastAccessedEntity: use.entity.arn,
        LastAccessedTime: seconds(use.atMs),
        LastAccessedRegion: use.region,
      })),
    }),
  };
}

/** https://docs.aws.amazon.com/IAM/latest/APIReference/API_GetServiceLastAccessedDetailsWithEntities.html */
export const getServiceLastAccessedDetailsWithEntities = iam.operation(
  "GetServiceLastAccessedDetailsWithEntities",
  {
    access: () => ({ action: "iam:GetServiceLastAccessedDetailsWithEntities", resource: "*" }),
    async handle({ JobId, ServiceNamespace, ...page }, ctx) {
      const { job, uses, entities } = await reportOf(JobId, ctx);
      const latest = newest(
        uses.filter(({ service }) => service === ServiceNamespace),
        ({ entity }) => entity.arn,
      );
      const { items, truncation } = await paged(
        page,
        ctx,
        ({ limit, marker }) => pageOfList(entities, limit, marker),
        (entity) => {
          const use = latest.get(entity.arn);
          return {
            EntityInfo: {
              Arn: entity.arn,
              Name: entity.name,
              Type: entity.kind === "user" ? ("USER" as const) : ("ROLE" as const),
              Id: entity.id,
              Path: entity.path,
            },
            ...(use && { LastAuthenticated: seconds(use.atMs) }),
          };
        },
      );
      return {
        JobStatus: "COMPLETED" as const,
        JobCreationDate: seconds(job.createDate),
        JobCompletionDate: seconds(job.createDate),
        EntityDetailsList: items,
        ...truncation,
      };
    },
  },
);
