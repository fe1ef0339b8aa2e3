import type {
  AnalyticsConfiguration,
  IntelligentTieringConfiguration,
  InventoryConfiguration,
  MetricsConfiguration,
} from "@aws-sdk/client-s3";
import type { Context } from "../../kit/context.ts";
import { BadMarker, pageOf } from "../../kit/paging.ts";
import { onBucket } from "./access.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, type Kind, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidArgument } from "./errors.ts";
import { type BucketInput, findBucket } from "./find.ts";
import { scheduleInventory } from "./inventory.ts";
import { configurations } from "./tables.ts";

/**
 * Configurations of which a bucket can have several, by id. Inventories are made (`inventory.ts`); the others S3 keeps,
 * and reports that nobody reads here are not made.
 */

const pageSize = 100;
const maxPerBucket = 1_000;

type Named = BucketInput & { Id: string };

async function put<Document extends { Id: string | undefined }>(
  input: Named,
  kind: Kind,
  document: Document,
  ctx: Context,
): Promise<Record<never, never>> {
  const bucket = await findBucket(input, ctx);
  if (document.Id !== input.Id) throw fail("IdMismatch");
  const there = await configurations.list(ctx.tx, [bucket.name, kind], { limit: maxPerBucket });
  if (there.length === maxPerBucket && !there.some(({ key }) => key[2] === input.Id)) {
    throw fail("InvalidRequest", {
      message: "You have attempted to create more configurations than the allowed quota.",
    });
  }
  writeDocument(bucket.name, kind, document, ctx, input.Id);
  return {};
}

async function get<Document>(input: Named, kind: Kind, ctx: Context): Promise<Document> {
  const bucket = await findBucket(input, ctx);
  const document = await readDocument<Document>(bucket.name, kind, ctx, input.Id);
  if (document === undefined) throw fail("NoSuchConfiguration");
  return document;
}

async function remove(input: Named, kind: Kind, ctx: Context): Promise<Record<never, never>> {
  await get(input, kind, ctx);
  deleteDocument(input.Bucket, kind, ctx, input.Id);
  return {};
}

async function list<Document>(
  input: BucketInput & { ContinuationToken?: string | undefined },
  kind: Kind,
  ctx: Context,
): Promise<{
  IsTruncated: boolean;
  documents: Document[];
  NextContinuationToken?: string;
  ContinuationToken?: string;
}> {
  const bucket = await findBucket(input, ctx);
  const { ContinuationToken } = input;
  try {
    const { items, next } = await pageOf(configurations, ctx.tx, [bucket.name, kind], {
      limit: pageSize,
      marker: ContinuationToken,
    });
    return {
      IsTruncated: next !== undefined,
      documents: items.map(({ document }) => document as Document),
      ...(ContinuationToken !== undefined && { ContinuationToken }),
      ...(next !== undefined && { NextContinuationToken: next }),
    };
  } catch (error) {
    if (error instanceof BadMarker)
      throw invalidArgument("The continuation token provided is incorrect", "continuation-token");
    throw error;
  }
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAnalyticsConfiguration.html */
export const putAnalytics = s3.operation("PutBucketAnalyticsConfiguration", {
  access: onBucket("PutAnalyticsConfiguration"),
  handle: (input, ctx) => put(input, "analytics", input.AnalyticsConfiguration, ctx),
  status: () => 204,
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAnalyticsConfiguration.html */
export const getAnalytics = s3.operation("GetBucketAnalyticsConfiguration", {
  access: onBucket("GetAnalyticsConfiguration"),
  handle: async (input, ctx) => ({
    AnalyticsConfiguration: await get<AnalyticsConfiguration>(input, "analytics", ctx),
  }),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketAnalyticsConfiguration.html */
export const deleteAnalytics = s3.operation("DeleteBucketAnalyticsConfiguration", {
  access: onBucket("PutAnalyticsConfiguration"),
  handle: (input, ctx) => remove(input, "analytics", ctx),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketAnalyticsConfigurations.html */
export const listAnalytics = s3.operation("ListBucketAnalyticsConfigurations", {
  access: onBucket("GetAnalyticsConfiguration"),
  async handle(input, ctx) {
    const { documents, ...page } = await list<AnalyticsConfiguration>(input, "analytics", ctx);
    return { ...page, AnalyticsConfigurationList: documents };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketIntelligentTieringConfiguration.html */
export const putTiering = s3.operation("PutBucketIntelligentTieringConfiguration", {
  access: onBucket("PutIntelligentTieringConfiguration"),
  handle: (input, ctx) => put(input, "intelligentTiering", input.IntelligentTieringConfiguration, ctx),
  status: () => 204,
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketIntelligentTieringConfiguration.html */
export const getTiering = s3.operation("GetBucketIntelligentTieringConfiguration", {
  access: onBucket("GetIntelligentTieringConfiguration"),
  handle: async (input, ctx) => ({
    IntelligentTieringConfiguration: await get<IntelligentTieringConfiguration>(
      input,
      "intelligentTiering",
      ctx,
    ),
  }),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketIntelligentTieringConfiguration.html */
export const deleteTiering = s3.operation("DeleteBucketIntelligentTieringConfiguration", {
  access: onBucket("PutIntelligentTieringConfiguration"),
  handle: (input, ctx) => remove(input, "intelligentTiering", ctx),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketIntelligentTieringConfigurations.html */
export const listTiering = s3.operation("ListBucketIntelligentTieringConfigurations", {
  access: onBucket("GetIntelligentTieringConfiguration"),
  async handle(input, ctx) {
    const { documents, ...page } = await list<IntelligentTieringConfiguration>(
      input,
      "intelligentTiering",
      ctx,
    );
    return { ...page, IntelligentTieringConfigurationList: documents };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketInventoryConfiguration.html */
export const putInventory = s3.operation("PutBucketInventoryConfiguration", {
  access: onBucket("PutInventoryConfiguration"),
  async handle(input, ctx) {
    const { Destination } = input.InventoryConfiguration;
    if (!/^arn:aws[\w-]*:s3:::./.test(Destination?.S3BucketDestination?.Bucket ?? ""))
      throw fail("InvalidS3DestinationBucket");
    const output = await put(input, "inventory", input.InventoryConfiguration, ctx);
    scheduleInventory(input.Bucket, input.InventoryConfiguration, ctx);
    return output;
  },
  status: () => 204,
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketInventoryConfiguration.html */
export const getInventory = s3.operation("GetBucketInventoryConfiguration", {
  access: onBucket("GetInventoryConfiguration"),
  handle: async (input, ctx) => ({
    InventoryConfiguration: await get<InventoryConfiguration>(input, "inventory", ctx),
  }),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketInventoryConfiguration.html */
export const deleteInventory = s3.operation("DeleteBucketInventoryConfiguration", {
  access: onBucket("PutInventoryConfiguration"),
  handle: (input, ctx) => remove(input, "inventory", ctx),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketInventoryConfigurations.html */
export const listInventory = s3.operation("ListBucketInventoryConfigurations", {
  access: onBucket("GetInventoryConfiguration"),
  async handle(input, ctx) {
    const { documents, ...page } = await list<InventoryConfiguration>(input, "inventory", ctx);
    return { ...page, InventoryConfigurationList: documents };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketMetricsConfiguration.html */
export const putMetrics = s3.operation("PutBucketMetricsConfiguration", {
  access: onBucket("PutMetricsConfiguration"),
  handle: (input, ctx) => put(input, "metrics", input.MetricsConfiguration, ctx),
  status: () => 204,
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketMetricsConfiguration.html */
export const getMetrics = s3.operation("GetBucketMetricsConfiguration", {
  access: onBucket("GetMetricsConfiguration"),
  handle: async (input, ctx) => ({
    MetricsConfiguration: await get<MetricsConfiguration>(input, "metrics", ctx),
  }),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketMetricsConfiguration.html */
export const deleteMetrics = s3.operation("DeleteBucketMetricsConfiguration", {
  access: onBucket("PutMetricsConfiguration"),
  handle: (input, ctx) => remove(input, "metrics", ctx),
});
/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListBucketMetricsConfigurations.html */
export const listMetrics = s3.operation("ListBucketMetricsConfigurations", {
  access: onBucket("GetMetricsConfiguration"),
  async handle(input, ctx) {
    const { documents, ...page } = await list<MetricsConfiguration>(input, "metrics", ctx);
    return { ...page, MetricsConfigurationList: documents };
  },
});
