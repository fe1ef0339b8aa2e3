import type { BucketLoggingStatus, WebsiteConfiguration } from "@aws-sdk/client-s3";
import { onBucket } from "./access.ts";
import { withAccessLogs, withoutAccessLogs } from "./accessLogs.ts";
import { s3 } from "./contract.ts";
import { deleteDocument, readDocument, writeDocument } from "./documents.ts";
import { fail, invalidArgument, invalidRequest } from "./errors.ts";
import { findBucket, locate } from "./find.ts";
import { buckets } from "./tables.ts";

/** Smaller settings of a bucket: acceleration, who pays, logging, website. */

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketAccelerateConfiguration.html */
export const putAccelerate = s3.operation("PutBucketAccelerateConfiguration", {
  access: onBucket("PutAccelerateConfiguration"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    const { Status } = input.AccelerateConfiguration;
    if (name.includes(".")) {
      throw invalidRequest(
        "S3 Transfer Acceleration is not supported for buckets with periods (.) in their names",
      );
    }
    if (Status !== "Enabled" && Status !== "Suspended") throw fail("MalformedXML");
    writeDocument(name, "accelerate", { Status }, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketAccelerateConfiguration.html */
export const getAccelerate = s3.operation("GetBucketAccelerateConfiguration", {
  access: onBucket("GetAccelerateConfiguration"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    return (await readDocument<{ Status: "Enabled" | "Suspended" }>(name, "accelerate", ctx)) ?? {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketRequestPayment.html */
export const putRequestPayment = s3.operation("PutBucketRequestPayment", {
  access: onBucket("PutBucketRequestPayment"),
  async handle(input, ctx) {
    const { payer: _, ...bucket } = await findBucket(input, ctx);
    const { Payer } = input.RequestPaymentConfiguration;
    if (Payer !== "Requester" && Payer !== "BucketOwner") throw fail("MalformedXML");
    buckets.put(ctx.tx, [bucket.name], Payer === "Requester" ? { ...bucket, payer: Payer } : bucket);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketRequestPayment.html */
export const getRequestPayment = s3.operation("GetBucketRequestPayment", {
  access: onBucket("GetBucketRequestPayment"),
  async handle(input, ctx) {
    return { Payer: (await findBucket(input, ctx)).payer ?? ("BucketOwner" as const) };
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketLogging.html */
export const putLogging = s3.operation("PutBucketLogging", {
  access: onBucket("PutBucketLogging"),
  async handle(input, ctx) {
    const bucket = await findBucket(input, ctx);
    const { LoggingEnabled } = input.BucketLoggingStatus;
    if (LoggingEnabled === undefined) {
      deleteDocument(bucket.name, "logging", ctx);
      buckets.put(ctx.tx, [bucket.name], withoutAccessLogs(bucket, ctx));
      return {};
    }
    const { TargetBucket = "" } = LoggingEnabled;
    const target = await locate(TargetBucket, ctx);
    if (target === undefined || target.account !== bucket.account) {
      throw fail("InvalidTargetBucketForLogging", { members: { TargetBucket } });
    }
    if (target.region !== bucket.region) {
      // us-east-1 is the location that buckets do not name.
      const from = bucket.region === "us-east-1" ? {} : { SourceBucketLocation: bucket.region };
      const members = { ...from, TargetBucketLocation: target.region };
      throw fail("CrossLocationLoggingProhibitted", { members });
    }
    writeDocument(bucket.name, "logging", { LoggingEnabled }, ctx);
    buckets.put(ctx.tx, [bucket.name], withAccessLogs(bucket, LoggingEnabled, ctx));
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketLogging.html */
export const getLogging = s3.operation("GetBucketLogging", {
  access: onBucket("GetBucketLogging"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    return (await readDocument<BucketLoggingStatus>(name, "logging", ctx)) ?? {};
  },
});

function checkWebsite(website: WebsiteConfiguration): void {
  const {
    RedirectAllRequestsTo: all,
    IndexDocument: index,
    ErrorDocument: error,
    RoutingRules: rules = [],
  } = website;
  if (all !== undefined) {
    if (index !== undefined || error !== undefined || rules.length > 0) {
      throw invalidArgument(
        "RedirectAllRequestsTo cannot be provided in conjunction with other Routing Rules.",
        "RedirectAllRequestsTo",
        "not null",
      );
    }
    checkProtocol(all.Protocol);
    return;
  }
  if (index === undefined) {
    throw invalidArgument(
      "A value for IndexDocument Suffix must be provided if RedirectAllRequestsTo is empty",
      "IndexDocument",
      "null",
    );
  }
  if (!index.Suffix || index.Suffix.includes("/")) {
    throw invalidArgument("The IndexDocument Suffix is not well formed", "IndexDocument", index.Suffix ?? "");
  }
  for (const { Condition, Redirect } of rules) {
    checkProtocol(Redirect?.Protocol);
    if (Redirect?.ReplaceKeyPrefixWith !== undefined && Redirect.ReplaceKeyWith !== undefined) {
      throw invalidRequest("You can only define ReplaceKeyPrefix or ReplaceKey but not both.");
    }
    if (Condition !== undefined && Object.values(Condition).every((one) => one === undefined)) {
      throw invalidRequest(
        "Condition cannot be empty. To redirect all requests without a condition, the condition element shouldn't be present.",
      );
    }
  }
}

function checkProtocol(protocol: string | undefined): void {
  if (protocol === undefined || protocol === "http" || protocol === "https") return;
  throw invalidRequest(
    "Invalid protocol, protocol can be http or https. If not defined the protocol will be selected automatically.",
  );
}

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_PutBucketWebsite.html */
export const putWebsite = s3.operation("PutBucketWebsite", {
  access: onBucket("PutBucketWebsite"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    checkWebsite(input.WebsiteConfiguration);
    writeDocument(name, "website", input.WebsiteConfiguration, ctx);
    return {};
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetBucketWebsite.html */
export const getWebsite = s3.operation("GetBucketWebsite", {
  access: onBucket("GetBucketWebsite"),
  async handle(input, ctx) {
    const { name } = await findBucket(input, ctx);
    const website = await readDocument<WebsiteConfiguration>(name, "website", ctx);
    if (website === undefined) throw fail("NoSuchWebsiteConfiguration", { members: { BucketName: name } });
    return website;
  },
});

/** https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteBucketWebsite.html */
export const deleteWebsite = s3.operation("DeleteBucketWebsite", {
  access: onBucket("DeleteBucketWebsite"),
  async handle(input, ctx) {
    deleteDocument((await findBucket(input, ctx)).name, "website", ctx);
    return {};
  },
});
