import type { DomainDescriptionType } from "@aws-sdk/client-cognito-identity-provider";
import type { Context } from "../../../kit/context.ts";
import { idp } from "../contract.ts";
import { existingPool, onPool } from "../pools/find.ts";
import { keyOf, type PoolRow } from "../pools/poolRow.ts";
import { invalid, notFound } from "../refusals.ts";
import { pools } from "../tables.ts";
import { type DomainRow, domains } from "./tables.ts";

/** Domains: where the pages of a pool are. */

/** Words that no prefix may hold. https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-assign-domain-prefix.html */
const reserved = /aws|amazon|cognito/;
const maxPrefixChars = 63;
/** What AWS gives for every domain of a customer's own to point to. */
const cloudFrontSuffix = "cloudfront.net";

interface CustomGiven {
  CertificateArn?: string | undefined;
  SecurityPolicy?: string | undefined;
}

function checkPrefix(domain: string): void {
  if (domain.includes(".") || domain.length > maxPrefixChars)
    throw invalid("Domain prefix must be a single label of lower-case letters, numbers and hyphens.");
  if (reserved.test(domain)) throw invalid("Domain cannot contain reserved word: cognito, aws, amazon");
}

function checkCustom(domain: string, { CertificateArn = "" }: CustomGiven): void {
  if (!domain.includes(".")) throw invalid("Custom domain is not a valid subdomain.");
  // Certificates of custom domains are those of CloudFront, which knows one Region.
  if (!/^arn:aws:acm:us-east-1:\d{12}:certificate\/[\w-]+$/.test(CertificateArn))
    throw invalid("Invalid certificate ARN: certificates of custom domains are in us-east-1.");
}

/** The name that a custom domain is an alias of. It resolves nowhere: pages are asked for by path. */
function cloudFrontOf({ domain, certificateArn }: DomainRow): string | undefined {
  return certificateArn === undefined ? undefined : `${domain.replaceAll(".", "-")}.${cloudFrontSuffix}`;
}

function withDomain(pool: PoolRow, domain: string | undefined, isCustom: boolean): PoolRow {
  const { domain: prefix, customDomain, ...rest } = pool;
  const now = isCustom ? { prefix, custom: domain } : { prefix: domain, custom: customDomain };
  return {
    ...rest,
    ...(now.prefix !== undefined && { domain: now.prefix }),
    ...(now.custom !== undefined && { customDomain: now.custom }),
  };
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_CreateUserPoolDomain.html */
export const createUserPoolDomain = idp.operation("CreateUserPoolDomain", {
  access: onPool("CreateUserPoolDomain"),
  async handle({ UserPoolId, Domain, ManagedLoginVersion = 1, CustomDomainConfig, Routing }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const isCustom = CustomDomainConfig !== undefined;
    if (isCustom) checkCustom(Domain, CustomDomainConfig);
    else checkPrefix(Domain);
    checkVersion(ManagedLoginVersion);
    if ((isCustom ? pool.customDomain : pool.domain) !== undefined)
      throw invalid("User pool already has a domain configured.");
    if ((await domains.get(ctx.tx, ctx.region, Domain)) !== undefined)
      throw invalid("Domain already associated with another user pool.");
    const row: DomainRow = {
      domain: Domain,
      account: ctx.account,
      region: ctx.region,
      poolId: UserPoolId,
      managedLoginVersion: ManagedLoginVersion,
      createdMs: ctx.clock.now(),
      ...customOf(CustomDomainConfig),
      ...(Routing !== undefined && { routing: Routing }),
    };
    domains.put(ctx.tx, [ctx.region, Domain], row);
    pools.put(ctx.tx, keyOf(pool), withDomain(pool, Domain, isCustom));
    return answered(row);
  },
});

function customOf(config: CustomGiven | undefined): Pick<DomainRow, "certificateArn" | "securityPolicy"> {
  return {
    ...(config?.CertificateArn !== undefined && { certificateArn: config.CertificateArn }),
    ...(config?.SecurityPolicy !== undefined && { securityPolicy: config.SecurityPolicy }),
  };
}

function checkVersion(version: number): void {
  if (version !== 1 && version !== 2) throw invalid("ManagedLoginVersion must be 1 or 2.");
}

function answered(row: DomainRow) {
  const CloudFrontDomain = cloudFrontOf(row);
  return {
    ManagedLoginVersion: row.managedLoginVersion,
    ...(CloudFrontDomain !== undefined && { CloudFrontDomain }),
    ...routingOf(row),
  };
}

function routingOf({ routing }: DomainRow): Pick<DomainDescriptionType, "Routing"> {
  return routing === undefined ? {} : { Routing: routing };
}

async function existingDomain(UserPoolId: string, Domain: string, ctx: Context): Promise<DomainRow> {
  const row = await domains.get(ctx.tx, ctx.region, Domain);
  if (row === undefined || row.poolId !== UserPoolId || row.account !== ctx.account)
    throw notFound("No such domain or user pool exists.");
  return row;
}

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_UpdateUserPoolDomain.html */
export const updateUserPoolDomain = idp.operation("UpdateUserPoolDomain", {
  access: onPool("UpdateUserPoolDomain"),
  async handle({ UserPoolId, Domain, ManagedLoginVersion, CustomDomainConfig, Routing }, ctx) {
    await existingPool(UserPoolId, ctx);
    const row = await existingDomain(UserPoolId, Domain, ctx as Context);
    if (CustomDomainConfig !== undefined) {
      if (row.certificateArn === undefined) throw invalid("The domain is not a custom domain.");
      checkCustom(Domain, CustomDomainConfig);
    }
    const version = ManagedLoginVersion ?? row.managedLoginVersion;
    checkVersion(version);
    const changed: DomainRow = {
      ...row,
      managedLoginVersion: version,
      ...customOf(CustomDomainConfig),
      ...(Routing !== undefined && { routing: Routing }),
    };
    domains.put(ctx.tx, [ctx.region, Domain], changed);
    return answered(changed);
  },
});

/** https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DeleteUserPoolDomain.html */
export const deleteUserPoolDomain = idp.operation("DeleteUserPoolDomain", {
  access: onPool("DeleteUserPoolDomain"),
  async handle({ UserPoolId, Domain }, ctx) {
    const pool = await existingPool(UserPoolId, ctx);
    const row = await existingDomain(UserPoolId, Domain, ctx as Context);
    domains.delete(ctx.tx, ctx.region, Domain);
    pools.put(ctx.tx, keyOf(pool), withDomain(pool, undefined, row.certificateArn !== undefined));
    return {};
  },
});

/** A domain that is not there, or somebody else's, is described as nothing. https://docs.aws.amazon.com/cognito-user-identity-pools/latest/APIReference/API_DescribeUserPoolDomain.html */
export const describeUserPoolDomain = idp.operation("DescribeUserPoolDomain", {
  access: () => ({ action: "cognito-idp:DescribeUserPoolDomain", resource: "*" }),
  async handle({ Domain }, ctx) {
    const row = await domains.get(ctx.tx, ctx.region, Domain);
    if (row === undefined || row.account !== ctx.account) return { DomainDescription: {} };
    const CloudFrontDistribution = cloudFrontOf(row);
    return {
      DomainDescription: {
        UserPoolId: row.poolId,
        AWSAccountId: row.account,
        Domain,
        ...(CloudFrontDistribution !== undefined && { CloudFrontDistribution }),
        Version: String(row.createdMs),
        Status: "ACTIVE" as const,
        ...(row.certificateArn !== undefined && {
          CustomDomainConfig: {
            CertificateArn: row.certificateArn,
            ...(row.securityPolicy !== undefined && { SecurityPolicy: row.securityPolicy as never }),
          },
        }),
        ManagedLoginVersion: row.managedLoginVersion,
        ...routingOf(row),
      },
    };
  },
});
