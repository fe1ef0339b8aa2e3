import type { ServiceDefinition } from "../kit/service.ts";

/** What is known of a service before it is loaded. */
export interface ServiceEntry {
  load: () => Promise<{ default: ServiceDefinition }>;
  /** Provides part of the path (credentials, policies), so it is loaded at start; the others on first use. */
  provides?: true;
  /**
   * Documents and pages that the service shows to everybody: their path, and their host where that matters. Only
   * where it takes forms may anything be sent to it.
   */
  publishes?: { path: RegExp; host?: RegExp; takesForms?: true };
  /** Answers unsigned calls, too: they are judged as anybody's. */
  open?: true;
}

/** One line for each service: deleting the line deletes the service. */
export const services: Record<string, ServiceEntry> = {
  iam: { load: () => import("./iam/service.ts"), provides: true },
  sts: {
    load: () => import("./sts/service.ts"),
    provides: true,
    publishes: { path: /^\/\.well-known\//, host: /^[0-9a-f-]{36}\.tokens\.sts\.global\.api\.aws$/ },
  },
  organizations: { load: () => import("./organizations/service.ts"), provides: true },
  kms: { load: () => import("./kms/service.ts") },
  cloudtrail: { load: () => import("./cloudtrail/service.ts") },
  s3: { load: () => import("./s3/service.ts"), open: true },
  sqs: { load: () => import("./sqs/service.ts") },
  sns: {
    load: () => import("./sns/service.ts"),
    publishes: { path: /^\/SimpleNotificationService-[0-9a-f]{32}\.pem$/ },
  },
  events: { load: () => import("./events/service.ts") },
  scheduler: { load: () => import("./scheduler/service.ts") },
  logs: { load: () => import("./logs/service.ts") },
  cloudwatch: { load: () => import("./cloudwatch/service.ts") },
  kinesis: { load: () => import("./kinesis/service.ts") },
  firehose: { load: () => import("./firehose/service.ts") },
  signin: {
    load: () => import("./signin/service.ts"),
    // Other names are those of S3's buckets.
    publishes: { path: /^\/signin$/, host: /^(?!.+\.(?:localhost|amazonaws\.com)$)/, takesForms: true },
  },
  cloudkeep: { load: () => import("./cloudkeep/service.ts") },
};
